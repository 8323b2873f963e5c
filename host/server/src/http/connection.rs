//! Serves one connection from beginning to end: TLS, HTTP/1.1 or HTTP/2, and an idle timeout.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::io::InspectReader;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use super::activity::{Activity, UnderWay};
use super::incoming::{IncomingBody, Unread};
use super::limits::ListenerLimits;
use super::lingering::Lingering;
use super::request_id::with_request_id;
use flowhost_protocol::ids::RequestId;
use flowhost_runtime::telemetry::{Listener, Metrics};

/// What the connections of one listener share.
pub(super) struct Connections {
    /// Names the listener in metrics.
    pub(super) listener: Listener,
    /// What clients may take of the listener.
    pub(super) limits: ListenerLimits,
    /// The listener's certificate; `None` for plain HTTP.
    pub(super) tls: Option<TlsAcceptor>,
    /// The HTTP/1.1 and HTTP/2 server with its limits.
    pub(super) http: auto::Builder<TokioExecutor>,
    /// Answers requests.
    pub(super) router: Router,
    /// Counts connections and requests.
    pub(super) metrics: Arc<Metrics>,
    /// The open connections, by number.
    pub(super) open: Mutex<HashMap<u64, Arc<Activity>>>,
    /// Cancelled when the host is about to stop: a connection serves the request that it has or
    /// gets next, and then no more.
    pub(super) draining: CancellationToken,
    /// Cancelled when the listener is about to stop: requests under way are finished, and no new
    /// ones begin.
    pub(super) stop: CancellationToken,
}

impl Connections {
    /// Serves a connection to its end, and then gives its permit back.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        number: u64,
        permit: OwnedSemaphorePermit,
    ) {
        let activity = Activity::new(self.limits.head_timeout, self.limits.idle_timeout);
        let _counted = Open::new(self.clone(), number, activity.clone(), permit);
        let Some(tls) = &self.tls else { return self.serve_http(stream, peer, activity).await };
        let handshake = tokio::select! {
            handshake = timeout(self.limits.handshake_timeout, tls.accept(stream)) => handshake,
            () = self.stop.cancelled() => return,
            () = activity.must_make_room() => return,
        };
        match handshake {
            Ok(Ok(stream)) => {
                activity.restart();
                self.serve_http(stream, peer, activity).await;
            }
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    /// Asks the connections that have been idle for the longest to close. It asks one in a hundred
    /// at once, since looking at all of them takes time.
    pub(super) fn make_room(&self) {
        let open = self.open();
        let mut idle: Vec<_> =
            open.values().filter_map(|activity| Some((activity.idle_since()?, activity))).collect();
        let some = idle.len().div_ceil(100);
        if let Some(last) = some.checked_sub(1) {
            idle.select_nth_unstable_by_key(last, |(since, _)| *since);
            idle[..some].iter().for_each(|(_, activity)| activity.make_room());
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve_http(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        activity: Arc<Activity>,
    ) {
        let watched = activity.clone();
        let stream = InspectReader::new(stream, move |bytes: &[u8]| {
            if !bytes.is_empty() {
                watched.received()
            }
        });
        let stream = Lingering::new(stream, activity.clone(), self.limits.max_unread_bytes);
        let (this, working) = (self.clone(), activity.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (activity, under_way) = (working.clone(), working.begin(request.version()));
            this.clone().answer(request, peer, activity, under_way)
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.over(&activity) => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    // A client that neither closes the connection nor sends a whole request is not
                    // waited for.
                    () = async { sleep(CLOSE_TIME).await; activity.idle_for_too_long().await } => Ok(()),
                    () = async { activity.must_make_room().await; sleep(ROOM_TIME).await; activity.idle_for_too_long().await } => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection broke");
        }
    }

    /// Resolves when the connection should end.
    async fn over(&self, activity: &Activity) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = activity.idle_for_too_long() => {}
            () = activity.must_make_room() => {}
            // An HTTP/1 connection learns of it in its next answer. Closing it before could lose a
            // request that was just sent.
            () = async { tokio::join!(self.draining.cancelled(), activity.speaks_http2()); } => {}
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
        peer: SocketAddr,
        activity: Arc<Activity>,
        under_way: UnderWay,
    ) -> Result<Response, Infallible> {
        let (began, version) = (Instant::now(), request.version());
        let (mut request, unread) = self.taken_in(request);
        let id = RequestId::new();
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(id);
        let mut response = with_request_id(id, self.routed(request)).await?;
        if self.listener == Listener::Public {
            self.metrics.answered(response.status().as_u16(), began.elapsed());
        }
        // HTTP/2 resets only the stream of a body that nobody read, and it tells the client by
        // itself that a connection is about to end.
        if version != Version::HTTP_2 {
            let drained = unread.drain().await;
            if !drained {
                activity.leave_body();
            }
            if !drained || self.draining.is_cancelled() {
                response.headers_mut().insert(header::CONNECTION, CLOSE);
            }
        }
        Ok(held(response, under_way))
    }

    async fn routed(&self, request: Request) -> Result<Response, Infallible> {
        if names_its_host(&request) {
            return self.router.clone().call(request).await;
        }
        Ok((StatusCode::BAD_REQUEST, ONE_HOST).into_response())
    }

    fn taken_in(&self, request: hyper::Request<Incoming>) -> (Request, Unread<Incoming>) {
        let (parts, body) = request.into_parts();
        let (body, unread) =
            IncomingBody::new(body, &self.limits, parts.headers.contains_key(header::EXPECT));
        (Request::from_parts(parts, Body::new(body)), unread)
    }
}

/// RFC 9112 section 3.2: proxies could take a request without a host, or with two, for a different
/// one than this host answers.
fn names_its_host(request: &Request) -> bool {
    request.version() != Version::HTTP_11
        || request.headers().get_all(header::HOST).iter().count() == 1
}

/// An answer of known length counts as sent: a client that doesn't read it has until the connection
/// is idle for too long. A streamed answer keeps its request under way to its end.
fn held(response: Response, under_way: UnderWay) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _until_the_end = &under_way;
            frame
        }))
    })
}

/// An open connection, for the limit and the metrics.
struct Open {
    connections: Arc<Connections>,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

impl Open {
    fn new(
        connections: Arc<Connections>,
        number: u64,
        activity: Arc<Activity>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        connections.metrics.connection_opened(connections.listener);
        connections.open().insert(number, activity);
        Self { connections, number, _permit: permit }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.open().remove(&self.number);
        self.connections.metrics.connection_closed(self.connections.listener);
    }
}

const ONE_HOST: &str = "A request of HTTP/1.1 names its host in one Host header.\n";

/// Says that no further request is read on this connection.
const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// For the last bytes of a connection that ends.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// The same while other clients wait for a permit: shorter, because half a head is not worth
/// waiting for.
const ROOM_TIME: Duration = Duration::from_millis(50);
