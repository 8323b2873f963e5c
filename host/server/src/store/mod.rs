//! All SQL, one file per table group. Nothing here uses HTTP or plugins; sealed values go in and
//! out sealed.
//!
//! Every function on tenants' data takes the tenant first and works in a transaction that names the
//! tenant. Row-level security hides all other tenants' rows, so a query without its `where` finds
//! none of them. Turns of several tenants may share a statement, which then names these tenants.

mod api_tokens;
mod app_secrets;
mod audit;
mod changes;
mod connection;
mod error;
mod feed;
mod flow_config;
mod flow_json;
mod flows;
mod graph;
mod grouping;
mod history;
mod keys;
mod migrations;
mod notices;
mod overview;
mod partners;
mod plugin_logs;
mod pool;
mod retention;
mod reveals;
mod sessions;
mod tenants;
mod turn_groups;
mod unanswered;
mod values;
mod versions;

use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{Execute, Executor, Postgres};

use self::changes::CHANNEL;
use self::connection::{Connection, Patience, Transaction, tells_of_a_loss};
use self::error::is_locked;
use self::grouping::Grouping;
use self::pool::Pool;
use self::turn_groups::{Commits, Finds};
use flowhost_protocol::ids::TenantId;
use flowhost_runtime::telemetry::{BudgetSeries, GroupSeries, Metrics};

pub use api_tokens::{
    Door, NewToken, StoredApiToken, TokenEnd, TokenScope, UsedToken, api_token_holds,
    delete_api_token, delete_old_console_tokens, find_api_token, find_api_token_of,
    insert_api_token, list_api_tokens, list_api_tokens_of, use_api_token,
};
pub use app_secrets::{StoredAppSecret, list_app_secrets, put_app_secret};
pub use audit::{Actor, AuditEntry, AuditRecord, Reach, Subject, list_audit_entries};
pub use changes::Changes;
pub use error::StoreError;
pub use feed::{
    Feed, FeedExchange, FeedFigures, FeedPlace, FeedReach, read_feed, read_feed_figures,
};
pub use flow_config::{
    StoredConfigValue, delete_config_value, list_changing_config_values, list_config_values,
    put_config_value,
};
pub use flow_json::{
    StoredFlowJson, delete_flow_json, find_flow_json, flow_json_size, put_flow_json,
};
pub use flows::{
    ActiveVersion, StoredFlow, delete_flow, find_changing_flow, find_flow, insert_flow, list_flows,
    set_activation, update_flow,
};
pub use graph::{
    StoredPhoneNumber, UploadClaim, UploadFinding, UploadStatus, claim_due_checks, claim_uploads,
    count_key_uploads, delete_graph_access, find_access_token, list_phone_numbers,
    note_changed_keys, put_graph_access, record_upload,
};
pub use history::{
    CommittedExchange, ListedSession, delete_session, find_listed_session, list_client_errors,
    list_exchanges, list_kept_replies, list_sessions,
};
pub use keys::{
    NewKey, StoredKey, clear_key_report, count_working_keys, delete_key, find_key_by_fingerprint,
    insert_key, list_keys, report_key_error, retire_active_keys,
};
pub use migrations::{MIGRATOR, migrate, pending_migrations};
pub use notices::{FlowNotice, list_flow_notices};
pub use overview::{MAX_COUNTED, TenantState, look_over_tenants, search_tenants};
pub use partners::{
    StoredPartner, delete_partner, find_partner, find_partner_by_id, insert_partner, list_partners,
    update_partner,
};
pub use plugin_logs::{
    LogReach, MAX_LINES, StoredLogLine, append_log_lines, last_log_number, list_log_lines,
};
pub use retention::{PurgeCame, Purged, keep_months, purge_next};
pub use reveals::{is_revealed, record_reveal};
pub use tenants::{
    ChangePoint, ChangedTenants, NewTenant, StoredTenant, TenantFields, delete_tenant,
    find_changing_tenant, find_tenant, find_tenant_by_id, insert_tenant, list_changed,
    list_tenants, set_sealed_data_key, update_tenant,
};
pub use unanswered::{
    Forgotten, StoredUnanswered, UnansweredCount, UnansweredKey, UnansweredRow, add_unanswered,
    count_unanswered, forget_unanswered, list_unanswered,
};
pub use values::{
    KeyFingerprint, Put, StoredValue, ValueToPut, delete_flow_value, find_flow_value,
    list_flow_keys, put_flow_value,
};
pub use versions::{
    StoredVersion, delete_version, find_changing_version, find_component, find_newest_version,
    find_version, find_version_flow_json, has_component, insert_version, list_active_components,
    list_versions, put_version_flow_json, set_version_note,
};

/// The database: a pool of connections, with a limit on every wait.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
    finds: Arc<Grouping<Finds>>,
    commits: Arc<Grouping<Commits>>,
}

/// The metrics of a store. Those of `default()` are not shown.
#[derive(Clone, Debug, Default)]
pub struct StoreSeries {
    connections: BudgetSeries,
    finds: GroupSeries,
    commits: GroupSeries,
}

impl StoreSeries {
    /// A host's series.
    pub fn of(metrics: &Metrics) -> Self {
        Self {
            connections: metrics.budget("database-connections"),
            finds: metrics.group("find-turns"),
            commits: metrics.group("commit-turns"),
        }
    }
}

impl Store {
    /// A store with at most `connections` connections besides the one that listens. Tenants share
    /// them, and `series` counts them.
    ///
    /// # Errors
    /// The database cannot be reached or is not fit for use; see [`Store::check`].
    pub async fn connect(
        options: PgConnectOptions,
        connections: u32,
        series: StoreSeries,
    ) -> Result<Self, StoreError> {
        let pool = Pool::new(options, connections, series.connections);
        let most = turn_groups::most_groups(connections);
        let store = Self {
            finds: Grouping::new(Finds(pool.clone()), most, series.finds),
            commits: Grouping::new(Commits(pool.clone()), most, series.commits),
            pool,
        };
        store.check().await?;
        Ok(store)
    }

    /// The most connections at a time.
    pub fn connections(&self) -> u32 {
        self.pool.size()
    }

    /// Checks what a turn needs: a server that accepts writes, row-level security in force, and
    /// tables that are not locked. If the connection is lost, the check is repeated on another one,
    /// as a turn would be.
    pub async fn check(&self) -> Result<(), StoreError> {
        match self.check_once().await {
            Err(StoreError::Database(error)) if tells_of_a_loss(&error) => self.check_once().await,
            checked => checked,
        }
    }

    async fn check_once(&self) -> Result<(), StoreError> {
        let mut transaction =
            Transaction::begin(self.pool.acquire(None, Patience::CHECK).await?, "").await?;
        let sound = pool::read_check(&transaction.fetch_one(pool::SOUND).await?);
        if sound.is_err() {
            transaction.distrust();
        }
        sound?;
        let locked = transaction
            .execute("lock table tenants, sessions, exchanges in row exclusive mode")
            .await;
        locked
            .map_err(|error| if is_locked(&error) { StoreError::Locked } else { error.into() })?;
        Ok(())
    }

    /// Begins a change of one tenant. Changes of one tenant run one after another. Returns `None`
    /// if there is no such tenant.
    pub(crate) async fn begin_change(
        &self,
        tenant: TenantId,
    ) -> Result<Option<Change>, StoreError> {
        let mut transaction = self.patiently_of(tenant).await?;
        let locked = sqlx::query("update tenants set revision = revision + 1 where tenant_id = $1")
            .bind(tenant.0)
            .execute(&mut *transaction)
            .await?;
        Ok((locked.rows_affected() == 1).then_some(Change { transaction, tenant }))
    }

    /// Begins a change above tenants.
    pub(crate) async fn begin_access_change(&self) -> Result<AccessChange, StoreError> {
        Ok(AccessChange { transaction: self.patiently_across_tenants().await? })
    }

    /// A transaction that sees only this tenant's rows.
    async fn of(&self, tenant: TenantId) -> Result<Transaction, StoreError> {
        self.begin(Patience::TURN, &about(tenant)).await
    }

    /// Like [`Store::of`], with one of the connections that this tenant may have at once: for what
    /// takes longer than a lookup, and anybody who may look can ask for again and again.
    async fn within_share_of(&self, tenant: TenantId) -> Result<Transaction, StoreError> {
        let connection = self.pool.acquire(Some(tenant), Patience::TURN).await?;
        Transaction::begin(connection, &about(tenant)).await
    }

    /// Like [`Store::of`], with longer limits.
    async fn patiently_of(&self, tenant: TenantId) -> Result<Transaction, StoreError> {
        self.begin(Patience::CHANGE, &about(tenant)).await
    }

    /// A transaction that sees all tenants and their phone numbers, but nothing else that belongs
    /// to a tenant.
    async fn across_tenants(&self) -> Result<Transaction, StoreError> {
        self.begin(Patience::TURN, ACROSS_TENANTS).await
    }

    /// Like [`Store::across_tenants`], with longer limits.
    async fn patiently_across_tenants(&self) -> Result<Transaction, StoreError> {
        self.begin(Patience::CHANGE, ACROSS_TENANTS).await
    }

    /// A transaction that sees nothing that belongs to a tenant.
    async fn above_tenants(&self) -> Result<Transaction, StoreError> {
        self.begin(Patience::TURN, "").await
    }

    async fn begin(&self, patience: Patience, setting: &str) -> Result<Transaction, StoreError> {
        Transaction::begin(self.pool.acquire(None, patience).await?, setting).await
    }

    /// A connection, within the tenant's share, for one call of a function that itself takes the
    /// application's role and sets the tenant, and so is a transaction in one round trip. No other
    /// statement may run on it: it has the rights of the login.
    async fn functions(&self, tenant: TenantId) -> Result<Connection, StoreError> {
        self.pool.acquire(Some(tenant), Patience::TURN).await
    }

    /// Calls such a function, and calls it again on another connection if the first one is lost. So
    /// a second call must be harmless, whatever happened to the first.
    async fn call<'q, Q: Execute<'q, Postgres> + 'q>(
        &self,
        tenant: TenantId,
        function: impl Fn() -> Q,
    ) -> Result<PgRow, StoreError> {
        // The connection is given back here in any case: a caller that waits for another must not
        // hold one.
        let called = self.functions(tenant).await?.fetch_one(function()).await;
        match called {
            Err(error) if tells_of_a_loss(&error) => {
                Ok(self.functions(tenant).await?.fetch_one(function()).await?)
            }
            called => Ok(called?),
        }
    }

    /// Listens to the changes of all hosts, on a connection beside the pool's.
    pub async fn listen(&self) -> Result<Changes, StoreError> {
        Changes::listen(self.pool.options()).await
    }

    /// Waits for connections in use, then closes all.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A UUID needs no quoting.
fn about(tenant: TenantId) -> String {
    format!("set local flowhost.tenant = '{tenant}'")
}

/// A change of one tenant's data, all or nothing. Dropped, it changes nothing.
pub struct Change {
    transaction: Transaction,
    tenant: TenantId,
}

impl Change {
    /// The tenant that is being changed.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Commits the change together with its entry in the audit log, and notifies every host.
    pub async fn commit(mut self, record: &AuditRecord) -> Result<(), StoreError> {
        audit::insert_audit_entry(&mut self.transaction, record).await?;
        self.commit_recorded().await
    }

    /// Commits a part of a change that is in the audit log already.
    async fn commit_recorded(mut self) -> Result<(), StoreError> {
        notify(&mut self.transaction, &self.tenant.to_string()).await?;
        self.transaction.commit().await
    }
}

/// A change above tenants, of partners and API tokens, all or nothing. Dropped, it changes nothing.
pub struct AccessChange {
    transaction: Transaction,
}

impl AccessChange {
    /// Commits the change together with its entry in the audit log, and notifies every host to look
    /// for changed tenants.
    pub async fn commit(mut self, record: &AuditRecord) -> Result<(), StoreError> {
        audit::insert_audit_entry(&mut self.transaction, record).await?;
        notify(&mut self.transaction, "").await?;
        self.transaction.commit().await
    }
}

async fn notify(transaction: &mut Connection, changed: &str) -> Result<(), StoreError> {
    sqlx::query("select pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(changed)
        .execute(transaction)
        .await?;
    Ok(())
}

const ACROSS_TENANTS: &str = "set local flowhost.across_tenants = on";
