//! The memory that all request bodies may take together. Each is small, but there may be very many,
//! and anybody may send one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The memory for all bodies of the public listener that are being read or processed. One part is
/// for the beginning of each body, which is the whole of a usual one. Longer bodies take the rest
/// from the other part, so that large bodies never keep small ones out. When a part is used up, the
/// body that has been arriving for the longest makes room, so a slow or endless sender gains
/// nothing.
#[derive(Clone, Debug)]
pub struct BodyMemory(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    beginnings: Part,
    rests: Part,
    bodies: AtomicU64,
}

#[derive(Debug)]
struct Part {
    free: Arc<Semaphore>,
    /// Bodies that hold memory of this part and are still arriving, oldest first.
    coming: Mutex<BTreeMap<u64, CancellationToken>>,
}

/// The memory of one body, given back on drop.
#[derive(Debug)]
pub(super) struct BodyShare {
    memory: BodyMemory,
    /// Younger bodies have greater numbers.
    number: u64,
    make_room: CancellationToken,
    beginning: Option<OwnedSemaphorePermit>,
    rest: Option<OwnedSemaphorePermit>,
}

impl BodyMemory {
    /// Sets aside `beginnings` bytes for the beginnings of all bodies, and `rests` bytes for all
    /// that is longer.
    pub fn new(beginnings: usize, rests: usize) -> Self {
        Self(Arc::new(Parts {
            beginnings: Part::new(beginnings),
            rests: Part::new(rests),
            bodies: AtomicU64::new(0),
        }))
    }

    /// A share for one body, empty at first.
    pub(super) fn share(&self) -> BodyShare {
        let number = self.0.bodies.fetch_add(1, Ordering::Relaxed);
        BodyShare {
            memory: self.clone(),
            number,
            make_room: CancellationToken::new(),
            beginning: None,
            rest: None,
        }
    }
}

impl Default for BodyMemory {
    /// 256 MiB: 160 MiB allow one beginning on each of 10,000 connections.
    fn default() -> Self {
        Self::new(160 << 20, 96 << 20)
    }
}

impl BodyShare {
    /// Reserves what a body of `bytes` needs, taking it from older bodies that are still arriving
    /// if necessary. False if there are none left to take it from.
    pub(super) async fn grow_to(&mut self, bytes: usize) -> bool {
        let steps = bytes.div_ceil(STEP_BYTES);
        let Parts { beginnings, rests, .. } = &*self.memory.0;
        beginnings.grow(&mut self.beginning, steps.min(1), self.number, &self.make_room).await
            && rests
                .grow(&mut self.rest, steps.saturating_sub(1), self.number, &self.make_room)
                .await
    }

    /// Cancelled when this body must make room for others.
    pub(super) fn must_make_room(&self) -> CancellationToken {
        self.make_room.clone()
    }

    /// Marks the body as complete: it is processed from now on, and no longer makes room for
    /// others.
    pub(super) fn settle(&self) {
        let Parts { beginnings, rests, .. } = &*self.memory.0;
        for part in [beginnings, rests] {
            part.coming().remove(&self.number);
        }
    }
}

impl Drop for BodyShare {
    fn drop(&mut self) {
        self.settle();
    }
}

impl Part {
    fn new(bytes: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(bytes / STEP_BYTES)), coming: Mutex::default() }
    }

    /// Reserves the steps that body `number` lacks, up to `steps` in all.
    async fn grow(
        &self,
        taken: &mut Option<OwnedSemaphorePermit>,
        steps: usize,
        number: u64,
        make_room: &CancellationToken,
    ) -> bool {
        let missing =
            steps.saturating_sub(taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        let Ok(missing @ 1..) = u32::try_from(missing) else { return missing == 0 };
        self.coming().insert(number, make_room.clone());
        let Some(more) = self.take(missing, number).await else { return false };
        match taken {
            Some(taken) => taken.merge(more),
            none => *none = Some(more),
        }
        true
    }

    async fn take(&self, steps: u32, number: u64) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(taken) = self.free.clone().try_acquire_many_owned(steps) {
                return Some(taken);
            }
            if !self.ask_an_older_one_to_make_room(number) {
                return None;
            }
            if let Ok(Ok(taken)) =
                timeout(ROOM_TIME, self.free.clone().acquire_many_owned(steps)).await
            {
                return Some(taken);
            }
        }
    }

    fn ask_an_older_one_to_make_room(&self, number: u64) -> bool {
        let mut coming = self.coming();
        match coming.first_entry() {
            Some(oldest) if *oldest.key() < number => {
                oldest.remove().cancel();
                true
            }
            _ => false,
        }
    }

    fn coming(&self) -> MutexGuard<'_, BTreeMap<u64, CancellationToken>> {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory is reserved in steps as a body arrives, so a client that only announces a body takes
/// none. A form has a few KiB, so one step is usually enough.
const STEP_BYTES: usize = 16 << 10;

/// A body that must make room only has to be notified. If it did not free enough, the next oldest
/// is asked.
const ROOM_TIME: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_worked_on_keeps_its_memory_until_it_is_through() {
        let memory = BodyMemory::new(4 * STEP_BYTES, 4 * STEP_BYTES);
        let (mut one, mut other) = (memory.share(), memory.share());
        assert!(one.grow_to(1).await);
        assert!(one.grow_to(4 * STEP_BYTES).await);
        assert!(one.grow_to(STEP_BYTES).await, "it has as much already");
        one.settle();

        assert!(other.grow_to(2 * STEP_BYTES).await);
        assert!(!other.grow_to(2 * STEP_BYTES + 1).await);
        drop(one);
        assert!(other.grow_to(5 * STEP_BYTES).await);
        assert!(!other.grow_to(usize::MAX).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_body_has_room_however_many_large_ones_are_worked_on() {
        let memory = BodyMemory::new(3 * STEP_BYTES, STEP_BYTES);
        let (mut large, mut larger, mut small) = (memory.share(), memory.share(), memory.share());
        assert!(large.grow_to(2 * STEP_BYTES).await);
        large.settle();

        assert!(!larger.grow_to(2 * STEP_BYTES).await);
        assert!(small.grow_to(STEP_BYTES).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_body_that_has_been_coming_for_the_longest_makes_room() {
        let memory = BodyMemory::new(2 * STEP_BYTES, 0);
        let (mut oldest, mut older, mut young) = (memory.share(), memory.share(), memory.share());
        assert!(older.grow_to(1).await && oldest.grow_to(1).await);
        let told = oldest.must_make_room();
        let goes = async move {
            told.cancelled().await;
            drop(oldest);
        };

        let (grown, ()) = tokio::join!(young.grow_to(1), goes);

        assert!(grown && !older.must_make_room().is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_body_of_all_can_ask_nobody() {
        let memory = BodyMemory::new(STEP_BYTES, 0);
        let (mut old, mut young) = (memory.share(), memory.share());
        assert!(young.grow_to(1).await);

        assert!(!old.grow_to(1).await);
        assert!(!young.must_make_room().is_cancelled());
    }
}
