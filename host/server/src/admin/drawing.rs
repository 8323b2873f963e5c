//! Screens of Flows are evaluated and drawn off the async threads, and few of them at the same time:
//! one may take long, and each takes a CPU.

use super::{AdminError, FlowDesk, off_the_async_threads};
use flowhost_runtime::telemetry::BudgetSeries;
use flowhost_runtime::tenant_limits::TenantLimits;

impl FlowDesk {
    /// Does what evaluates or draws screens. Waits until fewer than so many of this host and of the tenant
    /// do. Who has begun goes on to the end and keeps its permit until then, also if nobody waits for it
    /// any more.
    pub async fn drawing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AdminError> {
        let permit = self.admin().screens.acquire(self.tenant().id).await;
        off_the_async_threads(move || {
            let _permit = permit;
            work()
        })
        .await
    }
}

/// Limits how many screens a host evaluates or draws at the same time.
pub(super) fn screen_limits(series: BudgetSeries) -> TenantLimits {
    TenantLimits::new(SCREENS_AT_ONCE, SCREENS_OF_A_TENANT, series)
}

/// Each takes a CPU, and some must be left for what phones of users ask.
const SCREENS_AT_ONCE: usize = 2;

/// So that a tenant whose screens take long is in nobody's way.
const SCREENS_OF_A_TENANT: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_protocol::ids::TenantId;

    #[test]
    fn a_tenant_whose_screens_take_long_leaves_others_their_own() {
        let screens = screen_limits(BudgetSeries::default());
        let busy = TenantId::new();
        let _long = screens.try_acquire(busy).unwrap();

        assert!(screens.try_acquire(busy).is_err());
        let _other = screens.try_acquire(TenantId::new()).unwrap();
        assert!(screens.try_acquire(TenantId::new()).is_err(), "some CPU is left for users");
    }
}
