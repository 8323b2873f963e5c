//! What a plugin is called for: to answer a user, or to see what it would do.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{CallLines, Fixed, Profile};
use crate::telemetry::{self, CallUsage};

/// What a plugin is called for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// To play a version on a phone of the console: as for a rehearsal, and the lines that it logs
    /// are not kept either. Who plays gets them.
    Play(Tally),
    /// To serve a client: the result of the call goes to its version's circuit and to the metrics.
    Serve,
    /// To see whether a version answers: nothing is counted, since a rehearsal is not real use, and
    /// what the plugin writes into its store is dropped. Who rehearses gets the result of the call.
    Rehearse(Tally),
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
    /// Receives samples of the call, if `Plugins` was made to profile.
    pub profile: Option<Profile>,
}

impl Purpose {
    /// Who wants to know what happens in the call; `None` if nobody but the host does.
    pub(super) fn tally(&self) -> Option<&Tally> {
        match self {
            Self::Serve => None,
            Self::Play(tally) | Self::Rehearse(tally) | Self::Test(Test { tally, .. }) => {
                Some(tally)
            }
        }
    }

    /// Whether what the plugin writes into its store is dropped.
    pub(super) fn drops_writes(&self) -> bool {
        matches!(self, Self::Play(_) | Self::Rehearse(_))
    }

    /// Whether the flow's log gets what the plugin logs.
    pub(super) fn keeps_lines(&self) -> bool {
        !matches!(self, Self::Play(_))
    }

    /// Whether it is real use, by a client.
    pub fn serves(&self) -> bool {
        matches!(self, Self::Serve)
    }

    /// Who wants to know where the call spends its time.
    pub(super) fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Play(_) | Self::Rehearse(_) | Self::Serve => None,
            Self::Test(test) => test.profile.as_ref(),
        }
    }
}

/// Receives the results of the calls that a test or a rehearsal makes.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<Tallied>>);

/// The result of a call.
#[derive(Clone, Debug, Default)]
pub struct Tallied {
    /// What it used. `None` if no call was made.
    pub usage: Option<CallUsage>,
    /// Why it failed, if it did: what the plugin said of it and where it was, as far as that is
    /// known. Escaped.
    pub failure: Option<String>,
    /// The lines that the plugin logged, each with its level: `info: booked`. Escaped.
    pub said: Vec<String>,
    /// Which of these lines is the failure.
    pub failure_line: Option<usize>,
}

impl Tally {
    /// Takes the result reported since the last time.
    pub fn take(&self) -> Tallied {
        std::mem::take(&mut *self.lock())
    }

    pub(super) fn used(&self, usage: &CallUsage) {
        self.lock().usage = Some(*usage);
    }

    /// The call failed for this reason, in the words for the plugin's author.
    pub(super) fn explained(&self, explanation: String) {
        self.lock().failure = Some(explanation);
    }

    /// The call failed. An explanation that was given for it stays.
    pub(super) fn failed(&self, error: &(dyn Error + 'static)) {
        self.lock().failure.get_or_insert_with(|| telemetry::chain(error));
    }

    /// The call logged these lines, of which one may say its failure.
    pub(super) fn said(&self, lines: &CallLines, failure_line: Option<usize>) {
        let mut tallied = self.lock();
        tallied.failure_line = failure_line.map(|line| tallied.said.len() + line);
        let each = lines.lines.iter();
        tallied.said.extend(each.map(|line| format!("{}: {}", line.level.as_str(), line.message)));
        if lines.dropped > 0 {
            tallied.said.push(format!("{} more lines were dropped", lines.dropped));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tallied> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
