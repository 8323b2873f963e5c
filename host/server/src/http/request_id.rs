//! An id for every request: in its answer, and in every log line that is written for it.

use std::future::Future;
use std::time::Instant;

use axum::http::HeaderValue;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use flowhost_exchange::exchange::Endpoint;
use flowhost_protocol::ids::RequestId;

/// Answers a request under this id, which the host made: an id from the request could have been
/// chosen by anybody.
pub(super) async fn with_request_id<E>(
    id: RequestId,
    answering: impl Future<Output = Result<Response, E>>,
) -> Result<Response, E> {
    let id = id.to_string();
    // At the error level, so that it is there whatever the log's filter is.
    let span = tracing::error_span!(
        "request",
        request.id = id,
        tenant.id = Empty,
        tenant.slug = Empty,
        flow.id = Empty,
        flow.name = Empty
    );
    let began = Instant::now();
    let mut response = answering.instrument(span.clone()).await?;
    let (status, duration_ms) =
        (response.status().as_u16(), began.elapsed().as_secs_f64() * 1000.0);
    span.in_scope(|| tracing::debug!(status, duration_ms, "a request was answered"));
    // The characters of a UUID are valid in a header.
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    Ok(response)
}

/// Names the endpoint in the request's log lines: by its ids, and by the names that people and
/// commands use.
pub(super) fn name_endpoint(endpoint: &Endpoint) {
    let span = Span::current();
    span.record("tenant.id", tracing::field::display(endpoint.scope.tenant));
    span.record("tenant.slug", endpoint.tenant.slug.as_str());
    span.record("flow.id", tracing::field::display(endpoint.scope.flow));
    span.record("flow.name", endpoint.name.as_str());
}

const REQUEST_ID_HEADER: &str = "x-request-id";
