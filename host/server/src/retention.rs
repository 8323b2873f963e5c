//! Nothing is kept for ever: the task that deletes what is over
//! ([ADR 35](../../docs/adr/0035-retention.md)). Every host has it, and one of them works at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::store::{self, PurgeCame, Store, StoreError};
use flowhost_runtime::telemetry::{self, Metrics};

/// Deletes what is over, again and again. Never returns.
pub(crate) async fn purge(store: Store, metrics: Arc<Metrics>) {
    loop {
        let began = Instant::now();
        let pause = match step(&store, &metrics).await {
            // Four fifths of the time are left to exchanges.
            Ok(PurgeCame::Working) => (began.elapsed() * 4).min(LOOK_INTERVAL),
            Ok(PurgeCame::Elsewhere | PurgeCame::Over { .. } | PurgeCame::Resting) => LOOK_INTERVAL,
            Err(error) => {
                tracing::warn!(error = %telemetry::chain(&error), "what is over can't be deleted; trying again later");
                LOOK_INTERVAL
            }
        };
        sleep(pause).await;
    }
}

async fn step(store: &Store, metrics: &Metrics) -> Result<PurgeCame, StoreError> {
    let purged = store::purge_next(store, PASS_INTERVAL).await?;
    for (kind, count) in [
        ("sessions", purged.sessions),
        ("exchanges", purged.exchanges),
        ("answered-requests", purged.answered_requests),
        ("plugin-log-lines", purged.log_lines),
        ("plugin-values", purged.flow_values),
    ] {
        metrics.purged(kind, count);
    }
    if let Some(failure) = &purged.last_failure {
        let tenants = &purged.failed_tenants;
        tracing::warn!(?tenants, error = %failure, "what is over of some tenants can't be deleted; the next pass tries again");
        metrics.purge_failed(tenants.len());
    }
    if let PurgeCame::Over { longest_exchanges_days } = purged.came {
        metrics.purge_pass_ended();
        metrics.purged("unanswered-requests", forget_all_unanswered(store).await?);
        let dropped = store::keep_months(store, longest_exchanges_days).await?;
        metrics.purged("exchange-months", dropped);
        if dropped > 0 {
            tracing::info!(dropped, "months of exchanges are over and were dropped");
        }
    }
    Ok(purged.came)
}

/// Forgets requests without a reply that are over, in small steps.
async fn forget_all_unanswered(store: &Store) -> Result<u64, StoreError> {
    let (mut after, mut forgotten) = (Uuid::nil(), 0);
    loop {
        let step = store::forget_unanswered(store, after, FORGOTTEN_IN_A_STEP).await?;
        forgotten += step.forgotten.cast_unsigned();
        if step.ended {
            return Ok(forgotten);
        }
        after = step.reached;
        sleep(PAUSE_OF_STEPS).await;
    }
}

/// Some 10 ms.
const FORGOTTEN_IN_A_STEP: i64 = 1_000;
const PAUSE_OF_STEPS: Duration = Duration::from_millis(40);

/// From the end of one pass over all tenants to the beginning of the next. Settings count days.
const PASS_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// How soon a host notices that a pass is due, or that the host that worked on one has ended.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
