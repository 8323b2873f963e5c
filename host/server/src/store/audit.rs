//! The table `audit_entries`: every change adds to it, and entries never change.

use serde_json::Value;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::connection::Connection;
use super::{Store, StoreError};
use flowhost_protocol::ids::{ApiTokenId, AuditId, PartnerId, RequestId, TenantId};

/// The author of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The API token that was used; `None` for the operator's token of the environment.
    pub token: Option<ApiTokenId>,
    /// The token's role, as [`TokenScope::role`](super::TokenScope::role) spells it.
    pub role: &'static str,
}

/// The partner and the tenant that a change concerns. They name it in the audit log and decide who
/// may read its entry.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The partner, with its slug.
    pub partner: Option<(PartnerId, String)>,
    /// The tenant, with its slug.
    pub tenant: Option<(TenantId, String)>,
}

/// A change as the audit log records it. The caller has to keep secrets out of `before` and
/// `after`.
#[derive(Clone, Debug)]
pub struct AuditRecord {
    /// The author of the change.
    pub actor: Actor,
    /// The request that made it; `None` for a command.
    pub request: Option<RequestId>,
    /// The partner and the tenant that it concerns.
    pub subject: Subject,
    /// What was done, as `thing.verb`.
    pub action: &'static str,
    /// What it was done to, if the subject does not say it.
    pub target: Option<String>,
    /// The state before.
    pub before: Option<Value>,
    /// The state after.
    pub after: Option<Value>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, FromRow)]
pub struct AuditEntry {
    /// Its id; later entries have greater ones.
    pub(crate) audit_id: Uuid,
    /// The API token that was used; `None` for the operator's token of the environment.
    pub(crate) actor_token_id: Option<Uuid>,
    /// The role of the token.
    pub(crate) actor_role: String,
    /// The partner's slug at that time.
    pub partner: Option<String>,
    /// The tenant's slug at that time.
    pub tenant: Option<String>,
    /// What was done, as `thing.verb`.
    pub action: String,
    /// What it was done to, if the subject does not say it.
    pub target: Option<String>,
    /// The state before.
    pub before: Option<Value>,
    /// The state after.
    pub after: Option<Value>,
    /// The request that made it. `None` for a command, and for entries older than this column.
    pub request_id: Option<Uuid>,
    /// When it was recorded.
    pub created_at: OffsetDateTime,
}

/// Whose rows a caller may see.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// All rows.
    Everything,
    /// A partner's and those of its tenants.
    Partner(PartnerId),
    /// A tenant's.
    Tenant(TenantId),
}

impl Reach {
    /// The partner and the tenant that a query is bound to, if any.
    pub(super) fn bounds(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Everything => (None, None),
            Self::Partner(partner) => (Some(partner.0), None),
            Self::Tenant(tenant) => (None, Some(tenant.0)),
        }
    }
}

/// Adds an entry, in the transaction of the change itself. Returns its id.
pub(super) async fn insert_audit_entry(
    transaction: &mut Connection,
    record: &AuditRecord,
) -> Result<AuditId, StoreError> {
    let id = AuditId::new();
    let (partner, tenant) = (record.subject.partner.as_ref(), record.subject.tenant.as_ref());
    sqlx::query(
        "insert into audit_entries (audit_id, actor_token_id, actor_role, partner_id, partner, tenant_id, tenant, action, target, before, after, request_id) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(id.0)
    .bind(record.actor.token.map(|token| token.0))
    .bind(record.actor.role)
    .bind(partner.map(|(id, _)| id.0))
    .bind(partner.map(|(_, slug)| slug))
    .bind(tenant.map(|(id, _)| id.0))
    .bind(tenant.map(|(_, slug)| slug))
    .bind(record.action)
    .bind(&record.target)
    .bind(&record.before)
    .bind(&record.after)
    .bind(record.request.map(|request| request.0))
    .execute(transaction)
    .await?;
    Ok(id)
}

/// Entries within reach, the newest first: at most `limit`, older than the entry `before`, and of
/// the tenant with this slug if one is given.
pub async fn list_audit_entries(
    store: &Store,
    reach: Reach,
    tenant: Option<&str>,
    before: Option<AuditId>,
    limit: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let (partner_id, tenant_id) = reach.bounds();
    let entries = sqlx::query_as(
        "select audit_id, actor_token_id, actor_role, partner, tenant, action, target, before, after, request_id, created_at from audit_entries \
         where ($1::uuid is null or partner_id = $1) and ($2::uuid is null or tenant_id = $2) and ($3::text is null or tenant = $3) \
           and ($4::uuid is null or audit_id < $4) order by audit_id desc limit $5",
    )
    .bind(partner_id)
    .bind(tenant_id)
    .bind(tenant)
    .bind(before.map(|id| id.0))
    .bind(limit)
    .fetch_all(&mut *store.above_tenants().await?)
    .await?;
    Ok(entries)
}
