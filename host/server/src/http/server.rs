//! A listener: accepts connections up to its limit, and stops without losing a request.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::connection::Connections;
use super::limits::{ListenerLimits, http_builder};
use super::tls::{Certificate, TlsError, TlsFiles};
use flowhost_runtime::telemetry::{Listener, Metrics};

/// The parts of a listener.
pub struct ServerOptions {
    /// Names the listener in metrics and logs.
    pub listener: Listener,
    /// Where it listens; port 0 picks a free one.
    pub address: SocketAddr,
    /// The certificate; without one the listener speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// What a client may take of it.
    pub limits: ListenerLimits,
    /// Answers requests. It finds the peer's address as the extension `ConnectInfo<SocketAddr>`.
    pub router: Router,
    /// Counts connections and requests.
    pub metrics: Arc<Metrics>,
}

/// A listener that is being served. Dropped without [`Server::stop`], it ends at once, together
/// with the requests under way.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    draining: CancellationToken,
    stop: CancellationToken,
    tasks: TaskTracker,
    _end: DropGuard,
}

/// Why a listener can't be served.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is not available.
    #[error("can't listen on {0}: `{switch}` names another address", switch = switch_of(*.1))]
    Listen(SocketAddr, Listener, #[source] io::Error),
    /// The certificate can't be used.
    #[error("can't serve TLS")]
    Tls(#[from] TlsError),
}

/// What names a listener's address on the command line.
fn switch_of(listener: Listener) -> &'static str {
    match listener {
        Listener::Admin => "--admin-listen",
        Listener::Public => "--listen",
    }
}

impl Server {
    /// Listens. Connections are accepted once it returns.
    pub async fn start(options: ServerOptions) -> Result<Self, ServerError> {
        let ServerOptions { listener, address, tls, limits, router, metrics } = options;
        let certificate = tls.map(Certificate::load).transpose()?;
        let acceptor = certificate.as_ref().map(Certificate::acceptor).transpose()?;
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let refused = |error| ServerError::Listen(address, listener, error);
        let socket = TcpListener::bind(address).await.map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        let end = CancellationToken::new();
        let (draining, stop, tasks) =
            (CancellationToken::new(), end.child_token(), TaskTracker::new());
        if let Some(certificate) = certificate {
            tokio::spawn(stop.clone().run_until_cancelled_owned(certificate.follow()));
        }
        let connections = Connections {
            listener,
            limits,
            tls: acceptor,
            http: http_builder(),
            router,
            metrics,
            open: Mutex::default(),
            draining: draining.clone(),
            stop: stop.clone(),
        };
        let permits = Arc::new(Semaphore::new(limits.max_connections));
        let accepting = Accepting {
            socket,
            connections: Arc::new(connections),
            permits,
            warned: None,
            tasks: tasks.clone(),
        };
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting.run(end.clone())));
        Ok(Self { address, scheme, draining, stop, tasks, _end: end.drop_guard() })
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The bound address, with the actual port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Keeps serving, but asks each client to leave: its next answer says that the connection ends.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// Stops accepting, closes idle connections, and waits for the requests under way.
    pub async fn stop(&self) {
        self.drain();
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Accepts connections.
struct Accepting {
    socket: TcpListener,
    connections: Arc<Connections>,
    permits: Arc<Semaphore>,
    warned: Option<Instant>,
    tasks: TaskTracker,
}

impl Accepting {
    /// Never returns. Connections end with `end` at the latest.
    async fn run(mut self, end: CancellationToken) {
        for number in 0.. {
            let permit = self.permit().await;
            let (stream, peer) = self.accept().await;
            let served = self.connections.clone().serve(stream, peer, number, permit);
            self.tasks.spawn(end.clone().run_until_cancelled_owned(served));
        }
    }

    /// Waits for a permit for one more connection. Idle connections make room, because a health
    /// check must get through however many connections others hold.
    async fn permit(&mut self) -> OwnedSemaphorePermit {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return permit;
        }
        self.connections.metrics.connection_limit_reached(self.connections.listener);
        if self.warned.is_none_or(|last| last.elapsed() > WARNING_INTERVAL) {
            self.warned = Some(Instant::now());
            let (listener, limit) =
                (self.connections.listener.as_str(), self.connections.limits.max_connections);
            tracing::warn!(
                listener,
                limit,
                "as many connections as there may be; idle ones make room for new ones, which wait for it"
            );
        }
        loop {
            self.connections.make_room();
            if let Ok(permit) = timeout(ROOM_INTERVAL, self.permits.clone().acquire_owned()).await {
                return permit.expect("the semaphore is never closed");
            }
        }
    }

    async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    // The head and body of an answer must not wait for the peer's delayed
                    // acknowledgement: 44 ms, as measured.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "TCP_NODELAY can't be set");
                    }
                    return (stream, peer);
                }
                Err(error) if is_peer_abort(&error) => {}
                Err(error) => {
                    tracing::error!(%error, listener = self.connections.listener.as_str(), "no connection can be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Whether the client was gone before its connection was accepted.
fn is_peer_abort(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Usually the process has as many files open as it may, and it takes a moment until some are
/// closed.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// No connection was idle, but one may be by then.
const ROOM_INTERVAL: Duration = Duration::from_millis(100);

/// A listener at its limit reaches it again with every connection that ends.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_taken_is_told_with_its_switch() {
        for (listener, switch) in
            [(Listener::Public, "`--listen`"), (Listener::Admin, "`--admin-listen`")]
        {
            let taken = io::ErrorKind::AddrInUse.into();
            let told =
                ServerError::Listen(([0, 0, 0, 0], 8080).into(), listener, taken).to_string();
            assert!(
                told.starts_with("can't listen on 0.0.0.0:8080: ") && told.contains(switch),
                "{told}"
            );
        }
    }
}
