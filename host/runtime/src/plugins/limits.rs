//! The limits of one call, and the limiter for all memories of an instance together.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::budget::Claim;
use flowhost_protocol::flow::FlowLimits;

/// What one call may use.
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// Linear memory in bytes, all memories together.
    pub memory_bytes: u64,
    /// CPU time.
    pub cpu: Duration,
    /// Wall time, host calls included.
    pub wall: Duration,
    /// Concurrent calls of the flow.
    pub concurrency: u32,
    /// Calls that may wait for a permit.
    pub queue: u32,
    /// Keys that the flow may keep values under.
    pub store_keys: u32,
    /// The most bytes of each of these values.
    pub store_value_bytes: u32,
    /// Outbound requests.
    pub outbound_requests: u32,
    /// The most bytes of the body of each response.
    pub outbound_response_bytes: u32,
}

impl From<&FlowLimits> for CallLimits {
    fn from(limits: &FlowLimits) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            cpu: Duration::from_millis(limits.cpu_ms.into()),
            wall: Duration::from_millis(limits.wall_ms.into()),
            concurrency: limits.concurrency,
            queue: limits.queue,
            store_keys: limits.store_keys,
            store_value_bytes: limits.store_value_bytes,
            outbound_requests: limits.outbound_requests,
            outbound_response_bytes: limits.outbound_response_bytes,
        }
    }
}

/// What the calls of all tenants may use together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostLimits {
    /// Concurrent calls.
    pub calls: u32,
    /// Linear memory in bytes.
    pub memory_bytes: u64,
}

impl Default for HostLimits {
    /// As many calls as 8 flows have at the highest concurrency, or 32 at the default, and memory
    /// for all of them.
    fn default() -> Self {
        Self { calls: MAX_CALLS, memory_bytes: u64::from(MAX_CALLS) << 26 }
    }
}

/// Sums up an instance's memories and claims their growth from the host's budget. wasmtime's own
/// limiter sees each memory alone.
#[derive(Debug)]
pub(super) struct MemoryLimiter {
    limit: u64,
    used: u64,
    /// What was claimed of the host's memory. The call's permit holds it too: the memories exist
    /// until the store is gone, and this field is dropped before them.
    claim: Option<Arc<Claim>>,
    claimed: u64,
    refused: bool,
}

/// Stops a guest that grew past what the host has for its tenant.
#[derive(Debug, thiserror::Error)]
#[error("the host's memory for guests is used up")]
pub(super) struct HostMemoryUsedUp;

impl MemoryLimiter {
    /// Allows `limit` bytes in all, of which [`FIRST_MEMORY`] are claimed already.
    pub(super) fn new(limit: u64, claim: Arc<Claim>) -> Self {
        Self { limit, used: 0, claim: Some(claim), claimed: FIRST_MEMORY, refused: false }
    }

    /// Gives back what was claimed, when the store is gone.
    pub(super) fn give_back(&mut self) {
        self.claim = None;
    }

    /// Whether the guest once asked for more than it may have.
    pub(super) fn has_refused(&self) -> bool {
        self.refused
    }

    /// The size of all memories in bytes. Memories never shrink, so this is also the most they had.
    pub(super) fn used(&self) -> u64 {
        self.used
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = self.used.saturating_add(desired.saturating_sub(current) as u64);
        if grown > self.limit {
            self.refused = true;
            return Ok(false);
        }
        let missing = grown.saturating_sub(self.claimed);
        // This traps instead of refusing: an honest guest would panic for want of memory and be
        // blamed for it.
        let grows = |claim: &Arc<Claim>| claim.grow(missing);
        if missing > 0 && !self.claim.as_ref().is_some_and(grows) {
            return Err(wasmtime::Error::new(HostMemoryUsedUp));
        }
        self.claimed += missing;
        self.used = grown;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

/// Concurrent calls of all plugins. Each costs address space for its memories and a fiber's stack,
/// and real memory only while it runs.
const MAX_CALLS: u32 = 512;

/// What a call claims of the host's memory before it begins: enough for most SDK guests, so that
/// few claim more later.
pub(super) const FIRST_MEMORY: u64 = 1 << 20;

/// A Rust guest is three core modules (itself and the two adapters that `wasm-component-ld` makes);
/// others need a few more.
pub(super) const MAX_CORE_INSTANCES: usize = 8;

/// One memory for the guest's modules, one for an adapter that brings its own.
pub(super) const MAX_MEMORIES: usize = 2;

/// The guest's function table and the adapters'.
pub(super) const MAX_TABLES: usize = 4;

/// Function pointers of a large guest; 8 bytes each.
pub(super) const MAX_TABLE_ELEMENTS: usize = 10_000;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::budget::Budget;
    use crate::telemetry::BudgetSeries;
    use flowhost_protocol::ids::TenantId;

    #[test]
    fn memories_are_counted_together() {
        let mut limiter = MemoryLimiter::new(100, claim(FIRST_MEMORY));
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(!limiter.has_refused());
        assert!(!limiter.memory_growing(40, 41, None).unwrap());
        assert!(!limiter.memory_growing(60, usize::MAX, None).unwrap());
        assert!(limiter.has_refused());
    }

    #[test]
    fn what_the_host_has_no_more_of_is_not_the_guests_own_limit() {
        let mut limiter = MemoryLimiter::new(64 << 20, claim(8 << 20));
        assert!(limiter.memory_growing(0, 2 << 20, None).unwrap());

        let refused = limiter.memory_growing(2 << 20, 16 << 20, None).unwrap_err();

        assert!(refused.is::<HostMemoryUsedUp>());
        assert!(limiter.memory_growing(2 << 20, 3 << 20, None).unwrap(), "less is there");
        assert_eq!(limiter.used(), 3 << 20);
    }

    fn claim(budget: u64) -> Arc<Claim> {
        let budget = Budget::new(budget, 1, BudgetSeries::default());
        Arc::new(budget.take(TenantId::new(), FIRST_MEMORY).now_or_never().flatten().unwrap())
    }
}
