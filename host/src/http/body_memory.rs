//! How much memory bodies may take together: each is small, but there may be very many.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The memory for all bodies of the public listener that are being read or worked on.
#[derive(Clone, Debug)]
pub struct BodyMemory(Arc<Semaphore>);

/// The memory of one body, given back when this is dropped.
#[derive(Debug)]
pub(super) struct BodyShare {
    memory: BodyMemory,
    taken: Option<OwnedSemaphorePermit>,
}

impl BodyMemory {
    /// This many bytes for all of them.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / STEP_BYTES)))
    }

    /// Nothing yet, for one body.
    pub(super) fn share(&self) -> BodyShare {
        BodyShare { memory: self.clone(), taken: None }
    }
}

impl Default for BodyMemory {
    /// 256 MiB: the usual body of a few KiB on each of 10,000 connections takes 160 of them.
    fn default() -> Self {
        Self::new(256 << 20)
    }
}

impl BodyShare {
    /// Takes what a body of that many bytes needs; false if there is not as much left.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let taken = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.div_ceil(STEP_BYTES).saturating_sub(taken);
        let Ok(more) = u32::try_from(missing) else { return false };
        match (self.memory.0.clone().try_acquire_many_owned(more), &mut self.taken) {
            (Ok(more), Some(taken)) => taken.merge(more),
            (Ok(more), none) => *none = Some(more),
            (Err(_), _) => return false,
        }
        true
    }
}

/// Memory is taken as a body comes, so that who only announces one takes none: in steps that are worth counting.
const STEP_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_body_takes_another_one_can_not_until_it_is_given_back() {
        let memory = BodyMemory::new(4 * STEP_BYTES);
        let (mut one, mut other) = (memory.share(), memory.share());
        assert!(one.grow_to(1));
        assert!(one.grow_to(3 * STEP_BYTES));
        assert!(one.grow_to(STEP_BYTES), "it has as much already");

        assert!(other.grow_to(STEP_BYTES));
        assert!(!other.grow_to(STEP_BYTES + 1));
        drop(one);
        assert!(other.grow_to(4 * STEP_BYTES));
        assert!(!other.grow_to(usize::MAX));
    }
}
