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
    /// Fails, with words for whoever asked, unless what serving depends on is there.
    fn ready(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>>;
}

/// The process lives.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The host can serve: it is not about to stop, and a turn would find the database as it needs it.
pub(super) async fn readyz(State(state): State<AdminState>) -> (StatusCode, String) {
    if state.stopping.begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    let in_time = timeout(READY_TIME, state.ready.ready()).await;
    match in_time.unwrap_or_else(|_| Err("the database doesn't answer".to_owned())) {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

/// A check that takes longer is as good as failed.
const READY_TIME: Duration = Duration::from_secs(2);
