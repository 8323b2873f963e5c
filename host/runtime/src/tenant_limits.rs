//! Limits what may run at once, in all and for each tenant. Where tenants compete for all of a
//! resource and need fairer shares, use a [`Budget`](crate::budget::Budget).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::telemetry::BudgetSeries;
use flowhost_protocol::ids::TenantId;

/// Hands out permits and counts them.
#[derive(Debug)]
pub struct TenantLimits {
    all: Arc<Semaphore>,
    of_a_tenant: usize,
    /// A semaphore lives as long as a permit or a waiter refers to it, so the map does not grow
    /// with tenants that are gone.
    tenants: Mutex<HashMap<TenantId, Weak<Semaphore>>>,
    series: BudgetSeries,
}

/// Permission to use one of what is limited. It is given back when dropped.
#[derive(Debug)]
pub struct Permit {
    _own: OwnedSemaphorePermit,
    _any: OwnedSemaphorePermit,
    series: BudgetSeries,
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The limit of all tenants together.
    All,
    /// The tenant's own limit.
    Tenant,
}

impl TenantLimits {
    /// At most `all` permits at once, and at most `of_a_tenant` for each tenant, counted by
    /// `series`.
    pub fn new(all: usize, of_a_tenant: usize, series: BudgetSeries) -> Self {
        series.has_size(all as u64);
        Self { all: Arc::new(Semaphore::new(all)), of_a_tenant, tenants: Mutex::default(), series }
    }

    /// Waits for a permit: first for the tenant's own limit, so that a caller waiting for that
    /// holds no permit that others could use.
    pub async fn acquire(&self, tenant: TenantId) -> Permit {
        if let Ok(permit) = self.take(tenant) {
            return permit;
        }
        self.series.waits();
        let own = self.of(tenant).acquire_owned().await.expect("never closed");
        let any = self.all.clone().acquire_owned().await.expect("never closed");
        self.permit(own, any)
    }

    /// Waits for a permit like [`acquire`](Self::acquire), but no longer than this.
    pub async fn acquire_within(&self, patience: Duration, tenant: TenantId) -> Option<Permit> {
        let acquired = timeout(patience, self.acquire(tenant)).await;
        acquired.inspect_err(|_| self.series.refused()).ok()
    }

    /// Returns a permit if one is free now.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn try_acquire(&self, tenant: TenantId) -> Result<Permit, Full> {
        self.take(tenant).inspect_err(|_| self.series.refused())
    }

    fn take(&self, tenant: TenantId) -> Result<Permit, Full> {
        let own = self.of(tenant).try_acquire_owned().map_err(|_| Full::Tenant)?;
        let any = self.all.clone().try_acquire_owned().map_err(|_| Full::All)?;
        Ok(self.permit(own, any))
    }

    fn permit(&self, own: OwnedSemaphorePermit, any: OwnedSemaphorePermit) -> Permit {
        self.series.taken(1);
        Permit { _own: own, _any: any, series: self.series.clone() }
    }

    fn of(&self, tenant: TenantId) -> Arc<Semaphore> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = tenants.get(&tenant).and_then(Weak::upgrade) {
            return own;
        }
        tenants.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(self.of_a_tenant));
        tenants.insert(tenant, Arc::downgrade(&own));
        own
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.series.given_back(1);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;
    use crate::telemetry::Metrics;

    #[tokio::test]
    async fn a_tenant_has_no_more_than_its_own_and_all_no_more_than_there_is() {
        let metrics = Metrics::new();
        let limits = TenantLimits::new(3, 2, metrics.budget("tests"));
        let (one, other) = (TenantId::new(), TenantId::new());
        let (first, _second) = (limits.try_acquire(one).unwrap(), limits.try_acquire(one).unwrap());

        assert_eq!(limits.try_acquire(one).unwrap_err(), Full::Tenant);
        let _third = limits.try_acquire(other).unwrap();
        assert_eq!(limits.try_acquire(other).unwrap_err(), Full::All);
        drop(first);

        assert!(limits.try_acquire(other).is_ok());
        let shown = metrics.to_text();
        for line in [
            "_size{budget=\"tests\"} 3",
            "_used{budget=\"tests\"} 2",
            "_refusals_total{budget=\"tests\"} 2",
        ] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
    }

    #[tokio::test]
    async fn who_waits_for_its_tenants_turn_is_in_nobodys_way() {
        let limits = TenantLimits::new(2, 1, Metrics::new().budget("tests"));
        let (busy, other) = (TenantId::new(), TenantId::new());
        let held = limits.acquire(busy).await;
        let mut waiting = pin!(limits.acquire(busy));
        assert!(poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending())).await);

        drop(limits.acquire(other).await);
        drop(held);

        drop(waiting.await);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_too_long_is_refused_and_leaves_nothing_taken() {
        let limits = TenantLimits::new(2, 1, Metrics::new().budget("tests"));
        let tenant = TenantId::new();
        let held = limits.acquire(tenant).await;

        assert!(limits.acquire_within(Duration::from_secs(2), tenant).await.is_none());
        drop(held);

        assert!(limits.acquire_within(Duration::ZERO, tenant).await.is_some());
        let all = [tenant, TenantId::new()].map(|tenant| limits.try_acquire(tenant).is_ok());
        assert_eq!(all, [true; 2]);
    }

    #[tokio::test]
    async fn tenants_that_are_gone_leave_nothing_behind() {
        let limits = TenantLimits::new(2, 1, Metrics::new().budget("tests"));
        for _ in 0..100 {
            drop(limits.acquire(TenantId::new()).await);
        }

        assert_eq!(limits.tenants.lock().unwrap().len(), 1);
    }
}
