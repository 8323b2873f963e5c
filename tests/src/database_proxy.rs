//! A proxy in front of the test database that goes silent as a firewall does that forgets its connections: they stay open, and nothing
//! passes any more.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running proxy; it ends when dropped, and its connections with it.
#[derive(Debug)]
pub struct DatabaseProxy {
    folder: TempDir,
    options: PgConnectOptions,
    /// Connections before this one are silent.
    first_heard: watch::Sender<usize>,
    accepting: JoinHandle<()>,
}

/// How many connections there were.
static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

impl DatabaseProxy {
    /// A proxy in front of this database.
    pub fn before(options: &PgConnectOptions) -> Self {
        let folder = tempfile::tempdir_in("/tmp").expect("a folder can be made in /tmp");
        let name = format!(".s.PGSQL.{}", options.get_port());
        let listener = UnixListener::bind(folder.path().join(&name)).expect("a socket can be made");
        let server = options.get_socket().expect("the test server listens on a socket").join(&name);
        let first_heard = watch::Sender::new(0);
        let accepting = tokio::spawn(accept(listener, server, first_heard.subscribe()));
        Self { folder, options: options.clone(), first_heard, accepting }
    }

    /// How to connect through it.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone().socket(self.folder.path())
    }

    /// From now on nothing passes on the connections that are there; new ones are not affected.
    pub fn silence(&self) {
        self.first_heard.send_replace(CONNECTIONS.load(Ordering::SeqCst));
    }
}

impl Drop for DatabaseProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: UnixListener, server: PathBuf, first_heard: watch::Receiver<usize>) {
    while let Ok((client, _)) = listener.accept().await {
        let number = CONNECTIONS.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(pass(client, server.clone(), number, first_heard.clone()));
    }
}

/// Passes both ways until the connection is to be silent; then holds both ends until the client is gone with the test.
async fn pass(mut client: UnixStream, server: PathBuf, number: usize, mut first_heard: watch::Receiver<usize>) {
    let Ok(mut server) = UnixStream::connect(server).await else { return };
    let silent = tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        silent = first_heard.wait_for(|first| number < *first) => silent.is_ok(),
    };
    if silent {
        std::future::pending::<()>().await;
    }
}
