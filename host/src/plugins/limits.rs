//! The limits of one call, and the memory limiter that holds for all memories of an instance together.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// What one call may use.
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// Linear memory, all memories together.
    pub memory_bytes: u64,
    /// CPU time.
    pub cpu: Duration,
    /// Time from begin to end, host calls included.
    pub wall: Duration,
    /// Calls of the flow at the same time.
    pub concurrency: u32,
    /// Calls that may wait for a place.
    pub queue: u32,
    /// Keys that the flow may keep values under.
    pub store_keys: u32,
    /// Bytes of each of these values.
    pub store_value_bytes: u32,
    /// Outbound requests.
    pub outbound_requests: u32,
    /// The body of each response to them.
    pub outbound_response_bytes: u32,
}

/// Sums up what an instance's memories have: wasmtime's own limiter looks at each memory alone.
#[derive(Debug)]
pub(super) struct MemoryLimiter {
    limit: u64,
    used: u64,
}

impl MemoryLimiter {
    /// Allows `limit` bytes in all.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, used: 0 }
    }

    /// What the memories have in all, in bytes. They never shrink, so this is the most that they had.
    pub(super) fn used(&self) -> u64 {
        self.used
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let grown = self.used.saturating_add(desired.saturating_sub(current) as u64);
        let allowed = grown <= self.limit;
        if allowed {
            self.used = grown;
        }
        Ok(allowed)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
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

/// Calls of all plugins at the same time: eight flows at the highest concurrency that a flow may have, or 32 at the default. Each costs
/// address space for its memories and a fiber's stack, and memory only while it runs (64 MiB at the most).
pub(super) const MAX_CALLS: u32 = 512;

/// A Rust guest is three core modules (itself and the two adapters that `wasm-component-ld` makes); others need a few more.
pub(super) const MAX_CORE_INSTANCES: usize = 8;

/// One memory for the guest's modules, one for an adapter that brings its own.
pub(super) const MAX_MEMORIES: usize = 2;

/// The guest's function table and the adapters'.
pub(super) const MAX_TABLES: usize = 4;

/// Function pointers of a large guest; 8 bytes each.
pub(super) const MAX_TABLE_ELEMENTS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_counted_together() {
        let mut limiter = MemoryLimiter::new(100);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(!limiter.memory_growing(40, 41, None).unwrap());
        assert!(!limiter.memory_growing(60, usize::MAX, None).unwrap());
    }
}
