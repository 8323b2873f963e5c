//! The HTTP edge: TLS, limits on what a client may take, request ids, metrics.

mod bodies;
mod early;
mod http2;
mod limits;
mod metrics;
mod proxies;
mod rate_limit;
mod refusals;
mod request_ids;
mod stopping;
mod strays;
mod tls;
mod unknown;
