//! Entries of the audit log that say that somebody opened what was said. Whoever shows the entry of
//! its own goes on to see it for a while.

use std::time::Duration;

use super::audit::insert_audit_entry;
use super::{AuditRecord, Store, StoreError};
use flowhost_protocol::ids::AuditId;

/// Adds an entry to the audit log that belongs to no change.
pub async fn record_reveal(store: &Store, record: &AuditRecord) -> Result<AuditId, StoreError> {
    let mut transaction = store.above_tenants().await?;
    let id = insert_audit_entry(&mut transaction, record).await?;
    transaction.commit().await?;
    Ok(id)
}

/// Whether the audit log has this entry, with the same actor, tenant, action, target and state after
/// it, and it is not older than `age`.
pub async fn is_revealed(
    store: &Store,
    entry: AuditId,
    record: &AuditRecord,
    age: Duration,
) -> Result<bool, StoreError> {
    let tenant = record.subject.tenant.as_ref();
    let found = sqlx::query_scalar(
        "select exists (select from audit_entries where audit_id = $1 and actor_token_id is not distinct from $2 \
           and actor_role = $3 and tenant_id = $4 and action = $5 and target is not distinct from $6 \
           and after is not distinct from $7 and created_at > now() - make_interval(secs => $8))",
    )
    .bind(entry.0)
    .bind(record.actor.token.map(|token| token.0))
    .bind(record.actor.role)
    .bind(tenant.map(|(id, _)| id.0))
    .bind(record.action)
    .bind(&record.target)
    .bind(&record.after)
    .bind(age.as_secs_f64())
    .fetch_one(&mut *store.above_tenants().await?)
    .await?;
    Ok(found)
}
