//! Who may do what, and what of it there is for them.

use super::{AdminError, Right};
use crate::store::{Actor, Reach, StoredTenant, TokenScope};
use flowhost_protocol::ids::PartnerId;

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

    /// Fails where the caller's role does not allow that.
    pub(super) fn check(&self, right: Right) -> Result<(), AdminError> {
        if self.may(right) {
            return Ok(());
        }
        match right {
            // Partners are none of anybody's business but an operator's: to others there is
            // nothing.
            Right::Operate => Err(AdminError::NotFound("partner")),
            _ => Err(AdminError::Forbidden(self.scope.role())),
        }
    }

    /// Whether a tenant is there, as far as the caller may know.
    pub(super) fn sees(&self, tenant: &StoredTenant) -> bool {
        match self.scope {
            TokenScope::Operator => true,
            TokenScope::Partner(partner) => tenant.partner_id == partner,
            TokenScope::Deploy(own) | TokenScope::Read(own) => tenant.id == own,
        }
    }

    /// Whether a partner is there, as far as the caller may know.
    pub(super) fn sees_partner(&self, partner: PartnerId) -> bool {
        match self.scope {
            TokenScope::Operator => true,
            TokenScope::Partner(own) => partner == own,
            TokenScope::Deploy(_) | TokenScope::Read(_) => false,
        }
    }

    /// The same for lists, which the database filters.
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
    fn each_role_may_what_the_roles_below_it_may_and_more() {
        let caller =
            |scope: TokenScope| Caller { actor: Actor { token: None, role: scope.role() }, scope };
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
