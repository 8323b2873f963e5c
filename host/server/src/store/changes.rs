//! Notifications of what was changed. They may get lost: hosts compare revisions besides.

use std::time::{Duration, Instant};

use sqlx::Executor;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::timeout;

use super::StoreError;
use flowhost_protocol::ids::TenantId;

/// A stream of tenants that were changed, by this host or another.
pub struct Changes {
    listener: PgListener,
    heard_at: Instant,
}

impl Changes {
    /// Listens on a connection of its own.
    pub(super) async fn listen(options: PgConnectOptions) -> Result<Self, StoreError> {
        let one = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None).connect_lazy_with(options);
        let listening = timeout(LISTEN_TIME, async {
            let mut listener = PgListener::connect_with(&one).await?;
            // Whoever listens begins anew after a loss, with what happened meanwhile.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok::<_, StoreError>(listener)
        });
        let listener = listening.await.map_err(|_| StoreError::NoConnection)??;
        Ok(Self { listener, heard_at: Instant::now() })
    }

    /// The next tenant that was changed; none if which is not known, since something above tenants changed. Fails where the connection was
    /// lost, in silence too.
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

/// A database that takes longer than this to let somebody in is not there.
const LISTEN_TIME: Duration = Duration::from_secs(5);

/// Where nothing changes there is nothing to hear; after this long it is asked whether anybody is there.
const TRUSTED_SILENCE: Duration = Duration::from_secs(10);

/// Below the time between two comparisons of revisions, which cut waiting for a change short.
const ANSWER_TIME: Duration = Duration::from_millis(500);
