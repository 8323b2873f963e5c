//! A proxy in front of the test database that goes silent as a firewall does that forgets its connections: they stay open, and nothing
//! passes any more.

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

/// A running proxy; it ends when dropped, and its connections with it.
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
    /// Those before this one.
    first_heard: usize,
    /// Whether the server still hears them.
    one_way: bool,
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
        let silence = watch::Sender::default();
        let accepting = tokio::spawn(accept(listener, server, silence.subscribe()));
        Self { folder, options: options.clone(), silence, accepting }
    }

    /// How to connect through it, for another process.
    pub fn url(&self) -> String {
        let (user, name) = (self.options.get_username(), self.options.get_database().expect("a database has a name"));
        format!("postgres://{user}@localhost/{name}?host={}&sslmode=disable", self.folder.path().display())
    }

    /// How to connect through it.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone().socket(self.folder.path())
    }

    /// From now on nothing passes on the connections that are there; new ones are not affected.
    pub fn silence(&self) {
        self.silence.send_replace(Silence { first_heard: CONNECTIONS.load(Ordering::SeqCst), one_way: false });
    }

    /// From now on the server hears what is said on the connections that are there, and its answers are lost; new ones are not affected.
    pub fn lose_answers(&self) {
        self.silence.send_replace(Silence { first_heard: CONNECTIONS.load(Ordering::SeqCst), one_way: true });
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

/// Passes both ways until the connection is to be silent; then holds both ends, until their keepalive would tell them.
async fn pass(mut client: UnixStream, server: PathBuf, number: usize, mut silence: watch::Receiver<Silence>) {
    let Ok(mut server) = UnixStream::connect(server).await else { return };
    let silent = tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        silent = silence.wait_for(|silence| number < silence.first_heard) => silent.map(|silence| *silence),
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

/// Above what any test waits for a host that was not told anything.
const KEEPALIVE: Duration = Duration::from_secs(25);
