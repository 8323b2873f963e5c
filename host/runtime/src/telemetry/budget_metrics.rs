//! The metrics of the budgets that tenants share.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Default)]
pub(super) struct BudgetMetrics {
    size: Family<BudgetLabel, Gauge>,
    used: Family<BudgetLabel, Gauge>,
    waits: Family<BudgetLabel, Counter>,
    refusals: Family<BudgetLabel, Counter>,
}

/// The metrics of one budget. The series of `default()` are not registered, so they are not shown.
#[derive(Clone, Debug, Default)]
pub struct BudgetSeries {
    size: Gauge,
    used: Gauge,
    waits: Counter,
    refusals: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabel {
    budget: &'static str,
}

impl BudgetMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "budget_size",
            "How much of a thing all tenants share",
            self.size.clone(),
        );
        registry.register("budget_used", "How much of it is in use", self.used.clone());
        registry.register(
            "budget_waits",
            "How often somebody had to wait for a part of it",
            self.waits.clone(),
        );
        registry.register(
            "budget_refusals",
            "How often somebody got no part of it, at once or after waiting",
            self.refusals.clone(),
        );
    }

    pub(super) fn of(&self, budget: &'static str) -> BudgetSeries {
        let label = BudgetLabel { budget };
        BudgetSeries {
            size: self.size.get_or_create_owned(&label),
            used: self.used.get_or_create_owned(&label),
            waits: self.waits.get_or_create_owned(&label),
            refusals: self.refusals.get_or_create_owned(&label),
        }
    }
}

impl BudgetSeries {
    /// Sets how much there is in all.
    pub fn has_size(&self, size: u64) {
        self.size.set(signed(size));
    }

    /// Counts `amount` as in use.
    pub fn taken(&self, amount: u64) {
        self.used.inc_by(signed(amount));
    }

    /// Counts `amount` as free again.
    pub(crate) fn given_back(&self, amount: u64) {
        self.used.dec_by(signed(amount));
    }

    /// Counts a caller that has to wait.
    pub fn waits(&self) {
        self.waits.inc();
    }

    /// Counts a caller that got nothing, at once or after waiting.
    pub fn refused(&self) {
        self.refusals.inc();
    }
}

fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
