//! Circuit breakers: a plugin version that fails again and again is not called for a while, instead
//! of being started for each request only to fail once more.
//!
//! [`FAILURES`] failures in a row open a circuit, and calls are refused at once. After a cooling
//! time, one call at a time is let through as a trial. A trial that succeeds closes the circuit;
//! one that fails doubles the cooling time. A new version starts with a closed circuit, and so does
//! a version that is activated again. Each host has its own circuits, in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use flowhost_protocol::ids::{FlowId, Scope};

/// The circuits of all versions that failed lately. A version that works has no entry, so there are
/// at most as many as there are active versions.
#[derive(Debug, Default)]
pub(super) struct Breakers {
    circuits: Mutex<HashMap<(FlowId, i32), Circuit>>,
}

/// Permission to make a call. The caller reports the call's result to it. Dropped without a report,
/// the call counts neither as a success nor as a failure.
#[derive(Debug)]
pub(super) struct Permission<'a> {
    breakers: &'a Breakers,
    scope: Scope,
    version: i32,
    trial: bool,
}

/// The failures of one version.
#[derive(Debug, Default)]
struct Circuit {
    /// In a row.
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    until: Instant,
    cooling: Duration,
    /// Whether a trial is under way.
    trying: bool,
}

impl Breakers {
    /// Lets a call of a version through, or returns how long to wait before the next one.
    pub(super) fn admit(&self, scope: Scope, version: i32) -> Result<Permission<'_>, Duration> {
        let mut circuits = self.lock();
        let open =
            circuits.get_mut(&(scope.flow, version)).and_then(|circuit| circuit.open.as_mut());
        let trial = open.map_or(Ok(false), |open| open.try_now().map(|()| true))?;
        Ok(Permission { breakers: self, scope, version, trial })
    }

    /// Removes the circuits of all versions but these.
    pub(super) fn retain(&self, active: &HashSet<(FlowId, i32)>) {
        self.lock().retain(|version, _| active.contains(version));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(FlowId, i32), Circuit>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permission<'_> {
    /// Reports success. Returns whether the circuit is open all the same.
    pub(super) fn succeeded(mut self) -> bool {
        let mut circuits = self.breakers.lock();
        let is_open = circuits.get(&self.key()).is_some_and(|circuit| circuit.open.is_some());
        // The call began before the circuit was opened, so it is no trial.
        if is_open && !self.trial {
            return true;
        }
        circuits.remove(&self.key());
        self.trial = false;
        if is_open {
            tracing::info!(tenant.id = %self.scope.tenant, flow.id = %self.scope.flow, version = self.version, "a plugin works again: its circuit is closed");
        }
        false
    }

    /// Reports a failure of the plugin. Returns whether the circuit is open now.
    pub(super) fn failed(mut self) -> bool {
        let mut circuits = self.breakers.lock();
        let circuit = circuits.entry(self.key()).or_default();
        let opened = circuit.fail(self.trial);
        self.trial = false;
        if let Some(cooling) = opened {
            tracing::warn!(tenant.id = %self.scope.tenant, flow.id = %self.scope.flow, version = self.version, failures = circuit.failures, cooling_s = cooling.as_secs(), "a plugin fails again and again: its circuit is open");
        }
        circuit.open.is_some()
    }

    fn key(&self) -> (FlowId, i32) {
        (self.scope.flow, self.version)
    }
}

impl Drop for Permission<'_> {
    fn drop(&mut self) {
        if self.trial
            && let Some(open) =
                self.breakers.lock().get_mut(&self.key()).and_then(|circuit| circuit.open.as_mut())
        {
            open.trying = false;
        }
    }
}

impl Circuit {
    /// Counts a failure. Returns the cooling time if this failure opens the circuit, for the first
    /// time or again.
    fn fail(&mut self, trial: bool) -> Option<Duration> {
        self.failures = self.failures.saturating_add(1);
        let cooling = match &self.open {
            None if self.failures < FAILURES => return None,
            None => FIRST_COOLING,
            Some(open) if trial => (open.cooling * 2).min(LONGEST_COOLING),
            // The call was under way when others opened the circuit.
            Some(_) => return None,
        };
        self.open = Some(Open { until: Instant::now() + cooling, cooling, trying: false });
        Some(cooling)
    }
}

impl Open {
    fn try_now(&mut self) -> Result<(), Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if self.trying || !left.is_zero() {
            return Err(left);
        }
        self.trying = true;
        Ok(())
    }
}

/// A plugin that fails for one user's data also gets calls for other users and answers those. So
/// this many failures in a row mean that it answers nobody.
const FAILURES: u32 = 10;

/// Long enough that a failing plugin costs next to nothing, short enough that few users notice a
/// failure that passes.
const FIRST_COOLING: Duration = Duration::from_secs(10);

/// A plugin whose dependency has recovered is served again within a minute.
const LONGEST_COOLING: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use flowhost_protocol::ids::TenantId;

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_a_circuit_and_only_its_own() {
        let (breakers, scope) = (Breakers::default(), a_flow());

        for _ in 1..FAILURES {
            assert!(!breakers.admit(scope, 1).unwrap().failed());
        }
        assert!(breakers.admit(scope, 1).unwrap().failed());

        assert_eq!(breakers.admit(scope, 1).unwrap_err(), FIRST_COOLING);
        assert!(breakers.admit(scope, 2).is_ok(), "another version");
        assert!(breakers.admit(a_flow(), 1).is_ok(), "another flow");
    }

    #[tokio::test(start_paused = true)]
    async fn one_success_in_between_is_enough() {
        let (breakers, scope) = (Breakers::default(), a_flow());
        for _ in 0..10 {
            for _ in 1..FAILURES {
                breakers.admit(scope, 1).unwrap().failed();
            }
            breakers.admit(scope, 1).unwrap().succeeded();
        }
        assert!(breakers.admit(scope, 1).is_ok());
        assert!(breakers.lock().is_empty(), "one that works leaves nothing behind");
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_at_a_time_tries_and_a_success_closes() {
        let (breakers, scope) = (Breakers::default(), a_flow());
        open(&breakers, scope);
        advance(FIRST_COOLING).await;

        let trial = breakers.admit(scope, 1).unwrap();
        assert!(breakers.admit(scope, 1).is_err(), "one at a time");
        drop(trial);
        let trial = breakers.admit(scope, 1).expect("the trial before said nothing");
        trial.succeeded();

        let both = (breakers.admit(scope, 1), breakers.admit(scope, 1));
        assert!(matches!(both, (Ok(_), Ok(_))));
        assert!(!breakers.admit(scope, 1).unwrap().failed(), "it counts from the beginning");
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_fails_doubles_the_cooling_time_up_to_a_minute() {
        let (breakers, scope) = (Breakers::default(), a_flow());
        open(&breakers, scope);

        let mut waits = Vec::new();
        for _ in 0..5 {
            let wait = breakers.admit(scope, 1).unwrap_err();
            waits.push(wait.as_secs());
            advance(wait).await;
            breakers.admit(scope, 1).unwrap().failed();
        }

        assert_eq!(waits, [10, 20, 40, 60, 60]);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_from_before_it_was_opened_change_nothing() {
        let (breakers, scope) = (Breakers::default(), a_flow());
        let (good, bad) = (breakers.admit(scope, 1).unwrap(), breakers.admit(scope, 1).unwrap());
        open(&breakers, scope);
        advance(FIRST_COOLING / 2).await;

        good.succeeded();
        assert!(bad.failed());

        assert_eq!(breakers.admit(scope, 1).unwrap_err(), FIRST_COOLING / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_version_that_comes_back_begins_afresh_and_a_flow_leaves_nothing() {
        let (breakers, scope) = (Breakers::default(), a_flow());
        open(&breakers, scope);
        open(&breakers, a_flow());

        breakers.retain(&HashSet::from([(scope.flow, 2)]));

        assert!(breakers.admit(scope, 1).is_ok());
        assert!(breakers.lock().is_empty());
    }

    fn open(breakers: &Breakers, scope: Scope) {
        let calls: Vec<_> = (0..FAILURES).map(|_| breakers.admit(scope, 1).unwrap()).collect();
        let opened: Vec<_> = calls.into_iter().map(Permission::failed).collect();
        assert_eq!(opened.last(), Some(&true));
    }

    fn a_flow() -> Scope {
        Scope { tenant: TenantId::new(), flow: FlowId::new() }
    }
}
