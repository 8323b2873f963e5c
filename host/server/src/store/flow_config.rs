//! The table `flow_config`.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Change, Store, StoreError};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::flow::HttpHost;
use flowhost_protocol::ids::{FlowId, TenantId};

/// A setting or a secret of a flow as stored.
#[derive(Clone, Debug)]
pub struct StoredConfigValue {
    /// The flow it belongs to.
    pub flow: FlowId,
    /// Its key.
    pub key: String,
    /// Its value, sealed under the tenant's data key.
    pub sealed_value: Sealed,
    /// Whether it is a secret, which the plugin cannot read.
    pub secret: bool,
    /// The hosts that a secret may be sent to.
    pub hosts: Vec<HttpHost>,
    /// When it was last set.
    pub updated_at: OffsetDateTime,
}

/// The settings and secrets of all of a tenant's flows, by key.
pub async fn list_config_values(
    store: &Store,
    tenant: TenantId,
) -> Result<Vec<StoredConfigValue>, StoreError> {
    let rows: Vec<ConfigRow> =
        sqlx::query_as("select * from flow_config where tenant_id = $1 order by key")
            .bind(tenant.0)
            .fetch_all(&mut *store.of(tenant).await?)
            .await?;
    rows.into_iter().map(StoredConfigValue::try_from).collect()
}

/// A flow's settings and secrets, by key, as read under the change's lock.
pub async fn list_changing_config_values(
    change: &mut Change,
    flow: FlowId,
) -> Result<Vec<StoredConfigValue>, StoreError> {
    let rows: Vec<ConfigRow> = sqlx::query_as(
        "select * from flow_config where tenant_id = $1 and flow_id = $2 order by key",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .fetch_all(&mut *change.transaction)
    .await?;
    rows.into_iter().map(StoredConfigValue::try_from).collect()
}

/// Sets a value, in place of any with the same key.
pub async fn put_config_value(
    change: &mut Change,
    value: &StoredConfigValue,
) -> Result<(), StoreError> {
    let hosts: Vec<String> = value.hosts.iter().map(HttpHost::to_string).collect();
    sqlx::query(
        "insert into flow_config (tenant_id, flow_id, key, sealed_value, secret, hosts, updated_at) values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (tenant_id, flow_id, key) do update \
         set sealed_value = excluded.sealed_value, secret = excluded.secret, hosts = excluded.hosts, updated_at = excluded.updated_at",
    )
    .bind(change.tenant.0)
    .bind(value.flow.0)
    .bind(&value.key)
    .bind(&value.sealed_value.0)
    .bind(value.secret)
    .bind(hosts)
    .bind(value.updated_at)
    .execute(&mut *change.transaction)
    .await?;
    Ok(())
}

/// Deletes a value. Returns whether it existed.
pub async fn delete_config_value(
    change: &mut Change,
    flow: FlowId,
    key: &str,
) -> Result<bool, StoreError> {
    let deleted =
        sqlx::query("delete from flow_config where tenant_id = $1 and flow_id = $2 and key = $3")
            .bind(change.tenant.0)
            .bind(flow.0)
            .bind(key)
            .execute(&mut *change.transaction)
            .await?;
    Ok(deleted.rows_affected() == 1)
}

#[derive(FromRow)]
struct ConfigRow {
    flow_id: Uuid,
    key: String,
    sealed_value: Vec<u8>,
    secret: bool,
    hosts: Vec<String>,
    updated_at: OffsetDateTime,
}

impl TryFrom<ConfigRow> for StoredConfigValue {
    type Error = StoreError;

    fn try_from(row: ConfigRow) -> Result<Self, StoreError> {
        let hosts = row.hosts.iter().map(|host| host.parse()).collect::<Result<_, _>>();
        Ok(Self {
            flow: FlowId(row.flow_id),
            key: row.key,
            sealed_value: Sealed(row.sealed_value),
            secret: row.secret,
            hosts: hosts.map_err(|_| StoreError::Unreadable("host"))?,
            updated_at: row.updated_at,
        })
    }
}
