//! Permits for calls: a concurrency limit for each flow, and a share of the host's call slots and
//! memory, which tenants get in turns. The queue for them is bounded in length and time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::PluginError;
use super::limits::{HostLimits, Needs};
use crate::budget::{Budget, Claim};
use crate::telemetry::Metrics;
use flowhost_protocol::ids::{FlowId, Scope};

/// Hands out call permits.
#[derive(Debug)]
pub(super) struct ConcurrencyLimits {
    places: Arc<Budget>,
    memory: Arc<Budget>,
    /// A gate lives as long as a call holds it or waits at it, so the map does not grow with flows
    /// that are gone.
    flows: Mutex<HashMap<FlowId, Weak<FlowConcurrency>>>,
}

/// The concurrency limit of one flow.
#[derive(Debug)]
struct FlowConcurrency {
    concurrency: u32,
    places: Arc<Semaphore>,
    waiting: AtomicU32,
}

/// A permit of the flow, places of the host, and the memory to begin with. It is given back when
/// dropped, which has to be after the call's instance and the check of its answer.
#[derive(Debug)]
pub(super) struct CallPermit {
    /// What the call holds of the host's memory.
    pub(super) memory: Arc<Claim>,
    _flow: OwnedSemaphorePermit,
    _host: Claim,
    _gate: Arc<FlowConcurrency>,
}

impl ConcurrencyLimits {
    /// Limits for all calls together.
    pub(super) fn new(limits: HostLimits, metrics: &Metrics) -> Self {
        Self {
            places: Budget::new(limits.calls.into(), TENANT_QUEUE, metrics.budget("places")),
            memory: Budget::new(
                limits.memory_bytes,
                TENANT_QUEUE,
                metrics.budget("guest-memory-bytes"),
            ),
            flows: Mutex::default(),
        }
    }

    /// Waits for a permit for a call of the flow, behind at most `queue` others and for at most
    /// [`QUEUE_TIME`]. It has what the call needs to begin.
    pub(super) async fn enter(
        &self,
        scope: Scope,
        concurrency: u32,
        queue: u32,
        needs: Needs,
    ) -> Result<CallPermit, PluginError> {
        let gate = self.gate(scope.flow, concurrency);
        let _waiting = Waiting::join(&gate, queue)?;
        let places = async {
            let flow = gate.places.clone().acquire_owned().await.ok()?;
            let host = self.places.take(scope.tenant, needs.places).await?;
            let memory = Arc::new(self.memory.take(scope.tenant, needs.memory).await?);
            Some(CallPermit { memory, _flow: flow, _host: host, _gate: gate.clone() })
        };
        timeout(QUEUE_TIME, places).await.ok().flatten().ok_or(PluginError::Overloaded)
    }

    /// The gate of a flow. A changed concurrency makes a new gate.
    fn gate(&self, flow: FlowId, concurrency: u32) -> Arc<FlowConcurrency> {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) =
            flows.get(&flow).and_then(Weak::upgrade).filter(|gate| gate.concurrency == concurrency)
        {
            return gate;
        }
        flows.retain(|_, gate| gate.strong_count() > 0);
        let gate = FlowConcurrency::new(concurrency);
        flows.insert(flow, Arc::downgrade(&gate));
        gate
    }
}

/// How long a call that waited `waited` for its permit may still wait for other resources of the
/// host.
pub(super) fn patience_left(waited: Option<Duration>) -> Duration {
    QUEUE_TIME.saturating_sub(waited.unwrap_or_default())
}

/// The wall time of a call that began `waited` after it was asked for, with a limit of `wall`; none
/// if there is no time left.
pub(super) fn wall_time_left(wall: Duration, waited: Duration) -> Option<Duration> {
    let left = CALL_TIME.saturating_sub(waited).min(wall);
    (!left.is_zero()).then_some(left)
}

impl FlowConcurrency {
    fn new(concurrency: u32) -> Arc<Self> {
        Arc::new(Self {
            concurrency,
            places: Arc::new(Semaphore::new(concurrency as usize)),
            waiting: AtomicU32::new(0),
        })
    }
}

/// An entry in the queue. It is left when dropped, also when the caller gave up.
struct Waiting<'a>(&'a FlowConcurrency);

impl<'a> Waiting<'a> {
    fn join(gate: &'a FlowConcurrency, queue: u32) -> Result<Self, PluginError> {
        let ahead = gate.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Self(gate);
        let free = u32::try_from(gate.places.available_permits()).unwrap_or(u32::MAX);
        if ahead >= queue.saturating_add(free) { Err(PluginError::Overloaded) } else { Ok(waiting) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call that waits longer for its permit has too little time left to answer.
const QUEUE_TIME: Duration = Duration::from_millis(1_500);

/// The longest time from when a call is asked for to its answer: loading, waiting and running
/// together. Meta gives up after 10 s, and the database needs some of that.
const CALL_TIME: Duration = Duration::from_secs(9);

/// How many calls of one tenant may wait for a slot of the host: the queues of four flows.
const TENANT_QUEUE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::limits::FIRST_MEMORY;
    use flowhost_protocol::ids::TenantId;

    const NEEDS: Needs = Needs { places: 1, memory: FIRST_MEMORY, instances: 0 };

    #[tokio::test]
    async fn holds_the_concurrency_and_the_queue() {
        let gates = Arc::new(gates(10));
        let scope = a_flow_of(TenantId::new());
        let first = gates.enter(scope, 1, 1, NEEDS).await.unwrap();
        let queued = tokio::spawn({
            let gates = gates.clone();
            async move { gates.enter(scope, 1, 1, NEEDS).await.is_ok() }
        });
        while gates.gate(scope.flow, 1).waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(gates.enter(scope, 1, 1, NEEDS).await, Err(PluginError::Overloaded)));
        assert!(
            gates.enter(a_flow_of(scope.tenant), 1, 0, NEEDS).await.is_ok(),
            "another flow has its own places"
        );
        drop(first);
        assert!(queued.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_forever() {
        let gates = gates(2);
        let tenant = TenantId::new();
        let _entered = gates.enter(a_flow_of(tenant), 1, 1, NEEDS).await.unwrap();
        assert!(matches!(
            gates.enter(a_flow_of(tenant), 1, 1, NEEDS).await,
            Err(PluginError::Overloaded)
        ));
    }

    #[test]
    fn a_call_that_waited_has_less_time_to_run() {
        let seconds = Duration::from_secs_f32;
        for (wall, waited, left) in
            [(8.0, 0.5, Some(8.0)), (8.0, 1.5, Some(7.5)), (9.0, 1.5, Some(7.5)), (0.5, 9.0, None)]
        {
            let got = wall_time_left(seconds(wall), seconds(waited));
            assert_eq!(got, left.map(seconds), "{wall} s after {waited} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_with_many_flows_leaves_places_to_others() {
        let gates = gates(128);
        let (greedy, modest) = (TenantId::new(), TenantId::new());
        let mut taken = Vec::new();
        for _ in 0..4 {
            let scope = a_flow_of(greedy);
            let all: Vec<_> = (0..64).map(|_| gates.enter(scope, 64, 64, NEEDS)).collect();
            taken.extend(futures_util::future::join_all(all).await.into_iter().flatten());
        }

        assert_eq!(taken.len(), 48);
        assert!(gates.enter(a_flow_of(modest), 16, 0, NEEDS).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn without_memory_to_begin_with_nobody_enters() {
        let gates = ConcurrencyLimits::new(
            HostLimits { calls: 10, memory_bytes: FIRST_MEMORY },
            &Metrics::new(),
        );
        let first = gates.enter(a_flow_of(TenantId::new()), 1, 1, NEEDS).await.unwrap();
        assert!(matches!(
            gates.enter(a_flow_of(TenantId::new()), 1, 1, NEEDS).await,
            Err(PluginError::Overloaded)
        ));

        drop(first);

        assert!(gates.enter(a_flow_of(TenantId::new()), 1, 1, NEEDS).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_needs_more_of_the_pool_takes_several_places() {
        let gates = gates(8);
        let large = Needs { places: 4, ..NEEDS };
        let first = gates.enter(a_flow_of(TenantId::new()), 4, 4, large).await.unwrap();
        let other = gates.enter(a_flow_of(TenantId::new()), 4, 4, large).await.unwrap();

        let refused = gates.enter(a_flow_of(TenantId::new()), 1, 1, NEEDS).await;
        assert!(matches!(refused, Err(PluginError::Overloaded)));

        drop(first);
        let four = (0..4).map(|_| gates.enter(a_flow_of(TenantId::new()), 1, 1, NEEDS));
        let entered = futures_util::future::join_all(four).await;
        assert!(entered.iter().all(Result::is_ok), "as many as there is room for");
        drop(other);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_that_a_guest_begins_with_is_waited_for() {
        let limits = HostLimits { calls: 10, memory_bytes: 16 << 20 };
        let gates = ConcurrencyLimits::new(limits, &Metrics::new());
        let large = Needs { memory: 13 << 20, ..NEEDS };
        let first = gates.enter(a_flow_of(TenantId::new()), 1, 1, large).await.unwrap();
        assert_eq!(first.memory.amount(), 13 << 20);

        let scope = a_flow_of(TenantId::new());
        let ((), second) = tokio::join!(
            async {
                while !gates.memory.is_wanted() {
                    tokio::task::yield_now().await;
                }
                drop(first);
            },
            gates.enter(scope, 1, 1, large)
        );

        assert!(second.is_ok());
    }

    fn gates(calls: u32) -> ConcurrencyLimits {
        ConcurrencyLimits::new(HostLimits { calls, ..HostLimits::default() }, &Metrics::new())
    }

    fn a_flow_of(tenant: TenantId) -> Scope {
        Scope { tenant, flow: FlowId::new() }
    }
}
