//! The places of those who follow flows and their logs at a host.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{AdminError, FlowDesk};
use flowhost_protocol::ids::{ApiTokenId, TenantId};
use flowhost_runtime::telemetry::BudgetSeries;
use flowhost_runtime::tenant_limits::{Full, Permit, TenantLimits};

/// Hands out places: so many in all, so many of a tenant, and half of these to one token.
#[derive(Debug)]
pub(super) struct Followers {
    limits: TenantLimits,
    taken: Arc<Mutex<Vec<Follower>>>,
}

/// A token that is somebody's alone, and follows something of a tenant. The operator's token of the
/// environment has no id.
type Follower = (TenantId, Option<ApiTokenId>);

/// A place. It is given back when dropped.
#[derive(Debug)]
pub(super) struct FollowerPlace {
    _permit: Permit,
    follower: Follower,
    taken: Arc<Mutex<Vec<Follower>>>,
}

impl Followers {
    /// No place is taken yet.
    pub(super) fn new(series: BudgetSeries) -> Self {
        let limits = TenantLimits::new(MAX_FOLLOWERS, MAX_FOLLOWERS_OF_A_TENANT, series);
        Self { limits, taken: Arc::default() }
    }

    /// Takes a place if one is free.
    fn take(&self, follower: Follower) -> Result<FollowerPlace, AdminError> {
        let mut taken = lock(&self.taken);
        let own = taken.iter().filter(|other| **other == follower).count();
        if own >= MAX_FOLLOWERS_OF_A_TOKEN {
            return Err(AdminError::Busy(OF_THE_TOKEN.to_owned()));
        }
        let permit = self.limits.try_acquire(follower.0).map_err(|full| {
            AdminError::Busy(match full {
                Full::All => IN_ALL.to_owned(),
                Full::Tenant => OF_THE_TENANT.to_owned(),
            })
        })?;
        taken.push(follower);
        drop(taken);
        Ok(FollowerPlace { _permit: permit, follower, taken: self.taken.clone() })
    }
}

impl FlowDesk {
    /// Takes a place for the caller, if one is free.
    pub(super) fn take_place_to_follow(&self) -> Result<FollowerPlace, AdminError> {
        self.admin().followers.take((self.tenant().id, self.caller().own_token()))
    }
}

impl Drop for FollowerPlace {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(own) = taken.iter().position(|other| *other == self.follower) {
            taken.swap_remove(own);
        }
    }
}

fn lock(taken: &Mutex<Vec<Follower>>) -> MutexGuard<'_, Vec<Follower>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

const OF_THE_TOKEN: &str = "as many follow logs of this tenant with your token at this host as may with one; end one of \
    them, or use another token";
const OF_THE_TENANT: &str =
    "as many follow logs of this tenant at this host as may; end one of them";
const IN_ALL: &str = "as many follow logs at this host as may; try again, or try another host";

/// Each follower queries the database twice a second.
const MAX_FOLLOWERS: usize = 32;

/// Enough for a few people at work.
pub const MAX_FOLLOWERS_OF_A_TENANT: usize = 8;

/// So that those who only look leave places to those who deploy.
pub const MAX_FOLLOWERS_OF_A_TOKEN: usize = MAX_FOLLOWERS_OF_A_TENANT / 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_half_of_its_tenants_places_and_gives_them_back() {
        let followers = Followers::new(BudgetSeries::default());
        let (reader, deployer) = (Some(ApiTokenId::new()), Some(ApiTokenId::new()));
        let (one, other) = (TenantId::new(), TenantId::new());
        let held = |token| -> Vec<_> {
            (0..MAX_FOLLOWERS_OF_A_TOKEN).map(|_| followers.take((one, token)).unwrap()).collect()
        };
        let mut of_reader = held(reader);
        let refused = |token| followers.take((one, token)).unwrap_err().to_string();

        assert!(refused(reader).contains("with your token"));
        drop(followers.take((other, reader)).unwrap());
        let _of_deployer = held(deployer);
        assert!(refused(None).contains("of this tenant at"));
        of_reader.pop();
        assert!(refused(deployer).contains("with your token"));
        followers.take((one, reader)).unwrap();
    }

    #[test]
    fn places_are_bounded_in_all() {
        let followers = Followers::new(BudgetSeries::default());
        let take = || followers.take((TenantId::new(), None));
        let held: Vec<_> = (0..MAX_FOLLOWERS).map(|_| take().unwrap()).collect();

        assert!(take().unwrap_err().to_string().contains("another host"));
        drop(held);
        assert!(take().is_ok());
        assert!(lock(&followers.taken).is_empty());
    }
}
