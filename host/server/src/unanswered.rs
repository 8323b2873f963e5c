//! Requests to flows that got no reply, counted in the database, so that whoever looks after a flow
//! sees them without the log of the host
//! ([ADR 47](../../docs/adr/0047-requests-without-a-reply.md)).
//!
//! A request is counted in memory and never waits. One writer per host takes the counts to the
//! database, tenant by tenant. However many requests there are, a flow has one row for each minute,
//! reason and version; of what senders are to blame for, one for each hour, since anybody can send
//! that. What does not fit is not counted here, but in the metrics like all of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::store::{self, Store, StoreError, UnansweredCount, UnansweredKey, UnansweredRow};
use flowhost_protocol::ids::{RequestId, Scope, TenantId};
use flowhost_runtime::telemetry::{self, Blame};

/// Counts requests that got no reply.
#[derive(Debug, Default)]
pub(crate) struct Unanswered {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

/// A request that got no reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnansweredRequest<'a> {
    /// The flow that it was for.
    pub(crate) scope: Scope,
    /// The version of the plugin that was active.
    pub(crate) version: Option<i32>,
    /// Its id.
    pub(crate) request: RequestId,
    /// The status that its sender got.
    pub(crate) status: u16,
    /// Why, as the metrics label it.
    pub(crate) reason: &'static str,
    /// Who is at fault.
    pub(crate) blame: Blame,
    /// A text of the host's, with nothing that anybody sent and nothing of the machine.
    pub(crate) cause: &'a str,
}

/// Counts on their way to the database.
#[derive(Debug, Default)]
struct Waiting {
    counts: BTreeMap<(Scope, UnansweredKey), UnansweredCount>,
    /// How many of them are of senders' faults.
    of_peers: usize,
    /// How many of them each tenant has.
    of_tenants: HashMap<TenantId, usize>,
}

impl Unanswered {
    /// Counts a request now.
    pub(crate) fn note(&self, request: UnansweredRequest<'_>) {
        let now = OffsetDateTime::now_utc();
        let UnansweredRequest { scope, version, reason, blame, .. } = request;
        let minute = match blame {
            Blame::Guest | Blame::Host => now.unix_timestamp() / 60,
            Blame::Peer => now.unix_timestamp() / 3600 * 60,
        };
        let key = UnansweredKey { minute, reason, blame: blame.as_str(), version };
        let count = UnansweredCount {
            count: 1,
            status: request.status,
            cause: telemetry::printable(request.cause, MOST_CAUSE_BYTES),
            request: request.request,
            last_at: now,
        };
        self.lock().add(scope, key, count);
        self.arrived.notify_one();
    }

    /// Writes counts to the database, once a second while there are any. After `stop` it writes what
    /// is left, also what came while it wrote, and returns.
    pub(crate) async fn write(&self, store: &Store, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = self.arrived.notified() => {
                    let _ = timeout(PAUSE, stop.cancelled()).await;
                    if !self.write_all(store).await {
                        let _ = timeout(PAUSE_AFTER_FAILURE, stop.cancelled()).await;
                        self.arrived.notify_one();
                    }
                }
                () = stop.cancelled() => {}
            }
        }
        // The host gives up on this after a while.
        while !self.write_all(store).await {
            sleep(LAST_PAUSE).await;
        }
    }

    /// Writes what waits. What could not be written waits again. Returns whether all was written.
    async fn write_all(&self, store: &Store) -> bool {
        let mut failure = None;
        let taken = std::mem::take(&mut *self.lock());
        for (tenant, rows) in taken.by_tenant() {
            // Without a database, each would wait for its connection as long as the first.
            if !matches!(failure, Some(StoreError::NoConnection | StoreError::Stopping)) {
                match store::add_unanswered(store, tenant, &rows).await {
                    Ok(()) => continue,
                    Err(error) => failure = Some(error),
                }
            }
            let mut waiting = self.lock();
            for UnansweredRow { flow, key, count } in rows {
                waiting.add(Scope { tenant, flow }, key, count);
            }
        }
        if let Some(error) = &failure {
            tracing::warn!(error = %telemetry::chain(error), "requests without a reply can't be counted; trying again later");
        }
        failure.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Adds to what is counted already. A new row has to fit: a tenant leaves room to others, and
    /// those that senders are to blame for to the rest.
    fn add(&mut self, scope: Scope, key: UnansweredKey, count: UnansweredCount) {
        if let Some(counted) = self.counts.get_mut(&(scope, key)) {
            counted.add(count);
            return;
        }
        let is_peers = key.blame == Blame::Peer.as_str();
        let of_tenant = self.of_tenants.entry(scope.tenant).or_default();
        if self.counts.len() >= MOST_WAITING
            || *of_tenant >= MOST_OF_A_TENANT
            || (is_peers && self.of_peers >= MOST_OF_PEERS)
        {
            return;
        }
        *of_tenant += 1;
        self.of_peers += usize::from(is_peers);
        self.counts.insert((scope, key), count);
    }

    fn by_tenant(self) -> BTreeMap<TenantId, Vec<UnansweredRow>> {
        let mut tenants: BTreeMap<TenantId, Vec<_>> = BTreeMap::new();
        for ((scope, key), count) in self.counts {
            let row = UnansweredRow { flow: scope.flow, key, count };
            tenants.entry(scope.tenant).or_default().push(row);
        }
        tenants
    }
}

/// Between two writes, so that a flow that fails a thousand times a second costs one statement.
const PAUSE: Duration = Duration::from_secs(1);

/// A database that is away is asked less often.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(4);
const LAST_PAUSE: Duration = Duration::from_millis(500);

/// Rows that may wait: some 500 bytes each.
const MOST_WAITING: usize = 4_000;
const MOST_OF_PEERS: usize = 1_000;
const MOST_OF_A_TENANT: usize = 400;

/// Causes are a line long.
const MOST_CAUSE_BYTES: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_protocol::ids::FlowId;
    use uuid::Uuid;

    /// Of one of a hundred tenants.
    fn request(flow: u128, blame: Blame) -> UnansweredRequest<'static> {
        UnansweredRequest {
            scope: Scope {
                tenant: TenantId(Uuid::from_u128(flow % 100)),
                flow: FlowId(Uuid::from_u128(flow)),
            },
            version: Some(1),
            request: RequestId::new(),
            status: 500,
            reason: "cpu-time",
            blame,
            cause: "the plugin failed: it used up its CPU time",
        }
    }

    #[test]
    fn requests_of_a_flow_are_one_row_whose_last_one_is_known() {
        let unanswered = Unanswered::default();
        let last = UnansweredRequest { status: 503, ..request(1, Blame::Guest) };
        for request in [request(1, Blame::Guest), request(1, Blame::Guest), last] {
            unanswered.note(request);
        }

        let tenants = std::mem::take(&mut *unanswered.lock()).by_tenant();

        let rows: Vec<_> = tenants.into_values().flatten().collect();
        assert_eq!(rows.iter().map(|row| row.count.count).sum::<i64>(), 3);
        // Two if a minute ended in between.
        assert!(rows.len() < 3, "{rows:?}");
        let newest = &rows.last().unwrap().count;
        assert_eq!((newest.status, newest.request), (503, last.request));
    }

    #[test]
    fn strangers_take_no_room_from_what_the_host_and_plugins_do_wrong() {
        let unanswered = Unanswered::default();
        let most = u128::try_from(MOST_WAITING).unwrap();
        for flow in 0..2 * most {
            unanswered.note(request(flow, Blame::Peer));
        }
        assert_eq!(unanswered.lock().counts.len(), MOST_OF_PEERS);
        for flow in 0..2 * most {
            unanswered.note(request(flow, Blame::Guest));
        }

        assert_eq!(unanswered.lock().counts.len(), MOST_WAITING);
        assert_eq!(unanswered.lock().of_peers, MOST_OF_PEERS);
    }

    #[test]
    fn a_tenant_takes_no_room_from_others() {
        let unanswered = Unanswered::default();
        for flow in 0..1_000 {
            unanswered.note(request(flow * 100, Blame::Host));
        }
        unanswered.note(request(1, Blame::Host));

        let tenants = std::mem::take(&mut *unanswered.lock()).by_tenant();

        let rows: Vec<_> = tenants.values().map(Vec::len).collect();
        assert_eq!(rows, [MOST_OF_A_TENANT, 1]);
    }

    #[test]
    fn what_senders_are_to_blame_for_is_counted_by_the_hour() {
        let unanswered = Unanswered::default();
        unanswered.note(request(1, Blame::Peer));
        unanswered.note(request(1, Blame::Guest));

        let waiting = unanswered.lock();
        let of = |blame: Blame| {
            let mut keys = waiting.counts.keys().map(|(_, key)| key);
            keys.find(|key| key.blame == blame.as_str()).unwrap().minute
        };
        assert_eq!(of(Blame::Peer) % 60, 0);
        assert!((0..=60).contains(&(of(Blame::Guest) - of(Blame::Peer))));
    }

    #[test]
    fn a_tenants_rows_are_written_together() {
        let unanswered = Unanswered::default();
        for flow in [1, 2, 101, 102, 202] {
            unanswered.note(request(flow, Blame::Guest));
        }

        let tenants = std::mem::take(&mut *unanswered.lock()).by_tenant();

        let rows: Vec<_> = tenants.values().map(Vec::len).collect();
        assert_eq!(rows, [2, 3]);
    }
}
