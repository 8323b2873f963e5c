//! Places for calls: so many of one flow and so many in all, and a queue that is bounded in length and time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::PluginError;
use crate::ids::FlowId;

/// Hands out places.
#[derive(Debug)]
pub(super) struct Gates {
    all: Arc<Semaphore>,
    /// Gates live as long as somebody is at them, so that flows that are gone leave nothing behind.
    flows: Mutex<HashMap<FlowId, Weak<Gate>>>,
}

/// The places of one flow.
#[derive(Debug)]
struct Gate {
    concurrency: u32,
    places: Arc<Semaphore>,
    waiting: AtomicU32,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    _flow: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
    _gate: Arc<Gate>,
}

impl Gates {
    /// `all` places in all.
    pub(super) fn new(all: u32) -> Self {
        Self { all: Arc::new(Semaphore::new(all as usize)), flows: Mutex::default() }
    }

    /// Waits for a place for a call of the flow, behind at most `queue` others and at most [`QUEUE_TIME`].
    pub(super) async fn enter(&self, flow: FlowId, concurrency: u32, queue: u32) -> Result<Place, PluginError> {
        let gate = self.gate(flow, concurrency);
        let _waiting = Waiting::join(&gate, queue)?;
        let places = async {
            let flow = gate.places.clone().acquire_owned().await;
            let all = self.all.clone().acquire_owned().await;
            flow.and_then(|flow| all.map(|all| Place { _flow: flow, _all: all, _gate: gate.clone() }))
        };
        match timeout(QUEUE_TIME, places).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(PluginError::Overloaded),
        }
    }

    /// The gate of a flow; another one if its concurrency was changed since.
    fn gate(&self, flow: FlowId, concurrency: u32) -> Arc<Gate> {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = flows.get(&flow).and_then(Weak::upgrade).filter(|gate| gate.concurrency == concurrency) {
            return gate;
        }
        flows.retain(|_, gate| gate.strong_count() > 0);
        let gate = Gate::new(concurrency);
        flows.insert(flow, Arc::downgrade(&gate));
        gate
    }
}

impl Gate {
    fn new(concurrency: u32) -> Arc<Self> {
        Arc::new(Self { concurrency, places: Arc::new(Semaphore::new(concurrency as usize)), waiting: AtomicU32::new(0) })
    }
}

/// A place in the queue; left when dropped, also by a caller that gave up.
struct Waiting<'a>(&'a Gate);

impl<'a> Waiting<'a> {
    fn join(gate: &'a Gate, queue: u32) -> Result<Self, PluginError> {
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

/// With a call's longest wall time of 8 s this stays below the 10 s after which Meta gives up.
const QUEUE_TIME: Duration = Duration::from_millis(1_500);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn holds_the_concurrency_and_the_queue() {
        let gates = Arc::new(Gates::new(10));
        let flow = FlowId::new();
        let first = gates.enter(flow, 1, 1).await.unwrap();
        let queued = tokio::spawn({
            let gates = gates.clone();
            async move { gates.enter(flow, 1, 1).await.is_ok() }
        });
        while gates.gate(flow, 1).waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(gates.enter(flow, 1, 1).await, Err(PluginError::Overloaded)));
        assert!(gates.enter(FlowId::new(), 1, 0).await.is_ok(), "another flow has its own places");
        drop(first);
        assert!(queued.await.unwrap());
    }

    #[tokio::test]
    async fn nobody_waits_forever() {
        let gates = Gates::new(1);
        let _place = gates.enter(FlowId::new(), 1, 1).await.unwrap();
        assert!(matches!(gates.enter(FlowId::new(), 1, 1).await, Err(PluginError::Overloaded)));
    }
}
