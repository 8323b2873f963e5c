//! `GET /metrics`, for Prometheus. It needs no token.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};

use super::AdminState;
use flowhost_runtime::telemetry::METRICS_MEDIA_TYPE;

/// Everything that this host counts. The text has megabytes where there are many flows, so it is
/// written off the async threads.
pub(super) async fn metrics(
    State(state): State<AdminState>,
) -> Result<([(HeaderName, &'static str); 1], String), StatusCode> {
    let text = tokio::task::spawn_blocking(move || state.metrics.to_text()).await;
    text.map(|text| ([(header::CONTENT_TYPE, METRICS_MEDIA_TYPE)], text))
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
