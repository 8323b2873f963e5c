//! Who may do what: the rights of callers, and the desk at which they act.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Admin, AdminError, PlacedChange};
use crate::store::{self, Actor, AuditReach, AuditRecord, StoredFlow, StoredTenant, Subject, TokenScope};
use flowhost_protocol::crypto::TokenDigest;
use flowhost_protocol::ids::{PartnerId, RequestId};

/// What an operation needs. Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// To look: roles `read` and above.
    Read,
    /// To change flows and what runs in them: roles `deploy` and above.
    Deploy,
    /// To change tenants, their keys, secrets and tokens: a partner's tokens and operators.
    Manage,
    /// To change partners: operators.
    Operate,
}

/// Whoever showed a valid token.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub(super) actor: Actor,
    pub(super) scope: TokenScope,
}

impl Caller {
    /// What the caller's role allows at most.
    fn most(&self) -> Right {
        match self.scope {
            TokenScope::Operator => Right::Operate,
            TokenScope::Partner(_) => Right::Manage,
            TokenScope::Deploy(_) => Right::Deploy,
            TokenScope::Read(_) => Right::Read,
        }
    }

    /// Whether the caller's role allows that.
    pub(super) fn may(&self, right: Right) -> bool {
        right <= self.most()
    }

    /// Whether a tenant is there, as far as the caller may know.
    pub(super) fn sees(&self, tenant: &StoredTenant) -> bool {
        match self.scope {
            TokenScope::Operator => true,
            TokenScope::Partner(partner) => tenant.partner_id == partner,
            TokenScope::Deploy(own) | TokenScope::Read(own) => tenant.id == own,
        }
    }

    /// Whether things of a partner are there, as far as the caller may know.
    pub(super) fn sees_partner(&self, partner: Option<PartnerId>) -> bool {
        match self.scope {
            TokenScope::Operator => true,
            TokenScope::Partner(own) => partner == Some(own),
            TokenScope::Deploy(_) | TokenScope::Read(_) => false,
        }
    }

    pub(super) fn audit_reach(&self) -> AuditReach {
        match self.scope {
            TokenScope::Operator => AuditReach::Everything,
            TokenScope::Partner(partner) => AuditReach::Partner(partner),
            TokenScope::Deploy(tenant) | TokenScope::Read(tenant) => AuditReach::Tenant(tenant),
        }
    }
}

/// Where a caller acts: the only way to the operations. Finds no tenant that the caller may not see, and lets it do nothing that it may
/// not; knows who to name in the audit log.
pub struct Desk {
    pub(super) admin: Arc<Admin>,
    pub(super) caller: Caller,
    right: Right,
    request: Option<RequestId>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Desk({:?}, {:?})", self.caller, self.right)
    }
}

impl Admin {
    /// Who shows this token; none if it is not valid, or not any more.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Caller>, AdminError> {
        let digest = TokenDigest::of(token);
        if self.operator_token == Some(digest) {
            let scope = TokenScope::Operator;
            return Ok(Some(Caller { actor: Actor { token: None, role: scope.role() }, scope }));
        }
        if !is_token(token) {
            return Ok(None);
        }
        let found = store::use_api_token(&self.store, &digest).await?;
        Ok(found.map(|(id, scope)| Caller { actor: Actor { token: Some(id), role: scope.role() }, scope }))
    }

    /// The desk for one operation of a caller that needs this right, asked for by this request.
    pub fn desk(self: &Arc<Self>, caller: Caller, right: Right, request: Option<RequestId>) -> Desk {
        Desk { admin: self.clone(), caller, right, request }
    }
}

impl Desk {
    /// The tenant of that slug, if the caller may see it and may do there what it is about to do.
    pub(super) async fn tenant(&self, slug: &str) -> Result<StoredTenant, AdminError> {
        let tenant = self.tenant_even_if_destroyed(slug).await?;
        if tenant.sealed_data_key.0.is_empty() { Err(AdminError::NotFound("tenant")) } else { Ok(tenant) }
    }

    /// Like [`Desk::tenant`], but finds a tenant too whose deletion was cut off.
    pub(super) async fn tenant_even_if_destroyed(&self, slug: &str) -> Result<StoredTenant, AdminError> {
        let found = store::find_tenant(&self.admin.store, slug).await?;
        let tenant = found.filter(|tenant| self.caller.sees(tenant)).ok_or(AdminError::NotFound("tenant"))?;
        self.allowed()?;
        Ok(tenant)
    }

    /// The tenant's flow of that name.
    pub(super) async fn flow(&self, tenant: &StoredTenant, name: &str) -> Result<StoredFlow, AdminError> {
        store::find_flow(&self.admin.store, tenant.id, name).await?.ok_or(AdminError::NotFound("flow"))
    }

    /// Whether the caller may do what it is about to do, where that is about no tenant.
    pub(super) fn allowed(&self) -> Result<(), AdminError> {
        if self.caller.may(self.right) {
            return Ok(());
        }
        match self.right {
            // Partners are none of anybody's business but an operator's: to others there is nothing.
            Right::Operate => Err(AdminError::NotFound("partner")),
            _ => Err(AdminError::Forbidden(self.caller.scope.role())),
        }
    }

    /// The beginning of an entry in the audit log about a tenant.
    pub(super) fn record(&self, tenant: &StoredTenant, action: &'static str) -> AuditRecord {
        self.record_about(tenant.subject(), action)
    }

    /// The beginning of an entry in the audit log.
    pub(super) fn record_about(&self, subject: Subject, action: &'static str) -> AuditRecord {
        AuditRecord { actor: self.caller.actor, request: self.request, subject, action, target: None, before: None, after: None }
    }

    /// Commits a change with its entry in the audit log, and serves it.
    pub(super) async fn finish(&self, change: PlacedChange, record: AuditRecord) -> Result<(), AdminError> {
        let (tenant, PlacedChange { change, place }) = (change.tenant(), change);
        change.commit(&record).await?;
        drop(place);
        Ok(self.admin.directory.refresh(tenant).await?)
    }
}

/// Whether a text can be a token of the database at all: what can't is no reason to ask there.
fn is_token(text: &str) -> bool {
    text.len() == TOKEN_PREFIX.len() + TOKEN_DIGITS && text.starts_with(TOKEN_PREFIX)
}

/// By which scanners of leaked secrets tell what it is: Flowhost, admin.
pub(super) const TOKEN_PREFIX: &str = "fha_";

/// 256 bits in base64.
const TOKEN_DIGITS: usize = 43;

/// What somebody sees of a thing, as the audit log keeps it.
pub(super) fn shown(view: &impl serde::Serialize) -> Option<Value> {
    Some(serde_json::to_value(view).unwrap_or_else(|error| json!({ "unreadable": error.to_string() })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_protocol::ids::TenantId;

    #[test]
    fn each_role_may_what_the_roles_below_it_may_and_more() {
        let caller = |scope: TokenScope| Caller { actor: Actor { token: None, role: scope.role() }, scope };
        let most = [
            TokenScope::Read(TenantId::new()),
            TokenScope::Deploy(TenantId::new()),
            TokenScope::Partner(PartnerId::new()),
            TokenScope::Operator,
        ]
        .map(|scope| caller(scope).most());

        assert_eq!(most, [Right::Read, Right::Deploy, Right::Manage, Right::Operate]);
        assert!(most.is_sorted());
    }
}
