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
    /// Whether what serving depends on is there.
    fn ready(&self) -> Pin<Box<dyn Future<Output = Readiness> + Send + '_>>;
}

/// Whether a host can serve, and a line that says more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can't, for that reason.
    No(String),
    /// It can.
    Yes(String),
}

impl Readiness {
    /// It can't: its database is silent.
    pub fn no_database() -> Self {
        Self::No("the database doesn't answer".to_owned())
    }
}

/// The process lives.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The host can serve: it is not about to stop, a turn would find the database as it needs it, and it hears of changes.
pub(super) async fn readyz(State(state): State<AdminState>) -> (StatusCode, String) {
    if state.stopping.begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    match timeout(READY_TIME, state.ready.ready()).await.unwrap_or_else(|_| Readiness::no_database()) {
        Readiness::Yes(more) => (StatusCode::OK, more + "\n"),
        Readiness::No(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
    }
}

/// A check that takes longer is as good as failed. It may meet with a connection that was lost, and begins again then.
const READY_TIME: Duration = Duration::from_secs(3);
