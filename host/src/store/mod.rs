//! All SQL, one file per table group. Nothing here knows HTTP or plugins; sealed values go in and out sealed.
//!
//! Every function on tenants' data takes the tenant first.

mod app_secrets;
mod error;
mod flows;
mod history;
mod keys;
mod sessions;
mod tenants;
mod versions;

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Postgres, Transaction};

use crate::ids::TenantId;

pub use app_secrets::{StoredAppSecret, list_app_secrets, replace_app_secret};
pub use error::StoreError;
pub use flows::{StoredFlow, delete_flow, find_flow, insert_flow, list_flows, set_activation, update_flow};
pub use history::{
    CommittedExchange, ListedSession, StoredClientError, find_listed_session, insert_client_error, list_client_errors,
    list_exchanges, list_sessions,
};
pub use keys::{NewKey, StoredKey, delete_key, insert_key, list_keys, retire_active_keys};
pub use sessions::{
    Answered, Commit, ExchangeRow, Found, NewSession, SessionStatus, StoredSession, find_session, find_turn, insert_session,
    update_session,
};
pub use tenants::{
    NewTenant, StoredTenant, destroy_tenant, find_tenant, find_tenant_by_id, insert_tenant, list_revisions, list_tenants,
    update_tenant,
};
pub use versions::{StoredVersion, find_component, find_version, insert_version, list_versions};

/// The migrations of `migrations/`, embedded.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// The database: a pool of connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
}

impl Store {
    /// Connects; fails if the database doesn't answer within 5 s.
    pub async fn connect(options: PgConnectOptions) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A round trip for every statement is too much, and a connection that was just in use needs no test.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| Box::pin(test_if_idle(connection, meta.idle_for)))
            .connect_with(options)
            .await?;
        Ok(Self { pool })
    }

    /// Applies the migrations that the database lacks; gives their names in the order they were applied.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let pending = self.pending_migrations().await?;
        MIGRATOR.run(&self.pool).await.map_err(StoreError::Migrate)?;
        Ok(pending)
    }

    /// The names of the migrations that the database lacks.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        let known: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(&self.pool).await?;
        let applied: Vec<i64> = match known {
            true => sqlx::query_scalar("select version from _sqlx_migrations where success").fetch_all(&self.pool).await?,
            false => Vec::new(),
        };
        let missing = MIGRATOR.iter().filter(|one| one.migration_type.is_up_migration() && !applied.contains(&one.version));
        Ok(missing.map(|one| format!("{}_{}", one.version, one.description.replace(' ', "_"))).collect())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Begins a change of one tenant: changes of one tenant happen one after another. Gives none if there is no such tenant.
    pub async fn begin_change(&self, tenant: TenantId) -> Result<Option<Change>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let locked = sqlx::query("update tenants set revision = revision + 1 where tenant_id = $1")
            .bind(tenant.0)
            .execute(&mut *transaction)
            .await?;
        Ok((locked.rows_affected() == 1).then_some(Change { transaction, tenant }))
    }

    /// Listens to the changes that all hosts make.
    pub async fn listen(&self) -> Result<Changes, StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Changes(listener))
    }

    /// Waits for connections in use, then closes all.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Tests a connection that was idle for a while; tells the pool that it may be used.
async fn test_if_idle(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > TRUSTED_IDLE {
        connection.ping().await?;
    }
    Ok(true)
}

/// A change of one tenant's data, all or nothing. Dropped, it changes nothing.
pub struct Change {
    transaction: Transaction<'static, Postgres>,
    tenant: TenantId,
}

impl Change {
    /// The tenant that is being changed.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Makes the change permanent and tells every host.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(self.tenant.to_string()).execute(&mut *self.transaction).await?;
        self.transaction.commit().await?;
        Ok(())
    }
}

/// A stream of tenants that were changed, by this host or another.
pub struct Changes(PgListener);

impl Changes {
    /// The next tenant that was changed; none if what changed is not known, since the connection was lost for a while.
    pub async fn next(&mut self) -> Result<Option<TenantId>, StoreError> {
        let notification = self.0.try_recv().await?;
        Ok(notification.and_then(|notification| notification.payload().parse().ok()))
    }
}

/// One turn takes two short statements, so few connections serve many turns; Postgres allows 100 to all hosts by default.
const MAX_CONNECTIONS: u32 = 20;

/// A turn that gets no connection for this long has failed: Meta gives up after 10 s.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that was idle for longer is tested before it is used: the database may have gone away meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// The channel that carries the ids of changed tenants.
const CHANNEL: &str = "flowhost_tenants";
