//! All SQL, one file per table group. Nothing here knows HTTP or plugins; sealed values go in and out sealed.
//!
//! Every function on tenants' data takes the tenant first, and works in a transaction that says which tenant it is about: row-level
//! security shows no other's rows, so a query that forgets its `where` finds nothing.

mod api_tokens;
mod app_secrets;
mod audit;
mod error;
mod flow_config;
mod flow_json;
mod flows;
mod graph;
mod history;
mod keys;
mod migrations;
mod notices;
mod partners;
mod plugin_logs;
mod sessions;
mod tenants;
mod values;
mod versions;

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Postgres, Transaction};

use crate::ids::TenantId;

pub use api_tokens::{
    StoredApiToken, TokenEnd, TokenScope, api_token_holds, delete_api_token, insert_api_token, list_api_tokens, use_api_token,
};
pub use app_secrets::{StoredAppSecret, list_app_secrets, replace_app_secret};
pub use audit::{Actor, AuditEntry, AuditReach, AuditRecord, Subject, list_audit_entries};
pub use error::StoreError;
pub use flow_config::{StoredConfigValue, delete_config_value, list_flow_config, put_config_value};
pub use flow_json::{StoredFlowJson, delete_flow_json, find_flow_json, flow_json_size, put_flow_json};
pub use flows::{ActiveVersion, StoredFlow, delete_flow, find_flow, insert_flow, list_flows, set_activation, update_flow};
pub use graph::{
    StoredPhoneNumber, UploadClaim, UploadFinding, UploadStatus, claim_due_checks, claim_uploads, count_key_uploads,
    delete_graph_access, find_access_token, list_phone_numbers, note_changed_keys, record_upload, replace_graph_access,
};
pub use history::{
    CommittedExchange, ListedSession, StoredClientError, find_listed_session, insert_client_error, list_client_errors,
    list_exchanges, list_sessions,
};
pub use keys::{
    NewKey, StoredKey, clear_key_report, count_working_keys, delete_key, find_key_by_fingerprint, insert_key, list_keys,
    report_key_error, retire_active_keys,
};
pub use migrations::{MIGRATOR, migrate, pending_migrations};
pub use notices::{FlowNotice, TokenNotice, list_flow_notices, note_flow};
pub use partners::{
    StoredPartner, delete_partner, find_partner, find_partner_by_id, insert_partner, list_partners, update_partner,
};
pub use plugin_logs::{LogReach, MAX_LINES, StoredLogLine, append_log_lines, last_log_number, list_log_lines, purge_log_lines};
pub use sessions::{
    Answered, Commit, ExchangeRow, Found, MintedSession, NewSession, Opening, SessionStatus, StoredSession, find_session,
    find_turn, insert_minted_session, insert_session, update_session,
};
pub use tenants::{
    NewTenant, StoredTenant, destroy_tenant, find_changing_tenant, find_tenant, find_tenant_by_id, insert_tenant, list_revisions,
    list_tenants, set_sealed_data_key, update_tenant,
};
pub use values::{
    KeyFingerprint, Put, StoredValue, ValueToPut, delete_flow_value, find_flow_value, list_flow_keys, purge_flow_values,
    put_flow_value,
};
pub use versions::{StoredVersion, find_component, find_version, has_component, insert_version, list_versions};

/// The database: a pool of connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
}

impl Store {
    /// Connects, to work as the application's role; fails if the database doesn't answer within 5 s.
    pub async fn connect(options: PgConnectOptions) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A round trip for every statement is too much, and a connection that was just in use needs no test.
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(async move { connection.execute(BECOME_THE_APPLICATION).await.map(drop) }))
            .before_acquire(|connection, meta| Box::pin(test_if_idle(connection, meta.idle_for)))
            .connect_with(options)
            .await?;
        Ok(Self { pool })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Begins a change of one tenant: changes of one tenant happen one after another. Gives none if there is no such tenant.
    pub async fn begin_change(&self, tenant: TenantId) -> Result<Option<Change>, StoreError> {
        let mut transaction = self.of(tenant).await?;
        let locked = sqlx::query("update tenants set revision = revision + 1 where tenant_id = $1")
            .bind(tenant.0)
            .execute(&mut *transaction)
            .await?;
        Ok((locked.rows_affected() == 1).then_some(Change { transaction, tenant }))
    }

    /// Begins a change above tenants.
    pub async fn begin_access_change(&self) -> Result<AccessChange, StoreError> {
        Ok(AccessChange { transaction: self.across_tenants().await? })
    }

    /// A transaction to which no rows exist but this tenant's.
    async fn of(&self, tenant: TenantId) -> Result<Transaction<'static, Postgres>, StoreError> {
        // In one round trip. A UUID holds nothing that would have to be quoted.
        let begin = format!("begin; set local flowhost.tenant = '{tenant}'");
        Ok(self.pool.begin_with(AssertSqlSafe(begin)).await?)
    }

    /// A transaction that sees which tenants there are and which of their phone numbers, and nothing else that belongs to one.
    async fn across_tenants(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(self.pool.begin_with("begin; set local flowhost.across_tenants = on").await?)
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

    /// Makes the change permanent together with its entry in the audit log, and tells every host.
    pub async fn commit(mut self, record: &AuditRecord) -> Result<(), StoreError> {
        audit::insert_audit_entry(&mut self.transaction, record).await?;
        self.commit_recorded().await
    }

    /// Makes a part of a change permanent that is in the audit log already.
    async fn commit_recorded(mut self) -> Result<(), StoreError> {
        notify(&mut self.transaction, &self.tenant.to_string()).await?;
        Ok(self.transaction.commit().await?)
    }
}

/// A change above tenants, of partners and api tokens, all or nothing. Dropped, it changes nothing.
pub struct AccessChange {
    transaction: Transaction<'static, Postgres>,
}

impl AccessChange {
    /// Makes the change permanent together with its entry in the audit log, and tells every host to look for tenants that it changed.
    pub async fn commit(mut self, record: &AuditRecord) -> Result<(), StoreError> {
        audit::insert_audit_entry(&mut self.transaction, record).await?;
        notify(&mut self.transaction, "").await?;
        Ok(self.transaction.commit().await?)
    }
}

async fn notify(transaction: &mut PgConnection, changed: &str) -> Result<(), StoreError> {
    sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(changed).execute(transaction).await?;
    Ok(())
}

/// A stream of tenants that were changed, by this host or another.
pub struct Changes(PgListener);

impl Changes {
    /// The next tenant that was changed; none if which is not known: the connection was lost for a while, or something above tenants
    /// changed.
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

/// The role that migrations make: it owns nothing, so row-level security holds for it, whoever connects.
const BECOME_THE_APPLICATION: &str = "set role flowhost_app";

/// The channel that carries the ids of changed tenants.
const CHANNEL: &str = "flowhost_tenants";
