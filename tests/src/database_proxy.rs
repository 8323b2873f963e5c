//! A proxy in front of the test database that can go silent like a firewall that forgets its
//! connections: they stay open, but nothing passes any more.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::io::{copy, copy_bidirectional};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::cluster::database_url;

/// A running proxy. It and its connections end when it is dropped.
#[derive(Debug)]
pub struct DatabaseProxy {
    folder: TempDir,
    options: PgConnectOptions,
    silence: watch::Sender<Silence>,
    accepting: JoinHandle<()>,
}

/// Which connections are silent, and how.
#[derive(Clone, Copy, Debug, Default)]
struct Silence {
    /// The number of the first connection that still passes data.
    first_heard: usize,
    /// Whether the server still receives data.
    one_way: bool,
}

/// The number of connections so far.
static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

impl DatabaseProxy {
    /// A proxy in front of this database.
    pub fn before(options: &PgConnectOptions) -> Self {
        let folder = tempfile::tempdir_in("/tmp").expect("a folder can be made in /tmp");
        let name = format!(".s.PGSQL.{}", options.get_port());
        let listener = UnixListener::bind(folder.path().join(&name)).expect("a socket can be made");
        let server = options.get_socket().expect("the test server listens on a socket").join(&name);
        let silence = watch::Sender::default();
        let accepting = tokio::spawn(accept(listener, server, silence.subscribe()));
        Self { folder, options: options.clone(), silence, accepting }
    }

    /// The URL to connect through it, for another process.
    pub fn url(&self) -> String {
        database_url(&self.options())
    }

    /// Options to connect through it.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone().socket(self.folder.path())
    }

    /// Stops all data on the existing connections. New ones are not affected.
    pub fn silence(&self) {
        self.silence.send_replace(Silence {
            first_heard: CONNECTIONS.load(Ordering::SeqCst),
            one_way: false,
        });
    }

    /// Drops the server's answers on the existing connections; the server still receives what is
    /// sent. New connections are not affected.
    pub fn lose_answers(&self) {
        self.silence.send_replace(Silence {
            first_heard: CONNECTIONS.load(Ordering::SeqCst),
            one_way: true,
        });
    }
}

impl Drop for DatabaseProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: UnixListener, server: PathBuf, silence: watch::Receiver<Silence>) {
    while let Ok((client, _)) = listener.accept().await {
        let number = CONNECTIONS.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(pass(client, server.clone(), number, silence.clone()));
    }
}

/// Passes data both ways until the connection is to be silent. Then it holds both ends open until
/// their keepalive would notice.
async fn pass(
    mut client: UnixStream,
    server: PathBuf,
    number: usize,
    mut silence: watch::Receiver<Silence>,
) {
    let Ok(mut server) = UnixStream::connect(server).await else { return };
    let silent = tokio::select! {
        // Asked first: what the other branch has read when it is dropped reaches nobody.
        biased;
        silent = silence.wait_for(|silence| number < silence.first_heard) => silent.map(|silence| *silence),
        _ = copy_bidirectional(&mut client, &mut server) => return,
    };
    let Ok(Silence { one_way, .. }) = silent else { return };
    let _ = timeout(KEEPALIVE, async {
        if one_way {
            let _ = copy(&mut client, &mut server).await;
        }
        std::future::pending::<()>().await;
    })
    .await;
}

/// Longer than any test waits for a host that is not notified.
const KEEPALIVE: Duration = Duration::from_secs(25);
