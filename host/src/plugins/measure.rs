//! What a call came to: told to the breaker of its version and to the metrics, once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::{Breakers, Permission};
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
/// failure of the plugin like any other.
#[derive(Debug)]
#[must_use]
pub struct Unchecked<'a> {
    answer: Answer,
    outcome: Outcome<'a>,
    usage: CallUsage,
    tenant: TenantId,
    cpu: Duration,
    lane: &'a Arc<Budget>,
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

impl<'a> Unchecked<'a> {
    pub(super) fn new(answer: Answer, outcome: Outcome<'a>, usage: CallUsage, call: &Call, lane: &'a Arc<Budget>) -> Self {
        Self { answer, outcome, usage, tenant: call.scope.tenant, cpu: call.limits.cpu, lane }
    }

    /// What the check makes of the answer, within what the call has left of its CPU time.
    pub async fn check<T: Send + 'static>(
        mut self,
        check: impl FnOnce(Answer) -> Result<T, AnswerError> + Send + 'static,
    ) -> Result<Result<T, AnswerError>, PluginError> {
        let (checked, time) = reply_check::run(self.lane, self.tenant, self.answer, check).await;
        let used = self.usage.cpu.unwrap_or_default() + time;
        self.usage.cpu = Some(used);
        self.outcome.used(&self.usage);
        if used > self.cpu {
            let error = PluginError::CpuTime(self.cpu);
            self.outcome.failed(&error);
            return Err(error);
        }
        match &checked {
            Ok(_) => self.outcome.succeeded(),
            Err(_) => self.outcome.fail("answer", Blame::Guest),
        }
        Ok(checked)
    }
}

/// Runs a future and tells how long it took.
pub(super) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let result = future.await;
    (result, began.elapsed())
}
