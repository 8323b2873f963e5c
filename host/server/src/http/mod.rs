//! HTTP, and nothing but: routes, extractors, statuses.

mod activity;
mod admin;
mod body;
mod body_memory;
mod connection;
mod console;
mod data_endpoint;
mod error;
mod failures;
mod following;
mod health;
mod incoming;
mod limits;
mod lingering;
mod metrics;
mod own_endpoints;
mod problem;
mod request_id;
mod server;
mod strays;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::task::TaskTracker;

pub use self::admin::{FailedAttempts, admin_router};
pub use self::body_memory::BodyMemory;
pub use self::console::Console;
pub use self::data_endpoint::public_router;
pub use self::health::{Readiness, ReadyCheck};
pub use self::limits::{HttpLimits, ListenerLimits};
pub use self::own_endpoints::OwnEndpoints;
pub use self::server::{Server, ServerError, ServerOptions};
pub use self::tls::{TlsError, TlsFiles};

use crate::admin::Admin;
use crate::unanswered::Unanswered;
use flowhost_exchange::exchange::Exchanges;
use flowhost_runtime::telemetry::Metrics;

/// The state of the public listener.
#[derive(Clone)]
pub struct PublicState {
    /// Answers WhatsApp's requests.
    pub exchanges: Arc<Exchanges>,
    /// Counts requests that got no reply.
    pub(crate) unanswered: Arc<Unanswered>,
    /// Turns under way. The host waits for them when it stops, even if their clients hung up.
    pub turns: TaskTracker,
    /// The memory for request bodies.
    pub(crate) body_memory: BodyMemory,
}

/// The state of the admin listener.
#[derive(Clone)]
pub struct AdminState {
    /// The operations.
    pub admin: Arc<Admin>,
    /// Limits and logs attempts with invalid tokens, by their source.
    pub(crate) failed_attempts: Arc<FailedAttempts>,
    /// Whether this host can serve.
    pub ready: Arc<dyn ReadyCheck>,
    /// Set when the host is about to stop.
    pub stopping: Arc<Stopping>,
    /// What this host counts.
    pub metrics: Arc<Metrics>,
    /// To whom the console is served.
    pub console: Console,
    /// The data endpoints of this host, for the console's phones.
    pub endpoints: Arc<OwnEndpoints>,
}

/// Tells load balancers that this host is about to stop.
#[derive(Debug, Default)]
pub struct Stopping(AtomicBool);

impl Stopping {
    /// Makes the host not ready from now on.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the host is about to stop.
    pub fn begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
