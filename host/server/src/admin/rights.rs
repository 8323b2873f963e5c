//! What callers may do, and what they can see.

use super::{AdminError, Right};
use crate::store::{Actor, Reach, StoredTenant, TokenScope};
use flowhost_protocol::ids::{ApiTokenId, PartnerId};

/// Whoever showed a valid token.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub(super) actor: Actor,
    pub(super) scope: TokenScope,
    /// What its browser holds, if it came through the console. It acts as the token that it signed in
    /// with.
    pub(super) console: Option<ApiTokenId>,
}

impl Caller {
    /// The caller that showed this token to the API; `None` is the operator's of the environment.
    pub(super) fn of(token: Option<ApiTokenId>, scope: TokenScope) -> Self {
        Self { actor: Actor { token, role: scope.role() }, scope, console: None }
    }

    /// The token that is the caller's alone: the one that it acts as; or what its browser holds, if it
    /// signed in with the operator's token of the environment, which has no id and may be several
    /// people's. `None` for callers that showed that one to the API.
    pub(super) fn own_token(&self) -> Option<ApiTokenId> {
        self.actor.token.or(self.console)
    }

    /// The role of its token: `operator`, `partner`, `deploy` or `read`.
    pub fn role(&self) -> &'static str {
        self.scope.role()
    }

    /// The highest right of the caller's role.
    pub fn most(&self) -> Right {
        match self.scope {
            TokenScope::Operator => Right::Operate,
            TokenScope::Partner(_) => Right::Manage,
            TokenScope::Deploy(_) => Right::Deploy,
            TokenScope::Read(_) => Right::Read,
        }
    }

    /// Whether the caller's role has this right.
    pub(super) fn may(&self, right: Right) -> bool {
        right <= self.most()
    }

    /// Fails if the caller's role does not have this right.
    pub(super) fn check(&self, right: Right) -> Result<(), AdminError> {
        if self.may(right) {
            return Ok(());
        }
        match right {
            // Only operators may know of partners; others are told that there is nothing.
            Right::Operate => Err(AdminError::NotFound("partner")),
            _ => Err(AdminError::Forbidden(self.scope.role())),
        }
    }

    /// Whether the caller can see a tenant.
    pub(super) fn sees(&self, tenant: &StoredTenant) -> bool {
        match self.scope {
            TokenScope::Operator => true,
            TokenScope::Partner(partner) => tenant.partner_id == partner,
            TokenScope::Deploy(own) | TokenScope::Read(own) => tenant.id == own,
        }
    }

    /// Whether the caller can see a partner.
    pub(super) fn sees_partner(&self, partner: PartnerId) -> bool {
        match self.scope {
            TokenScope::Operator => true,
            TokenScope::Partner(own) => partner == own,
            TokenScope::Deploy(_) | TokenScope::Read(_) => false,
        }
    }

    /// What the caller can see in lists. The database filters by it.
    pub(super) fn reach(&self) -> Reach {
        match self.scope {
            TokenScope::Operator => Reach::Everything,
            TokenScope::Partner(partner) => Reach::Partner(partner),
            TokenScope::Deploy(tenant) | TokenScope::Read(tenant) => Reach::Tenant(tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_protocol::ids::TenantId;

    #[test]
    fn browsers_that_share_the_environments_token_are_told_apart() {
        let shared = Caller::of(None, TokenScope::Operator);
        let (token, browser) = (Some(ApiTokenId::new()), Some(ApiTokenId::new()));

        assert_eq!(shared.own_token(), None);
        assert_eq!(Caller { console: browser, ..shared }.own_token(), browser);
        let signed_in = Caller { console: browser, ..Caller::of(token, TokenScope::Operator) };
        assert_eq!(signed_in.own_token(), token);
    }

    #[test]
    fn each_role_may_what_the_roles_below_it_may_and_more() {
        let caller = |scope: TokenScope| Caller::of(None, scope);
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
