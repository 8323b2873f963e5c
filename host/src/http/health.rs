//! `GET /healthz` and `/readyz`, for whatever watches over the process. No token.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::timeout;

use super::AdminState;

/// Tells whether the host can serve.
pub trait ReadyCheck: Send + Sync {
    /// Whether what serving depends on answers.
    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;
}

/// The process lives.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The host can serve: it is not about to stop, and its database answers.
pub(super) async fn readyz(State(state): State<AdminState>) -> (StatusCode, &'static str) {
    if state.stopping.begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match timeout(READY_TIME, state.ready.ready()).await {
        Ok(true) => (StatusCode::OK, "ready\n"),
        Ok(false) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database doesn't answer\n"),
    }
}

/// A check that takes longer is as good as failed.
const READY_TIME: Duration = Duration::from_secs(2);
