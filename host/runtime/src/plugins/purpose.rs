//! What a plugin is called for: to answer a user, or to see what it would do.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Fixed;
use crate::telemetry::{self, CallUsage};

/// What a plugin is called for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// To serve a client: the result of the call goes to its version's circuit and to the metrics.
    Serve,
    /// To see whether a version answers: nothing is counted, since a rehearsal is not real use, and
    /// what the plugin writes into its store is dropped.
    Rehearse,
    /// To test the plugin: only the test gets the result of the call.
    Test(Test),
}

/// A test of a plugin, as one call sees it.
#[derive(Clone, Debug)]
pub struct Test {
    /// The clock and the random numbers.
    pub fixed: Fixed,
    /// Receives the result of the call.
    pub tally: Tally,
}

/// Receives the results of a test's calls.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<Tallied>>);

/// The result of a call.
#[derive(Clone, Debug, Default)]
pub struct Tallied {
    /// What it used. `None` if no call was made.
    pub usage: Option<CallUsage>,
    /// Why it failed, if it did: the whole chain of causes.
    pub failure: Option<String>,
}

impl Tally {
    /// Takes the result reported since the last time.
    pub fn take(&self) -> Tallied {
        std::mem::take(&mut *self.lock())
    }

    pub(super) fn used(&self, usage: &CallUsage) {
        self.lock().usage = Some(*usage);
    }

    pub(super) fn failed(&self, error: &(dyn Error + 'static)) {
        self.lock().failure = Some(telemetry::chain(error));
    }

    fn lock(&self) -> MutexGuard<'_, Tallied> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
