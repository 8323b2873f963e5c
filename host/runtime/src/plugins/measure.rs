//! The result of a call, reported once to its version's breaker and to the metrics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::{Breakers, Permission};
use super::gate::{Entered, patience_left};
use super::{Call, PluginError, reply_check};
use crate::budget::Budget;
use crate::telemetry::{Blame, CallUsage, FlowSeries, FlowVersion, PluginMetrics};
use flowhost_protocol::flow::{Answer, AnswerError};
use flowhost_protocol::ids::TenantId;

/// A call that may be made. Dropped without a report, it says nothing about the plugin.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    series: Arc<FlowSeries>,
    permission: Permission<'a>,
}

/// A plugin's answer that is not checked yet. [`Unchecked::check`] is the only way to it: an
/// invalid answer is a failure of the plugin like any other. The call keeps its permit until then.
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

/// Where the result of a call is reported.
#[derive(Debug)]
pub(super) enum Told<'a> {
    /// To its version's breaker and the metrics.
    Host(Outcome<'a>),
    /// To the caller of a rehearsal: only what the call used.
    Rehearsal(&'a mut CallUsage),
}

impl<'a> Outcome<'a> {
    /// Counts a call, and lets it through unless its version's circuit is open.
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

    /// Records what the call used, however it ended.
    pub(super) fn used(&self, usage: &CallUsage) {
        self.series.used(usage);
    }

    pub(super) fn succeeded(self) {
        self.series.set_circuit_open(self.permission.succeeded());
    }

    /// Reports a failure. Only failures that are the plugin's fault count against it.
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

    /// Runs `check` on the answer, within what is left of the call's CPU time.
    ///
    /// # Errors
    /// The outer error: no CPU time is left, or the check waited too long for its turn.
    pub async fn check<T: Send + 'static>(
        self,
        check: impl FnOnce(Answer) -> Result<T, AnswerError> + Send + 'static,
    ) -> Result<Result<T, AnswerError>, PluginError> {
        let Self { answer, entered, mut told, mut usage, tenant, cpu, lane } = self;
        let checked = reply_check::run(lane, tenant, patience_left(usage.queue), answer, move |answer| {
            // The check needs memory and a permit until its end; otherwise calls whose answers wait
            // for their check would pile up.
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

pub(super) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let result = future.await;
    (result, began.elapsed())
}

#[cfg(test)]
mod tests {
    use wasmtime::{Instance, Module, Store};

    use super::*;
    use crate::plugins::engine::PluginEngine;
    use crate::plugins::gate::Gates;
    use crate::plugins::reply_check::cpu_time;
    use crate::plugins::{CallLimits, HostLimits, stopped};
    use crate::telemetry::{BudgetSeries, Metrics};
    use flowhost_protocol::ids::{FlowId, PluginDigest, Scope};

    #[tokio::test]
    async fn the_check_of_an_answer_is_charged_to_the_calls_cpu_time() {
        let (breakers, metrics, call) = (Breakers::default(), Metrics::new(), call());
        let (lane, gates) = (Budget::new(1, 1, BudgetSeries::default()), Gates::new(HostLimits::default(), &metrics));
        let checked = async |spins: bool| {
            let outcome = Outcome::begin(&breakers, &metrics.plugins, &call).unwrap();
            let answer = Answer::BadRequest(String::new());
            let entered = gates.enter(call.scope, call.limits.concurrency, call.limits.queue).await.unwrap();
            let unchecked = Unchecked::new((answer, entered), Told::Host(outcome), CallUsage::default(), &call, &lane);
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

    /// Far more than a check of an empty text takes.
    const CPU: Duration = Duration::from_millis(100);

    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";
}
