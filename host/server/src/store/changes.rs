//! Notifications of changes. They may get lost, so hosts also look for changes themselves.

use std::time::{Duration, Instant};

use sqlx::Executor;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::StoreError;
use flowhost_protocol::ids::TenantId;

/// A stream of tenants that this host or another one changed.
pub struct Changes {
    listener: PgListener,
    heard_at: Instant,
}

impl Changes {
    /// Listens on a connection of its own.
    pub(super) async fn listen(options: PgConnectOptions) -> Result<Self, StoreError> {
        let one = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(options);
        let listening = timeout(LISTEN_TIME, async {
            let mut listener = PgListener::connect_with(&one).await?;
            // After a loss the listener starts again, and then loads what changed meanwhile.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok::<_, StoreError>(listener)
        });
        let listener = listening.await.map_err(|_| StoreError::NoConnection)??;
        Ok(Self { listener, heard_at: Instant::now() })
    }

    /// Waits for the next changed tenant. `None` if something above tenants changed, so that any
    /// tenant may be affected.
    ///
    /// # Errors
    /// The connection was lost, even without a sign of it.
    pub async fn next(&mut self) -> Result<Option<TenantId>, StoreError> {
        if self.heard_at.elapsed() > TRUSTED_SILENCE {
            let answered = timeout(ANSWER_TIME, (&mut self.listener).execute("select 1")).await;
            answered.map_err(|_| StoreError::NoConnection)??;
            self.heard_at = Instant::now();
        }
        let notification = self.listener.try_recv().await?.ok_or(StoreError::NoConnection)?;
        self.heard_at = Instant::now();
        Ok(notification.payload().parse().ok())
    }
}

/// The channel that carries the ids of changed tenants.
pub(super) const CHANNEL: &str = "flowhost_tenants";

/// A database that takes longer than this to accept a connection counts as down.
const LISTEN_TIME: Duration = Duration::from_secs(5);

/// Without changes there are no notifications, so after this long the connection is checked.
const TRUSTED_SILENCE: Duration = Duration::from_secs(10);

/// Below the time between two looks for changes, which interrupt the wait for a notification.
const ANSWER_TIME: Duration = Duration::from_millis(500);
