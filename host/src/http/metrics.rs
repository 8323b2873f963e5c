//! `GET /metrics`, for Prometheus. No token.

use axum::extract::State;
use axum::http::{HeaderName, header};

use super::AdminState;
use crate::telemetry::METRICS_MEDIA_TYPE;

/// Everything that this host counts.
pub(super) async fn metrics(State(state): State<AdminState>) -> ([(HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, METRICS_MEDIA_TYPE)], state.metrics.to_text())
}
