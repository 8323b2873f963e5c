//! One connection from its beginning to its end: TLS, HTTP/1.1 or HTTP/2, and no longer than it may be idle.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
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
use super::body::timed;
use super::limits::ListenerLimits;
use super::request_id::with_request_id;
use crate::telemetry::{Listener, Metrics};

/// What the connections of one listener share.
pub(super) struct Connections {
    /// The listener.
    pub(super) listener: Listener,
    /// Its limits.
    pub(super) limits: ListenerLimits,
    /// Its certificate, if it has one.
    pub(super) tls: Option<TlsAcceptor>,
    /// Speaks HTTP.
    pub(super) http: auto::Builder<TokioExecutor>,
    /// Answers.
    pub(super) router: Router,
    /// Counts.
    pub(super) metrics: Arc<Metrics>,
    /// Set when the listener is about to stop: what is under way is finished, and nothing new begun.
    pub(super) stop: CancellationToken,
}

impl Connections {
    /// Serves a connection until its end; `place` is given back then.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let _counted = Open::new(&self, place);
        let Some(tls) = &self.tls else { return self.serve_http(stream, peer).await };
        let handshake = timeout(self.limits.handshake_timeout, tls.accept(stream));
        match self.stop.run_until_cancelled(handshake).await {
            Some(Ok(Ok(stream))) => self.serve_http(stream, peer).await,
            Some(Ok(Err(error))) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
            Some(Err(_)) => tracing::debug!(%peer, "a TLS handshake took too long"),
            None => {}
        }
    }

    async fn serve_http(self: &Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: SocketAddr) {
        let activity = Activity::new(self.limits.head_timeout, self.limits.idle_timeout);
        let watched = activity.clone();
        let stream = InspectReader::new(stream, move |bytes: &[u8]| {
            if !bytes.is_empty() {
                watched.received()
            }
        });
        let (this, working) = (self.clone(), activity.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let under_way = working.begin(request.version());
            this.clone().answer(request, peer, under_way)
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.over(&activity) => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    // Who neither goes nor sends a whole request is not waited for.
                    () = async { sleep(CLOSE_TIME).await; activity.idle_for_too_long().await } => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection broke");
        }
    }

    /// Ends when the connection should.
    async fn over(&self, activity: &Activity) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = activity.idle_for_too_long() => {}
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
        peer: SocketAddr,
        under_way: UnderWay,
    ) -> Result<Response, Infallible> {
        let began = Instant::now();
        let mut request: Request = request.map(|body| timed(body, &self.limits));
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = with_request_id(self.router.clone().call(request)).await?;
        if self.listener == Listener::Public {
            self.metrics.answered(response.status().as_u16(), began.elapsed());
        }
        Ok(held(response, under_way))
    }
}

/// An answer that is there as a whole is as good as sent: a client that doesn't read it has until the connection is idle for too long.
/// One that is made while it is sent is under way until its end.
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

/// A connection that counts.
struct Open {
    metrics: Arc<Metrics>,
    listener: Listener,
    _place: OwnedSemaphorePermit,
}

impl Open {
    fn new(connections: &Connections, place: OwnedSemaphorePermit) -> Self {
        let (metrics, listener) = (connections.metrics.clone(), connections.listener);
        metrics.connection_opened(listener);
        Self { metrics, listener, _place: place }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.metrics.connection_closed(self.listener);
    }
}

/// For the last bytes of a connection that has been idle for too long.
const CLOSE_TIME: Duration = Duration::from_secs(1);
