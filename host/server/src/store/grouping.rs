//! Work of one kind that is asked for at the same moment and done together, since a statement for
//! sixteen turns costs little more than one for two.
//!
//! There is one lane. A caller that finds it free goes alone and at once, so nobody waits when there
//! is nothing to wait for. While the lane is taken, callers queue up; when it becomes free they share
//! it, in turns between tenants. A group that fails concerns nobody: its callers go alone. Whoever
//! keeps the lane for too long loses it to those that wait, and goes on without.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use flowhost_protocol::ids::TenantId;
use flowhost_runtime::telemetry::GroupSeries;

/// Work that can be done for several callers at once.
pub(super) trait Group: Send + Sync + Sized + 'static {
    /// What one caller asks for.
    type Item: Send + 'static;
    /// What it gets.
    type Answer: Send + 'static;

    /// Does the work of all. Returns an answer for each item, in the same order; none where the
    /// caller has to go alone.
    fn run(&self, items: Vec<Self::Item>) -> BoxFuture<'_, Vec<Option<Self::Answer>>>;
}

/// Groups callers.
pub(super) struct Grouping<G: Group> {
    group: G,
    queue: Mutex<Queue<G>>,
    most_groups: usize,
    series: GroupSeries,
}

/// How a caller gets its work done.
pub(super) enum Way<G: Group> {
    /// It does the work itself, in the lane if it has it.
    Alone(Option<Lane<G>>),
    /// The work was done together with others'.
    Together(G::Answer),
}

/// The lane. When dropped it goes to those who wait for it, unless it was taken away before.
pub(super) struct Lane<G: Group> {
    grouping: Arc<Grouping<G>>,
    number: u64,
}

/// Callers that wait for the lane.
struct Queue<G: Group> {
    /// Who has the lane.
    holder: Option<Holder>,
    next_number: u64,
    /// The groups under way, including those that have lost the lane.
    groups: usize,
    tenants: HashMap<TenantId, VecDeque<Waiting<G>>>,
    /// The order of the tenants. Each with waiting callers is in it once.
    turns: VecDeque<TenantId>,
}

struct Holder {
    number: u64,
    since: Instant,
    is_group: bool,
}

struct Waiting<G: Group> {
    item: G::Item,
    sender: oneshot::Sender<Way<G>>,
}

impl<G: Group> Grouping<G> {
    /// Groups of this kind of work, of which so many may be under way at once: the one in the lane,
    /// and those that have lost it.
    pub(super) fn new(group: G, most_groups: usize, series: GroupSeries) -> Arc<Self> {
        let queue = Queue {
            holder: None,
            next_number: 0,
            groups: 0,
            tenants: HashMap::default(),
            turns: VecDeque::default(),
        };
        Arc::new(Self { group, queue: Mutex::new(queue), most_groups, series })
    }

    /// Finds the way for a caller's work. `item` is made only if the caller has to wait.
    pub(super) async fn join(
        self: &Arc<Self>,
        tenant: TenantId,
        item: impl FnOnce() -> G::Item,
    ) -> Way<G> {
        if let Some(lane) = self.lane_if_free(&mut self.lock()) {
            return Way::Alone(Some(lane));
        }
        let (sender, mut receiver) = oneshot::channel();
        let waiting = Waiting { item: item(), sender };
        {
            let mut queue = self.lock();
            if let Some(lane) = self.lane_if_free(&mut queue) {
                return Way::Alone(Some(lane));
            }
            queue.push(tenant, waiting);
        }
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            match timeout(LANE_TIME, &mut receiver).await {
                Ok(Ok(way)) => return way,
                Ok(Err(_)) => break,
                Err(_) => self.take_from_slow_holder(),
            }
        }
        Way::Alone(None)
    }

    fn lane_if_free(self: &Arc<Self>, queue: &mut Queue<G>) -> Option<Lane<G>> {
        queue.holder.is_none().then(|| self.lane(queue, false))
    }

    /// Gives out the lane, whoever had it before.
    fn lane(self: &Arc<Self>, queue: &mut Queue<G>, is_group: bool) -> Lane<G> {
        let number = queue.next_number;
        queue.next_number += 1;
        queue.holder = Some(Holder { number, since: Instant::now(), is_group });
        Lane { grouping: self.clone(), number }
    }

    /// Passes the lane on from its holder to those who wait.
    fn pass_on(self: &Arc<Self>, number: u64) {
        let mut queue = self.lock();
        if queue.holder.as_ref().is_some_and(|holder| holder.number == number) {
            queue.holder = None;
            self.let_travel(queue);
        }
    }

    /// Gives those who wait the lane of a holder that has had it for too long: it may be waiting for
    /// a lock that is no other caller's concern, or for a connection that went silent.
    fn take_from_slow_holder(self: &Arc<Self>) {
        let queue = self.lock();
        let may_be_taken = queue.holder.as_ref().is_none_or(|holder| {
            let another_group_may_go = !holder.is_group || queue.groups < self.most_groups;
            holder.since.elapsed() >= LANE_TIME && another_group_may_go
        });
        if may_be_taken {
            self.let_travel(queue);
        }
    }

    /// Gives the lane to those who wait, if there are any. Nothing is sent, and no lane dropped,
    /// while the queue is locked.
    fn let_travel(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue<G>>) {
        let mut group = queue.pop(MOST);
        let Some(last) = group.pop() else { return };
        let lane = self.lane(&mut queue, !group.is_empty());
        if group.is_empty() {
            drop(queue);
            drop(last.sender.send(Way::Alone(Some(lane))));
            return;
        }
        queue.groups += 1;
        drop(queue);
        group.push(last);
        let under_way = UnderWay(lane);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(under_way.travel(group));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<G>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A group under way, with the lane that it began in.
struct UnderWay<G: Group>(Lane<G>);

impl<G: Group> UnderWay<G> {
    /// Does the work of a group. It is a task of its own, so that no caller that gives up takes the
    /// others' answers along.
    async fn travel(self, group: Vec<Waiting<G>>) {
        let (items, senders): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.item, waiting.sender)).unzip();
        let grouping = &self.0.grouping;
        let answers = grouping.group.run(items).await;
        grouping.series.travelled(answers.len(), answers.iter().flatten().count());
        // The next group can begin while the answers of this one are taken.
        drop(self);
        for (sender, answer) in senders.into_iter().zip(answers) {
            drop(sender.send(answer.map_or(Way::Alone(None), Way::Together)));
        }
    }
}

impl<G: Group> Drop for UnderWay<G> {
    fn drop(&mut self) {
        self.0.grouping.lock().groups -= 1;
    }
}

impl<G: Group> Way<G> {
    /// Does the caller's work by itself with `work`, unless it was done together with others'.
    pub(super) async fn finish<E>(
        self,
        work: impl Future<Output = Result<G::Answer, E>>,
    ) -> Result<G::Answer, E> {
        match self {
            Self::Together(answer) => Ok(answer),
            Self::Alone(_lane) => work.await,
        }
    }
}

impl<G: Group> Drop for Lane<G> {
    fn drop(&mut self) {
        self.grouping.pass_on(self.number);
    }
}

impl<G: Group> Queue<G> {
    fn push(&mut self, tenant: TenantId, waiting: Waiting<G>) {
        let of_tenant = self.tenants.entry(tenant).or_default();
        if of_tenant.is_empty() {
            self.turns.push_back(tenant);
        }
        of_tenant.push_back(waiting);
    }

    /// Takes at most `most` callers that still wait, one of each tenant in turn.
    fn pop(&mut self, most: usize) -> Vec<Waiting<G>> {
        let mut group = Vec::new();
        while group.len() < most
            && let Some(tenant) = self.turns.pop_front()
            && let Some(of_tenant) = self.tenants.get_mut(&tenant)
        {
            group.extend(of_tenant.pop_front().filter(|waiting| !waiting.sender.is_closed()));
            if of_tenant.is_empty() {
                self.tenants.remove(&tenant);
            } else {
                self.turns.push_back(tenant);
            }
        }
        group
    }
}

impl<G: Group> fmt::Debug for Grouping<G> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Grouping")
    }
}

/// So many share a lane at most. The costs of a statement are spread thin by then, and its last
/// caller waits little longer than its first.
const MOST: usize = 32;

/// How long the lane is kept if others wait for it. A commit takes a few milliseconds, most of it
/// the disk's.
const LANE_TIME: Duration = Duration::from_millis(10);

/// How long a caller waits before it goes alone. A statement that gets no answer is given up
/// before that, so this ends only the wait for groups with such statements.
const PATIENCE: Duration = Duration::from_millis(2_500);
