//! Work of one kind that is asked for at the same moment and done together, since a statement for
//! sixteen turns costs little more than one for two.
//!
//! There is one lane. A caller that finds it free goes alone and at once, so nobody waits when there
//! is nothing to wait for. While the lane is taken, callers queue up; when it becomes free they share
//! it, in turns between tenants. A group that fails concerns nobody: its callers go alone. Whoever
//! keeps the lane for too long loses it to those that wait, and goes on without.

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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::Notify;
    use tokio::task::{JoinHandle, yield_now};
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn who_finds_the_lane_free_goes_alone_and_at_once() {
        let work = work(1);
        let way = ask(&work, 1).now_or_never();
        assert!(matches!(way, Some(Way::Alone(Some(_)))));
        assert!(ask(&work, 2).now_or_never().is_none());

        drop(way);

        assert!(ask(&work, 3).now_or_never().is_some(), "the lane is free again");
        assert_eq!(work.group.groups(), Vec::<Vec<u32>>::new());
    }

    #[tokio::test]
    async fn those_who_wait_share_the_lane() {
        let work = work(1);
        let lane = ask(&work, 0).await;
        let asked = queue(&work, &[(1, 1), (2, 2), (1, 3)]).await;

        drop(lane);

        assert_eq!(answers(asked).await, [Some(2), Some(4), Some(6)]);
        assert_eq!(work.group.groups(), [[1, 2, 3]]);
        assert!(ask(&work, 4).now_or_never().is_some());
    }

    #[tokio::test]
    async fn the_only_one_who_waits_goes_alone() {
        let work = work(1);
        let lane = ask(&work, 0).await;
        let asked = queue(&work, &[(1, 1)]).await;

        drop(lane);

        assert_eq!(answers(asked).await, [None]);
        assert!(ask(&work, 2).now_or_never().is_some(), "it gave the lane back");
    }

    #[tokio::test]
    async fn tenants_take_turns_in_groups_of_limited_size() {
        let work = work(1);
        let lane = ask(&work, 0).await;
        let flood: Vec<_> = (0..40).map(|number| (1, number)).collect();
        let mut asked = queue(&work, &flood).await;
        asked.extend(queue(&work, &[(2, 100)]).await);

        drop(lane);

        answers(asked).await;
        let groups = work.group.groups();
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [32, 9]);
        assert_eq!(groups[0][1], 100, "the second tenant is served second");
    }

    #[tokio::test]
    async fn those_who_gave_up_are_left_out() {
        let work = work(1);
        let lane = ask(&work, 0).await;
        let mut asked = queue(&work, &[(1, 1), (1, 2), (1, 3)]).await;
        let gone = asked.remove(0);
        gone.abort();
        assert!(gone.await.is_err());

        drop(lane);

        assert_eq!(answers(asked).await, [Some(4), Some(6)]);
        assert_eq!(work.group.groups(), [[2, 3]]);
    }

    #[tokio::test]
    async fn members_without_an_answer_go_alone() {
        let work = work(1);
        let lane = ask(&work, 0).await;
        let asked = queue(&work, &[(1, 1), (1, NO_ANSWER), (1, 3)]).await;

        drop(lane);

        assert_eq!(answers(asked).await, [Some(2), None, Some(6)]);
    }

    #[tokio::test]
    async fn a_group_that_panics_costs_neither_its_members_nor_the_lane() {
        let work = work(1);
        let lane = ask(&work, 0).await;
        let asked = queue(&work, &[(1, 1), (1, PANIC)]).await;

        drop(lane);

        assert_eq!(answers(asked).await, [None, None]);
        assert!(ask(&work, 2).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_long_loses_the_lane_to_those_who_wait_and_goes_on() {
        let work = work(1);
        let slow = async {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, ()>(1)
        };
        let slow = tokio::spawn(ask(&work, 0).await.finish(slow));
        let began = Instant::now();

        let next = ask(&work, 2).await;
        assert!(matches!(next, Way::Alone(Some(_))));
        assert_eq!(began.elapsed(), LANE_TIME);
        assert_eq!(slow.await.unwrap(), Ok(1));
        assert!(ask(&work, 3).now_or_never().is_none(), "what was taken away is not given back");

        drop(next);
        assert!(ask(&work, 4).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_long_and_is_alone_keeps_the_lane() {
        let work = work(1);
        let slow = ask(&work, 0).await;
        sleep(10 * LANE_TIME).await;

        assert!(ask(&work, 1).now_or_never().is_none());
        drop(slow);
        assert!(ask(&work, 2).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn slow_groups_lose_the_lane_until_there_are_too_many_of_them() {
        let work = work(2);
        let mut asked = Vec::new();
        for _ in 0..2 {
            let lane = ask(&work, 0).await;
            asked.extend(queue(&work, &[(1, SLOW), (1, SLOW)]).await);
            drop(lane);
            sleep(LANE_TIME).await;
            // Who waits takes the lane, and gives it back.
            asked.extend(queue(&work, &[(1, 5)]).await);
            sleep(2 * LANE_TIME).await;
        }
        assert_eq!(work.group.groups(), [[SLOW, SLOW], [SLOW, SLOW]]);
        assert!(timeout(10 * LANE_TIME, ask(&work, 1)).await.is_err(), "there are two of them");

        work.group.go_on.notify_waiters();

        assert_eq!(answers(asked).await.iter().flatten().count(), 4);
        assert!(ask(&work, 2).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_group_that_never_ends() {
        let work = work(1);
        let lane = ask(&work, 0).await;
        let asked = queue(&work, &[(1, SLOW), (1, SLOW)]).await;
        drop(lane);
        let began = Instant::now();

        assert!(matches!(ask(&work, 1).await, Way::Alone(None)));
        assert_eq!(began.elapsed().as_millis(), PATIENCE.as_millis());
        assert_eq!(answers(asked).await, [None, None]);
    }

    /// Doubles numbers, and keeps which it got together.
    #[derive(Default)]
    struct Doubling {
        groups: Mutex<Vec<Vec<u32>>>,
        go_on: Notify,
    }

    impl Doubling {
        fn groups(&self) -> Vec<Vec<u32>> {
            self.groups.lock().unwrap().clone()
        }
    }

    impl Group for Doubling {
        type Item = u32;
        type Answer = u32;

        fn run(&self, items: Vec<u32>) -> BoxFuture<'_, Vec<Option<u32>>> {
            async move {
                assert!(!items.contains(&PANIC), "as the test asks");
                self.groups.lock().unwrap().push(items.clone());
                if items.contains(&SLOW) {
                    self.go_on.notified().await;
                }
                items.iter().map(|item| (*item != NO_ANSWER).then_some(item * 2)).collect()
            }
            .boxed()
        }
    }

    fn work(most_groups: usize) -> Arc<Grouping<Doubling>> {
        Grouping::new(Doubling::default(), most_groups, GroupSeries::default())
    }

    async fn ask(work: &Arc<Grouping<Doubling>>, item: u32) -> Way<Doubling> {
        work.join(TenantId(uuid::Uuid::from_u128(1)), || item).await
    }

    /// Asks for tenants' items, and returns when all wait in this order.
    async fn queue(
        work: &Arc<Grouping<Doubling>>,
        items: &[(u128, u32)],
    ) -> Vec<JoinHandle<Option<u32>>> {
        let mut asked = Vec::new();
        let waiting = || work.lock().tenants.values().map(VecDeque::len).sum::<usize>();
        let before = waiting();
        for (tenant, item) in items.iter().copied() {
            let work = work.clone();
            asked.push(tokio::spawn(async move {
                match work.join(TenantId(uuid::Uuid::from_u128(tenant)), || item).await {
                    Way::Together(answer) => Some(answer),
                    Way::Alone(_) => None,
                }
            }));
        }
        let began = Instant::now();
        while waiting() < before + items.len() {
            assert!(began.elapsed() < Duration::from_secs(10), "they don't come to wait");
            yield_now().await;
        }
        asked
    }

    async fn answers(asked: Vec<JoinHandle<Option<u32>>>) -> Vec<Option<u32>> {
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(asked.await.unwrap());
        }
        answers
    }

    const NO_ANSWER: u32 = 13;
    const SLOW: u32 = 99;
    const PANIC: u32 = 666;
}
