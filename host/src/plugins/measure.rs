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

#[cfg(test)]
mod tests {
    use wasmtime::{Instance, Module, Store};

    use super::*;
    use crate::ids::{FlowId, PluginDigest, Scope};
    use crate::plugins::engine::PluginEngine;
    use crate::plugins::reply_check::cpu_time;
    use crate::plugins::{CallLimits, stopped};
    use crate::telemetry::{BudgetSeries, Metrics};

    #[tokio::test]
    async fn the_check_of_an_answer_is_charged_to_the_calls_cpu_time() {
        let (breakers, metrics, call) = (Breakers::default(), Metrics::new(), call());
        let lane = Budget::new(1, 1, BudgetSeries::default());
        let checked = async |spins: bool| {
            let outcome = Outcome::begin(&breakers, &metrics.plugins, &call).unwrap();
            let answer = Answer::BadRequest(String::new());
            let unchecked = Unchecked::new(answer, outcome, CallUsage::default(), &call, &lane);
            let check = move |_| {
                let began = cpu_time();
                while spins && cpu_time() < began + CPU * 2 {}
                Ok(())
            };
            unchecked.check(check).await
        };

        assert!(matches!(checked(false).await, Ok(Ok(()))));
        assert!(matches!(checked(true).await, Err(PluginError::CpuTime(CPU))));
    }

    #[test]
    fn what_the_pool_runs_out_of_is_the_hosts_fault() {
        let engine = PluginEngine::new(64 << 20, 1).unwrap();
        let mut store = Store::new(engine.engine(), ());
        let empty = Module::new(engine.engine(), EMPTY_MODULE).unwrap();

        let ran_out = (0..100).find_map(|_| Instance::new(&mut store, &empty, &[]).err()).expect("there are few places");

        assert!(matches!(stopped(&call(), &ran_out), PluginError::HostFull(_)), "{ran_out:#}");
    }

    fn call() -> Call {
        let limits = CallLimits {
            memory_bytes: 0,
            cpu: CPU,
            wall: CPU,
            concurrency: 1,
            queue: 0,
            store_keys: 0,
            store_value_bytes: 0,
            outbound_requests: 0,
            outbound_response_bytes: 0,
        };
        Call {
            scope: Scope { tenant: TenantId::new(), flow: FlowId::new() },
            tenant_slug: "acme".to_owned(),
            flow_name: "booking".to_owned(),
            version: 1,
            digest: PluginDigest([0; 32]),
            limits,
            capabilities: Arc::default(),
            config: Arc::default(),
            rehearsal: false,
            request: None,
            fixed: None,
        }
    }

    /// Far more than looking at an empty text takes.
    const CPU: Duration = Duration::from_millis(100);

    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";
}
