//! What a call came to: told to the breaker of its version and to the metrics, once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::{Breakers, Permission};
use super::gate::Entered;
use super::{Call, PluginError, reply_check};
use crate::budget::Budget;
use crate::flow::{Answer, AnswerError};
use crate::ids::TenantId;
use crate::telemetry::{Blame, CallUsage, FlowSeries, FlowVersion, PluginMetrics};

/// A call that may be made. Dropped without a word, nothing is said about the plugin.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    series: Arc<FlowSeries>,
    permission: Permission<'a>,
}

/// A plugin's answer that was not looked at yet. Nobody gets at it but by [`Unchecked::check`]: an answer that can't be shown is a
/// failure of the plugin like any other. The call keeps its place until then.
#[derive(Debug)]
#[must_use]
pub struct Unchecked<'a> {
    answer: Answer,
    entered: Entered,
    told: Told<'a>,
    usage: CallUsage,
    tenant: TenantId,
    cpu: Duration,
    lane: &'a Arc<Budget>,
}

/// Who is told what a call came to.
#[derive(Debug)]
pub(super) enum Told<'a> {
    /// The breaker of its version, and the metrics.
    Host(Outcome<'a>),
    /// Whoever rehearses: of what it used.
    Rehearsal(&'a mut CallUsage),
}

impl<'a> Outcome<'a> {
    /// Counts a call, and lets it through if its version's circuit does.
    pub(super) fn begin(breakers: &'a Breakers, metrics: &PluginMetrics, call: &Call) -> Result<Self, PluginError> {
        let series =
            metrics.of(&FlowVersion { tenant: call.tenant_slug.clone(), flow: call.flow_name.clone(), version: call.version });
        series.called();
        match breakers.admit(call.scope, call.version) {
            Ok(permission) => Ok(Self { series, permission }),
            Err(retry_after) => {
                let error = PluginError::CircuitOpen { retry_after };
                series.failed(error.kind(), error.blame());
                Err(error)
            }
        }
    }

    /// What the call used, however it ended.
    pub(super) fn used(&self, usage: &CallUsage) {
        self.series.used(usage);
    }

    /// The plugin did what it is there for.
    pub(super) fn succeeded(self) {
        self.series.set_circuit_open(self.permission.succeeded());
    }

    /// The call failed; only what the plugin is to blame for counts against it.
    pub(super) fn failed(self, error: &PluginError) {
        self.fail(error.kind(), error.blame());
    }

    fn fail(self, kind: &'static str, blame: Blame) {
        self.series.failed(kind, blame);
        if blame == Blame::Guest {
            self.series.set_circuit_open(self.permission.failed());
        }
    }
}

impl Told<'_> {
    fn used(&mut self, usage: &CallUsage) {
        match self {
            Self::Host(outcome) => outcome.used(usage),
            Self::Rehearsal(told) => **told = *usage,
        }
    }

    fn succeeded(self) {
        if let Self::Host(outcome) = self {
            outcome.succeeded();
        }
    }

    fn fail(self, kind: &'static str, blame: Blame) {
        if let Self::Host(outcome) = self {
            outcome.fail(kind, blame);
        }
    }
}

impl<'a> Unchecked<'a> {
    pub(super) fn new(
        (answer, entered): (Answer, Entered),
        told: Told<'a>,
        usage: CallUsage,
        call: &Call,
        lane: &'a Arc<Budget>,
    ) -> Self {
        Self { answer, entered, told, usage, tenant: call.scope.tenant, cpu: call.limits.cpu, lane }
    }

    /// What the check makes of the answer, within what the call has left of its CPU time.
    pub async fn check<T: Send + 'static>(
        self,
        check: impl FnOnce(Answer) -> Result<T, AnswerError> + Send + 'static,
    ) -> Result<Result<T, AnswerError>, PluginError> {
        let Self { answer, entered, mut told, mut usage, tenant, cpu, lane } = self;
        let patience = entered.patience(usage.queue);
        let checked = reply_check::run(lane, tenant, patience, answer, move |answer| {
            // Until its end the check needs memory, and a place: else calls whose answers wait for theirs would pile up.
            let _entered = entered;
            check(answer)
        });
        let checked = match checked.await {
            Some((checked, time)) => {
                usage.cpu = Some(usage.cpu.unwrap_or_default() + time);
                if usage.cpu > Some(cpu) { Err(PluginError::CpuTime(cpu)) } else { Ok(checked) }
            }
            None => Err(PluginError::Overloaded),
        };
        told.used(&usage);
        match &checked {
            Ok(Ok(_)) => told.succeeded(),
            Ok(Err(_)) => told.fail("answer", Blame::Guest),
            Err(error) => told.fail(error.kind(), error.blame()),
        }
        checked
    }
}

/// Runs a future and tells how long it took.
pub(super) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let result = future.await;
    (result, began.elapsed())
}
