//! The limits of one call, and the limiter for all memories of an instance together.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{ResourceLimiter, ResourcesRequired};

use super::Inspection;
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

/// What a call of a plugin takes of the host before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// Places among the host's calls. Each stands for a part of the pool, so a call that needs more
    /// of the pool has more of them.
    pub places: u64,
    /// Bytes of the host's memory for guests.
    pub memory: u64,
    /// The part of it that the host itself keeps for the instances.
    pub instances: u64,
}

impl Needs {
    /// What a component needs that has these memories and tables (`None` if nobody can tell).
    pub(super) fn of(resources: Option<&ResourcesRequired>, inspection: &Inspection) -> Self {
        let places = resources.map_or(MAX_PLACES, |resources| {
            let memories = resources.num_memories.div_ceil(MEMORIES_OF_A_PLACE);
            memories.max(resources.num_tables.div_ceil(TABLES_OF_A_PLACE)).max(1)
        });
        let instances = inspection.instance_bytes.min(MAX_INSTANCE_BYTES as u64);
        let initial = inspection.initial_bytes.saturating_add(instances);
        Self { places: places.into(), memory: initial.max(FIRST_MEMORY), instances }
    }

    /// The same for a call that may not have more than `limit` bytes of memory. One that begins with
    /// more fails at once, and does not wait for them.
    pub(super) fn within(self, limit: u64) -> Self {
        let most = limit.saturating_add(MAX_INSTANCE_BYTES as u64);
        let memory = if self.memory > most { FIRST_MEMORY } else { self.memory };
        Self { memory, ..self }
    }
}

/// Sums up an instance's memories and claims their growth from the host's budget. wasmtime's own
/// limiter sees each memory alone.
#[derive(Debug)]
pub(super) struct MemoryLimiter {
    limit: u64,
    used: u64,
    /// Tables, and what the host keeps for the instances.
    beside: u64,
    /// What was claimed of the host's memory. The call's permit holds it too: the memories exist
    /// until the store is gone, and this field is dropped before them.
    claim: Arc<Claim>,
    claimed: u64,
    refused: bool,
}

/// Stops a guest that grew past what the host has for its tenant.
#[derive(Debug, thiserror::Error)]
#[error("the host's memory for guests is used up")]
pub(super) struct HostMemoryUsedUp;

impl MemoryLimiter {
    /// Allows `limit` bytes of memory in all. `claim` is what the call has of the host's memory
    /// already, `instances` the part of it that is no memory of the guest.
    pub(super) fn new(limit: u64, claim: Arc<Claim>, instances: u64) -> Self {
        let claimed = claim.amount();
        Self { limit, used: 0, beside: instances, claim, claimed, refused: false }
    }

    /// Whether the guest once asked for more than it may have.
    pub(super) fn has_refused(&self) -> bool {
        self.refused
    }

    /// The size of all memories in bytes. Memories never shrink, so this is also the most they had.
    pub(super) fn used(&self) -> u64 {
        self.used
    }

    /// Claims what this many bytes of memories and tables together have more than was claimed.
    fn claim(&mut self, bytes: u64) -> wasmtime::Result<()> {
        let missing = bytes.saturating_sub(self.claimed);
        // This traps instead of refusing: an honest guest would panic for want of memory and be
        // blamed for it.
        if missing > 0 && !self.claim.grow(missing) {
            return Err(wasmtime::Error::new(HostMemoryUsedUp));
        }
        self.claimed += missing;
        Ok(())
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
        self.claim(grown.saturating_add(self.beside))?;
        self.used = grown;
        Ok(true)
    }

    /// Tables have limits of their own, and are memory of the host's like any other.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE_ELEMENTS {
            return Ok(false);
        }
        let entries = desired.saturating_sub(current) as u64;
        let grown = self.beside.saturating_add(entries.saturating_mul(TABLE_ELEMENT_BYTES));
        self.claim(self.used.saturating_add(grown))?;
        self.beside = grown;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        MAX_TABLES as usize
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES as usize
    }
}

/// Concurrent calls of all plugins. Each costs address space for its memories and a fiber's stack,
/// and real memory only while it runs.
const MAX_CALLS: u32 = 512;

/// What a call claims of the host's memory before it begins: enough for most SDK guests, so that
/// few claim more later. A guest that begins with more claims that.
pub(super) const FIRST_MEMORY: u64 = 1 << 20;

/// What each place among the calls has of the pool: the memory of the guest's modules, and one for
/// an adapter that brings its own.
pub(super) const MEMORIES_OF_A_PLACE: u32 = 2;

/// The same of tables: the guest's functions and the adapters'.
pub(super) const TABLES_OF_A_PLACE: u32 = 4;

/// The most places that one call may take, which is a component composed of four to eight others.
/// Of the places that are kept for tenants that hold little, sixteen such tenants can have a call.
pub(super) const MAX_PLACES: u32 = 4;

/// Memories of all modules of a component together.
pub(super) const MAX_MEMORIES: u32 = MAX_PLACES * MEMORIES_OF_A_PLACE;

/// Tables of all modules of a component together.
pub(super) const MAX_TABLES: u32 = MAX_PLACES * TABLES_OF_A_PLACE;

/// A Rust guest is three core modules (itself and the two adapters that `wasm-component-ld` makes),
/// one with QuickJS a dozen with those that wasmtime adds, and one with CPython 38: the interpreter,
/// each of its libraries, and a stand-in for each part of WASI that was left out. To the pool they
/// are a number; what they take of memory is bounded for a component as a whole.
pub(super) const MAX_CORE_INSTANCES: u32 = 64;

/// What the host keeps for a component's instances beside their memories and tables: mostly
/// functions that are imported, exported, or in a table. A large Rust guest takes 20 KiB,
/// StarlingMonkey 200, and CPython 390; each of its libraries takes some more.
pub(super) const MAX_INSTANCE_BYTES: usize = 1 << 20;

/// Function pointers: StarlingMonkey begins with 7,700, CPython with 5,800, and more with each
/// library; a Rust guest has some hundred.
pub(super) const MAX_TABLE_ELEMENTS: usize = 16_384;

/// What a table takes for each entry.
pub(super) const TABLE_ELEMENT_BYTES: u64 = size_of::<usize>() as u64;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::budget::Budget;
    use crate::telemetry::BudgetSeries;
    use flowhost_protocol::ids::TenantId;

    #[test]
    fn memories_are_counted_together() {
        let mut limiter = MemoryLimiter::new(100, claim(FIRST_MEMORY), 0);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(!limiter.has_refused());
        assert!(!limiter.memory_growing(40, 41, None).unwrap());
        assert!(!limiter.memory_growing(60, usize::MAX, None).unwrap());
        assert!(limiter.has_refused());
    }

    #[test]
    fn what_the_host_has_no_more_of_is_not_the_guests_own_limit() {
        let mut limiter = MemoryLimiter::new(64 << 20, claim(8 << 20), 0);
        assert!(limiter.memory_growing(0, 2 << 20, None).unwrap());

        let refused = limiter.memory_growing(2 << 20, 16 << 20, None).unwrap_err();

        assert!(refused.is::<HostMemoryUsedUp>());
        assert!(limiter.memory_growing(2 << 20, 3 << 20, None).unwrap(), "less is there");
        assert_eq!(limiter.used(), 3 << 20);
    }

    #[test]
    fn tables_are_memory_of_the_host_and_not_of_the_guests_limit() {
        let mut limiter = MemoryLimiter::new(1 << 20, claim(4 << 20), 4096);
        assert!(limiter.memory_growing(0, 1 << 20, None).unwrap());

        assert!(limiter.table_growing(0, MAX_TABLE_ELEMENTS, None).unwrap());
        assert!(!limiter.table_growing(0, MAX_TABLE_ELEMENTS + 1, None).unwrap());
        assert_eq!((limiter.used(), limiter.claimed), (1 << 20, (1 << 20) + (128 << 10) + 4096));

        let refused =
            (0..32).find_map(|_| limiter.table_growing(0, MAX_TABLE_ELEMENTS, None).err());
        assert!(refused.unwrap().is::<HostMemoryUsedUp>());
    }

    #[test]
    fn a_component_has_as_many_places_as_it_needs_parts_of_the_pool() {
        for (num_memories, num_tables, places) in
            [(0, 0, 1), (1, 2, 1), (2, 4, 1), (3, 1, 2), (1, 5, 2), (8, 16, 4)]
        {
            let resources = ResourcesRequired {
                num_memories,
                num_tables,
                max_initial_memory_size: None,
                max_initial_table_size: None,
            };
            let needs = Needs::of(Some(&resources), &Inspection::default());
            let named = format!("{num_memories} memories, {num_tables} tables");
            assert_eq!((needs.places, needs.memory), (places, FIRST_MEMORY), "{named}");
        }
        assert_eq!(Needs::of(None, &Inspection::default()).places, u64::from(MAX_PLACES));
    }

    #[test]
    fn what_a_guest_begins_with_is_claimed_before_unless_it_can_not_begin() {
        let inspection = Inspection {
            initial_bytes: 13 << 20,
            instance_bytes: 390 << 10,
            ..Inspection::default()
        };
        let needs = Needs::of(None, &inspection);

        let all = (13 << 20) + (390 << 10);
        assert_eq!((needs.within(64 << 20).memory, needs.instances), (all, 390 << 10));
        assert_eq!(needs.within(2 << 20).memory, FIRST_MEMORY);
    }

    fn claim(budget: u64) -> Arc<Claim> {
        let budget = Budget::new(budget, 1, BudgetSeries::default());
        Arc::new(budget.take(TenantId::new(), FIRST_MEMORY).now_or_never().flatten().unwrap())
    }
}
