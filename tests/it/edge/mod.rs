//! The HTTP edge: TLS, limits on what a client may take, request ids, metrics.

mod http2;
mod limits;
mod metrics;
mod rate_limit;
mod refusals;
mod request_ids;
mod strays;
mod tls;
mod unknown;
