//! `flowhost serve` in a process of its own, as it runs in production.

use std::sync::Arc;

use flowhost_protocol::crypto::MasterKey;
use flowhost_server::config::AdminToken;
use tempfile::TempDir;

use crate::cluster::TestDatabase;
use crate::process::{HostProcess, flowhost};

/// A process, and what it was started with.
pub struct Served {
    /// The running process.
    pub host: HostProcess,
    shared: Arc<Shared>,
    _folder: TempDir,
}

/// What the processes on one database share.
struct Shared {
    database: TestDatabase,
    key: String,
    token: AdminToken,
}

impl Served {
    /// A process with these arguments, on a fresh database.
    pub async fn start(arguments: &[&str]) -> Self {
        let (key, token) = (MasterKey::generate().to_base64().to_string(), AdminToken::generate());
        Self::launch(
            Arc::new(Shared { database: TestDatabase::migrated().await, key, token }),
            arguments,
        )
        .await
    }

    /// Another process on the same database.
    pub async fn second(&self, arguments: &[&str]) -> Self {
        Self::launch(self.shared.clone(), arguments).await
    }

    async fn launch(shared: Arc<Shared>, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut command = flowhost(&["serve"]);
        command.args(arguments).env("DATABASE_URL", shared.database.url());
        command
            .env("FLOWHOST_MASTER_KEY", &shared.key)
            .env("FLOWHOST_ADMIN_TOKEN", shared.token.expose());
        let host = HostProcess::serving(command, folder.path(), shared.token.expose()).await;
        Self { host, shared, _folder: folder }
    }
}
