//! `GET /healthz` and `/readyz`, for load balancers and supervisors. They need no token.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::timeout;

use super::AdminState;

/// Tells whether the host can serve.
pub trait ReadyCheck: Send + Sync {
    /// Checks what serving depends on.
    fn ready(&self) -> Pin<Box<dyn Future<Output = Readiness> + Send + '_>>;
}

/// Whether a host can serve, with a line for the answer's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not ready, with the reason.
    No(String),
    /// Ready, with details.
    Yes(String),
}

impl Readiness {
    /// Not ready, because the database doesn't answer.
    pub(crate) fn no_database() -> Self {
        Self::No("the database doesn't answer".to_owned())
    }
}

/// Says that the process is running.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Says whether the host can serve: it is not about to stop, a turn would find the database as it
/// needs it, and the host hears of changes.
pub(super) async fn readyz(State(state): State<AdminState>) -> (StatusCode, String) {
    if state.stopping.begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    match timeout(READY_TIME, state.ready.ready())
        .await
        .unwrap_or_else(|_| Readiness::no_database())
    {
        Readiness::Yes(more) => (StatusCode::OK, more + "\n"),
        Readiness::No(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
    }
}

/// A check that takes longer counts as failed. It may meet a lost connection, and then starts
/// again.
const READY_TIME: Duration = Duration::from_secs(3);
