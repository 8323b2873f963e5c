//! The world outside the host, as far as plugins reach it: names that resolve as a test wants, and
//! a server behind them that answers as the path says.
//!
//! `/echo` returns the request; `/redirect/STATUS` redirects to the header `x-to`; `/large/BYTES`
//! announces and sends so many bytes, `/endless` announces nothing and never ends; `/drip` sends a
//! byte from time to time; `/silent` sends nothing; `/cookie` sets a cookie; `/close` ends the
//! connection after its answer; `/heads` sends many headers; `/file/NAME` sends the test's file.
//! All others are 404.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flowhost_server::config::EgressConfig;
use flowhost_server::egress::{Addresses, Guard, Resolve};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// Servers on this machine, with names. They end when dropped.
#[derive(Debug)]
pub struct Outside {
    world: Arc<World>,
    certificate: String,
    /// The server that speaks TLS.
    pub secure: SocketAddr,
    /// The server that speaks plain HTTP.
    pub plain: SocketAddr,
    /// A server that no request may reach: the guard has no exception for it.
    pub forbidden: SocketAddr,
    serving: Vec<JoinHandle<()>>,
}

/// A request as a server received it.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The number of its connection.
    pub connection: u64,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Visit {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
struct World {
    names: Mutex<HashMap<String, VecDeque<Vec<SocketAddr>>>>,
    visits: Mutex<Vec<Visit>>,
    files: Mutex<HashMap<String, Vec<u8>>>,
    connections: AtomicU64,
    open: Mutex<HashSet<u64>>,
    forbidden_visits: AtomicU64,
}

impl Outside {
    /// Servers under the names of `NAMES`. Other names don't resolve.
    pub async fn start() -> Self {
        let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("a certificate can be made");
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .expect("key and certificate fit");
        let (secure, plain, forbidden) = (listen().await, listen().await, listen().await);
        let [secure_at, plain_at, forbidden_at] = [&secure, &plain, &forbidden]
            .map(|listener| listener.local_addr().expect("it is bound"));
        let world = Arc::new(World::default());
        let serving = vec![
            tokio::spawn(serve(secure, world.clone(), Some(TlsAcceptor::from(Arc::new(tls))))),
            tokio::spawn(serve(plain, world.clone(), None)),
            tokio::spawn(count(forbidden, world.clone())),
        ];
        let outside = Self {
            world,
            certificate: cert.pem(),
            secure: secure_at,
            plain: plain_at,
            forbidden: forbidden_at,
            serving,
        };
        NAMES.iter().for_each(|name| outside.name(name, &[&[secure_at]]));
        outside.name("plain.example.com", &[&[plain_at]]);
        outside
    }

    /// A configuration that makes a host reach only these servers: the guard is the real one, with
    /// two addresses excepted.
    pub fn egress(&self) -> EgressConfig {
        EgressConfig {
            names: Arc::new(Names(self.world.clone())),
            guard: Guard { exceptions: vec![self.secure, self.plain], ..Guard::default() },
            extra_roots: vec![self.certificate.clone()],
            ..EgressConfig::default()
        }
    }

    /// Lets the name resolve to the first of these answers, then to the next, and in the end always
    /// to the last.
    pub fn name(&self, name: &str, answers: &[&[SocketAddr]]) {
        let answers = answers.iter().map(|answer| answer.to_vec()).collect();
        lock(&self.world.names).insert(name.to_owned(), answers);
    }

    /// Puts a file at `/file/NAME`.
    pub fn put_file(&self, name: &str, bytes: Vec<u8>) {
        lock(&self.world.files).insert(name.to_owned(), bytes);
    }

    /// The requests that the servers have received.
    pub fn visits(&self) -> Vec<Visit> {
        lock(&self.world.visits).clone()
    }

    /// Whether a connection is open.
    pub fn is_open(&self, connection: u64) -> bool {
        lock(&self.world.open).contains(&connection)
    }

    /// The number of connections to the forbidden server.
    pub fn forbidden_visits(&self) -> u64 {
        self.world.forbidden_visits.load(Ordering::Relaxed)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

struct Names(Arc<World>);

impl Resolve for Names {
    fn resolve(&self, name: &str) -> Addresses {
        let mut names = lock(&self.0.names);
        let answer = names.get_mut(name).and_then(|answers| {
            if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
        });
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port is free")
}

async fn count(listener: TcpListener, world: Arc<World>) {
    while listener.accept().await.is_ok() {
        world.forbidden_visits.fetch_add(1, Ordering::Relaxed);
    }
}

async fn serve(listener: TcpListener, world: Arc<World>, tls: Option<TlsAcceptor>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (world, tls) = (world.clone(), tls.clone());
        tokio::spawn(async move {
            let number = world.connections.fetch_add(1, Ordering::Relaxed);
            lock(&world.open).insert(number);
            // A client that hangs up ends the conversation, which is what some tests are about.
            let _ = match tls {
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => converse(stream, &world, number).await,
                    Err(error) => Err(error),
                },
                None => converse(stream, &world, number).await,
            };
            lock(&world.open).remove(&number);
        });
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    world: &World,
    connection: u64,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(visit) = read(&mut stream, connection).await? {
        lock(&world.visits).push(visit.clone());
        answer(&mut stream, world, &visit).await?;
        if visit.path == "/close" {
            return stream.shutdown().await;
        }
    }
    Ok(())
}

async fn read(
    stream: &mut (impl AsyncBufReadExt + Unpin),
    connection: u64,
) -> io::Result<Option<Visit>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut visit = Visit { connection, method, path, headers: Vec::new(), body: String::new() };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        visit.headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length =
        visit.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    visit.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(visit))
}

async fn answer(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    world: &World,
    visit: &Visit,
) -> io::Result<()> {
    let (path, argument) = match visit.path.trim_start_matches('/').split_once('/') {
        Some((path, argument)) => (path, argument),
        None => (visit.path.trim_start_matches('/'), ""),
    };
    match path {
        "echo" => {
            let heard = json!({"method": visit.method, "path": visit.path, "headers": visit.headers, "body": visit.body});
            send(stream, "200 OK", "", heard.to_string().as_bytes()).await
        }
        "redirect" => {
            let location = format!("location: {}\r\n", visit.header("x-to").unwrap_or_default());
            send(stream, &format!("{argument} Elsewhere"), &location, b"").await
        }
        "large" => {
            send(stream, "200 OK", "", &vec![b'x'; argument.parse().unwrap_or_default()]).await
        }
        "cookie" => {
            send(stream, "200 OK", "set-cookie: session=recognisable; Path=/\r\n", b"").await
        }
        "close" => send(stream, "200 OK", "connection: close\r\n", b"ok").await,
        "heads" => {
            send(stream, "200 OK", &format!("x-much: {}\r\n", "y".repeat(8_000)).repeat(20), b"")
                .await
        }
        "endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
            loop {
                stream.write_all(piece.as_bytes()).await?;
            }
        }
        "drip" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await?;
            loop {
                stream.write_all(b"x").await?;
                stream.flush().await?;
                sleep(Duration::from_millis(10)).await;
            }
        }
        // Waits until the client hangs up.
        "silent" => stream.read_u8().await.map(drop),
        "file" => {
            let file = lock(&world.files).get(argument).cloned();
            match file {
                Some(file) => send(stream, "200 OK", "", &file).await,
                None => send(stream, "404 Not Found", "", b"").await,
            }
        }
        _ => send(stream, "404 Not Found", "", b"").await,
    }
}

async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    status: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.flush().await
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names that resolve to the server with TLS, which has a certificate for them. A test can change
/// that.
const NAMES: [&str; 6] = [
    "api.example.com",
    "mixed.example.com",
    "mmg.whatsapp.net",
    "other.example.com",
    "rebinding.example.com",
    "ungranted.example.com",
];
