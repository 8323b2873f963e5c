//! What a client may take of a listener: connections, time and headers.

use std::time::Duration;

use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;

/// The limits of both listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// For the data endpoints.
    pub public: ListenerLimits,
    /// For the admin API.
    pub admin: ListenerLimits,
}

/// The limits of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Connections at the same time. At the limit no further one is accepted; the kernel keeps a
    /// short queue of new ones.
    pub max_connections: usize,
    /// From the connection to the end of the TLS handshake.
    pub(crate) handshake_timeout: Duration,
    /// From the connection, or from the first byte of a later head, to the end of a request's head.
    pub head_timeout: Duration,
    /// From a request's head to the end of its body.
    pub body_timeout: Duration,
    /// From one part of a body to the next.
    pub body_idle_timeout: Duration,
    /// How long a connection stays open without a request.
    pub idle_timeout: Duration,
    /// How much is read and dropped of what a client still sends after its answer, so that it gets
    /// to read the answer.
    pub(crate) max_unread_bytes: u64,
}

impl Default for HttpLimits {
    fn default() -> Self {
        let public = ListenerLimits {
            // At about 50 KiB for an idle TLS connection: 500 MiB.
            max_connections: 10_000,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(10),
            // Meta's client waits 10 s for the whole exchange.
            body_timeout: Duration::from_secs(10),
            body_idle_timeout: Duration::from_secs(5),
            // Above the 60 s for which load balancers keep a connection. If this side closed first,
            // a request that is just being sent would be lost.
            idle_timeout: Duration::from_secs(75),
            max_unread_bytes: 16 << 20,
        };
        // A component of 64 MiB takes 107 s at 5 Mbit/s.
        let admin = ListenerLimits {
            max_connections: 1_000,
            body_timeout: Duration::from_secs(120),
            body_idle_timeout: Duration::from_secs(15),
            // A client whose component is somewhat too large gets to read its answer; one that
            // sends without end doesn't.
            max_unread_bytes: 64 << 20,
            ..public
        };
        Self { public, admin }
    }
}

/// HTTP/1.1 and HTTP/2 with limits on what one connection may take. [`ListenerLimits`] has the time
/// limits, which are enforced elsewhere.
pub(super) fn http_builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD_BYTES).header_read_timeout(None);
    builder
        .http2()
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_ERROR_RESETS)
        .max_frame_size(MAX_FRAME_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    builder
}

/// Past it: 431. WhatsApp's requests have 1 to 2 KiB; proxies add to that.
const MAX_HEAD_BYTES: usize = 32 << 10;

/// Past it: 431.
const MAX_HEADERS: usize = 100;

/// RFC 9113 section 6.5.2 advises against fewer.
const MAX_STREAMS: u32 = 100;

/// Streams that were reset before the server processed them (CVE-2023-44487). Past it the
/// connection is ended.
const MAX_PENDING_RESETS: usize = 20;

/// Streams that this side reset for errors of the peer (CVE-2025-8671). Past it the connection is
/// ended.
const MAX_ERROR_RESETS: usize = 100;

/// The smallest that HTTP/2 allows.
const MAX_FRAME_BYTES: u32 = 16 << 10;

/// How much a peer may send of one body, and of all bodies of a connection, before they are read.
/// Multiplied by `max_connections` this must fit into memory; a request of WhatsApp's has a few
/// KiB.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 128 << 10;
