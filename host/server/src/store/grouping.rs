//! Work of one kind that is asked for at the same moment and done together, since a statement for
//! sixteen turns costs little more than one for two.
//!
//! There are a few lanes. A caller that finds one free goes alone and at once, so nobody waits when
//! there is nothing to wait for. While all lanes are taken, callers queue up; when one becomes free
//! they share it, in turns between tenants. A group that fails concerns nobody: its callers go
//! alone.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

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
    series: GroupSeries,
}

/// How a caller gets its work done.
pub(super) enum Way<G: Group> {
    /// It does the work itself, in the lane if it has one.
    Alone(Option<Lane<G>>),
    /// The work was done together with others'.
    Together(G::Answer),
}

/// One of the lanes. When dropped it goes to those who wait for it.
pub(super) struct Lane<G: Group>(Arc<Grouping<G>>);

/// Callers that wait for a lane.
struct Queue<G: Group> {
    free_lanes: usize,
    tenants: HashMap<TenantId, VecDeque<Waiting<G>>>,
    /// The order of the tenants. Each with waiting callers is in it once.
    turns: VecDeque<TenantId>,
}

struct Waiting<G: Group> {
    item: G::Item,
    sender: oneshot::Sender<Way<G>>,
}

impl<G: Group> Grouping<G> {
    /// Groups of this kind of work, with so many lanes.
    pub(super) fn new(group: G, lanes: usize, series: GroupSeries) -> Arc<Self> {
        let queue =
            Queue { free_lanes: lanes, tenants: HashMap::default(), turns: VecDeque::default() };
        Arc::new(Self { group, queue: Mutex::new(queue), series })
    }

    /// Finds the way for a caller's work. `item` is made only if the caller has to wait.
    pub(super) async fn join(
        self: &Arc<Self>,
        tenant: TenantId,
        item: impl FnOnce() -> G::Item,
    ) -> Way<G> {
        if self.lock().take_lane() {
            return Way::Alone(Some(Lane(self.clone())));
        }
        let (sender, receiver) = oneshot::channel();
        let waiting = Waiting { item: item(), sender };
        {
            let mut queue = self.lock();
            if queue.take_lane() {
                return Way::Alone(Some(Lane(self.clone())));
            }
            queue.push(tenant, waiting);
        }
        match timeout(PATIENCE, receiver).await {
            Ok(Ok(way)) => way,
            Ok(Err(_)) | Err(_) => Way::Alone(None),
        }
    }

    /// Passes a lane on to those who wait.
    fn pass_on(self: &Arc<Self>) {
        let mut group = {
            let mut queue = self.lock();
            let group = queue.pop(MOST);
            if group.is_empty() {
                queue.free_lanes += 1;
            }
            group
        };
        // Nothing is sent and no lane is dropped while the queue is locked.
        let Some(last) = group.pop() else { return };
        let lane = Lane(self.clone());
        if group.is_empty() {
            drop(last.sender.send(Way::Alone(Some(lane))));
        } else if let Ok(runtime) = Handle::try_current() {
            group.push(last);
            runtime.spawn(travel(lane, group));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<G>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does the work of a group. It is a task of its own, so that no caller that gives up takes the
/// others' answers along.
async fn travel<G: Group>(lane: Lane<G>, group: Vec<Waiting<G>>) {
    let (items, senders): (Vec<_>, Vec<_>) =
        group.into_iter().map(|waiting| (waiting.item, waiting.sender)).unzip();
    let answers = lane.0.group.run(items).await;
    lane.0.series.travelled(answers.len(), answers.iter().flatten().count());
    // The next group can begin while the answers of this one are taken.
    drop(lane);
    for (sender, answer) in senders.into_iter().zip(answers) {
        drop(sender.send(answer.map_or(Way::Alone(None), Way::Together)));
    }
}

impl<G: Group> Way<G> {
    /// Does the caller's work by itself with `work`, unless it was done together with others'. Work
    /// that takes longer than it should has its lane taken away and goes on without: it may wait
    /// for a lock that is no other caller's concern.
    pub(super) async fn finish<E>(
        self,
        work: impl Future<Output = Result<G::Answer, E>>,
    ) -> Result<G::Answer, E> {
        let lane = match self {
            Self::Together(answer) => return Ok(answer),
            Self::Alone(lane) => lane,
        };
        let mut work = pin!(work);
        if let Some(_lane) = lane
            && let Ok(done) = timeout(LANE_TIME, &mut work).await
        {
            return done;
        }
        work.await
    }
}

impl<G: Group> Drop for Lane<G> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

impl<G: Group> Queue<G> {
    fn take_lane(&mut self) -> bool {
        let free = self.free_lanes > 0;
        self.free_lanes -= usize::from(free);
        free
    }

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

/// The longest time that one caller keeps a lane for itself. A commit takes a few milliseconds, most
/// of it the disk's.
const LANE_TIME: Duration = Duration::from_millis(10);

/// How long a caller waits before it goes alone. A statement that gets no answer is given up
/// before that, so this ends only the wait for lanes of such statements.
const PATIENCE: Duration = Duration::from_millis(2_500);

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures_util::FutureExt as _;
    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    #[tokio::test]
    async fn who_finds_a_lane_free_goes_alone_and_at_once() {
        let work = work(2);
        let ways = [ask(&work, 1).now_or_never(), ask(&work, 2).now_or_never()];
        assert!(ways.iter().all(|way| matches!(way, Some(Way::Alone(Some(_))))));
        assert!(ask(&work, 3).now_or_never().is_none());

        drop(ways);

        assert!(ask(&work, 4).now_or_never().is_some(), "the lanes are free again");
        assert_eq!(work.group.groups(), Vec::<Vec<u32>>::new());
    }

    #[tokio::test]
    async fn those_who_wait_share_the_next_lane() {
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
    async fn nobody_waits_for_a_lane_that_is_never_free() {
        let work = work(1);
        let _lane = ask(&work, 0).await;
        let began = tokio::time::Instant::now();

        assert!(matches!(ask(&work, 1).await, Way::Alone(None)));
        assert_eq!(began.elapsed().as_millis(), PATIENCE.as_millis());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_long_loses_the_lane_and_goes_on() {
        let work = work(1);
        let began = tokio::time::Instant::now();
        let slow = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, ()>(1)
        };
        let slow = tokio::spawn(ask(&work, 0).await.finish(slow));

        let next = ask(&work, 2).await;

        assert!(matches!(next, Way::Alone(Some(_))));
        assert_eq!(began.elapsed(), LANE_TIME);
        assert_eq!(slow.await.unwrap(), Ok(1));
    }

    /// Doubles numbers, and keeps which it got together.
    #[derive(Default)]
    struct Doubling(Mutex<Vec<Vec<u32>>>);

    impl Doubling {
        fn groups(&self) -> Vec<Vec<u32>> {
            self.0.lock().unwrap().clone()
        }
    }

    impl Group for Doubling {
        type Item = u32;
        type Answer = u32;

        fn run(&self, items: Vec<u32>) -> BoxFuture<'_, Vec<Option<u32>>> {
            async move {
                assert!(!items.contains(&PANIC), "as the test asks");
                self.0.lock().unwrap().push(items.clone());
                items.iter().map(|item| (*item != NO_ANSWER).then_some(item * 2)).collect()
            }
            .boxed()
        }
    }

    fn work(lanes: usize) -> Arc<Grouping<Doubling>> {
        Grouping::new(Doubling::default(), lanes, GroupSeries::default())
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
    const PANIC: u32 = 666;
}
