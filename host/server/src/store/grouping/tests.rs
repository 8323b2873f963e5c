//! The lane and its groups, with work that doubles numbers.

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
