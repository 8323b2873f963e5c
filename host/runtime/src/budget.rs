//! A budget of the whole host that its tenants share, such as call slots, memory or look-ups. The
//! tenant that holds the least is served next, and a part is reserved for tenants that hold little.
//!
//! A quarter is reserved. Of the rest, no tenant holds more than is left of it: one tenant alone
//! gets half, two get a half and a quarter. So a few tenants that want everything never reach the
//! reserve. Of the reserve, a tenant gets at most a sixteenth of what is free, or one claim where
//! that is less. A budget of 512 slots still has room for a newcomer after sixty tenants have taken
//! all they could.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::telemetry::BudgetSeries;
use flowhost_protocol::ids::TenantId;

/// An amount of something, with what each tenant holds of it and waits for.
#[derive(Debug)]
pub struct Budget {
    state: Mutex<State>,
    /// The most claims that may wait for one tenant.
    queue: usize,
    series: BudgetSeries,
}

/// A part of a budget. It is given back when dropped.
#[derive(Debug)]
pub struct Claim {
    budget: Arc<Budget>,
    tenant: TenantId,
    amount: AtomicU64,
}

#[derive(Debug)]
struct State {
    free: u64,
    /// The reserve: only tenants that hold little may use it.
    kept: u64,
    /// How many claims were handed out. Gives the order in which tenants were served.
    handed_out: u64,
    /// Only tenants that hold or wait for something, so the map does not grow with tenants that are
    /// gone.
    shares: HashMap<TenantId, Share>,
}

/// What one tenant holds and waits for.
#[derive(Debug)]
struct Share {
    held: u64,
    /// When it got its last claim, or came, counted in `handed_out`.
    last: u64,
    waiting: VecDeque<Waiting>,
}

/// A caller that waits for an amount.
#[derive(Debug)]
struct Waiting {
    amount: u64,
    sender: oneshot::Sender<Claim>,
}

impl Budget {
    /// A budget of `size`. At most `queue` claims of one tenant may wait.
    pub fn new(size: u64, queue: usize, series: BudgetSeries) -> Arc<Self> {
        series.has_size(size);
        let state = State { free: size, kept: size / KEPT, handed_out: 0, shares: HashMap::new() };
        Arc::new(Self { state: Mutex::new(state), queue, series })
    }

    /// Waits for `amount`. Returns `None` if too many claims of the tenant wait already. Dropping
    /// the future leaves the queue.
    pub async fn take(self: &Arc<Self>, tenant: TenantId, amount: u64) -> Option<Claim> {
        let (sender, mut receiver) = oneshot::channel();
        if !self.lock().share(tenant).wait(Waiting { amount, sender }, self.queue) {
            self.series.refused();
            return None;
        }
        self.hand_out();
        if let Ok(claim) = receiver.try_recv() {
            return Some(claim);
        }
        self.series.waits();
        let mut unserved = Unserved(Some(&self.series));
        // A sender is dropped unused only with the whole budget.
        let claim = receiver.await.ok();
        unserved.0.take();
        claim
    }

    /// Whether any caller waits.
    pub(crate) fn is_wanted(&self) -> bool {
        self.lock()
            .shares
            .values()
            .flat_map(|share| &share.waiting)
            .any(|waiting| !waiting.sender.is_closed())
    }

    /// Serves waiting callers as long as there is enough for one of them.
    fn hand_out(self: &Arc<Self>) {
        loop {
            let next = self.lock().next();
            let Some((tenant, Waiting { amount, sender })) = next else { return };
            self.series.taken(amount);
            // The lock is not held here: if the receiver is gone, the claim is dropped at once and
            // takes the lock to give itself back.
            drop(sender.send(Claim {
                budget: self.clone(),
                tenant,
                amount: AtomicU64::new(amount),
            }));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// How much it is.
    pub fn amount(&self) -> u64 {
        self.amount.load(Ordering::Relaxed)
    }

    /// Adds `amount` to the claim if the tenant may have it. This goes before waiting callers,
    /// since work that has begun should finish. Returns whether it was added.
    pub fn grow(&self, amount: u64) -> bool {
        let grown = self.budget.lock().grow(self.tenant, amount);
        if grown {
            self.amount.fetch_add(amount, Ordering::Relaxed);
            self.budget.series.taken(amount);
        } else {
            self.budget.series.refused();
        }
        grown
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let amount = *self.amount.get_mut();
        self.budget.lock().give_back(self.tenant, amount);
        self.budget.series.given_back(amount);
        self.budget.hand_out();
    }
}

/// Counts a refusal when dropped, unless it was disarmed: a caller that gives up waiting was
/// refused.
struct Unserved<'a>(Option<&'a BudgetSeries>);

impl Drop for Unserved<'_> {
    fn drop(&mut self) {
        if let Some(series) = self.0 {
            series.refused();
        }
    }
}

impl State {
    fn share(&mut self, tenant: TenantId) -> &mut Share {
        // Before the tenant that got the last claim, behind all that have waited since.
        let last = self.handed_out.saturating_sub(1);
        self.shares.entry(tenant).or_insert_with(|| Share {
            held: 0,
            last,
            waiting: VecDeque::new(),
        })
    }

    /// Removes and returns the claim whose turn it is, with its tenant.
    fn next(&mut self) -> Option<(TenantId, Waiting)> {
        self.shares.retain(|_, share| share.is_there());
        let (free, kept) = (self.free, self.kept);
        let served = |share: &Share| {
            share.waiting.front().is_some_and(|next| may_have(share.held, next.amount, free, kept))
        };
        let waiting = self.shares.iter_mut().filter(|(_, share)| served(share));
        let (&tenant, share) = waiting.min_by_key(|(_, share)| (share.held, share.last))?;
        let next = share.waiting.pop_front()?;
        self.handed_out += 1;
        (share.held, share.last) = (share.held + next.amount, self.handed_out);
        self.free -= next.amount;
        Some((tenant, next))
    }

    fn grow(&mut self, tenant: TenantId, amount: u64) -> bool {
        let (free, kept) = (self.free, self.kept);
        let share = self.share(tenant);
        let grows = may_have(share.held, amount, free, kept);
        if grows {
            share.held += amount;
            self.free -= amount;
        }
        grows
    }

    fn give_back(&mut self, tenant: TenantId, amount: u64) {
        self.free += amount;
        self.share(tenant).held -= amount;
    }
}

/// Whether a tenant that holds `held` may have `amount` more.
fn may_have(held: u64, amount: u64, free: u64, kept: u64) -> bool {
    let Some(left) = free.checked_sub(amount) else { return false };
    // The `+ 1` gives a tenant that is alone the larger half of an odd number.
    let most = (left + 1).saturating_sub(kept).max(free / LITTLE);
    held == 0 || held.saturating_add(amount) <= most
}

impl Share {
    fn wait(&mut self, waiting: Waiting, queue: usize) -> bool {
        self.forget_gone();
        let room = self.waiting.len() < queue;
        if room {
            self.waiting.push_back(waiting);
        }
        room
    }

    fn is_there(&mut self) -> bool {
        self.forget_gone();
        self.held > 0 || !self.waiting.is_empty()
    }

    /// Removes callers that gave up waiting.
    fn forget_gone(&mut self) {
        self.waiting.retain(|waiting| !waiting.sender.is_closed());
    }
}

/// One part in this many is reserved for tenants that hold little.
const KEPT: u64 = 4;

/// Every tenant may have one part in this many of what is free.
const LITTLE: u64 = 16;

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::{Pin, pin};
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn one_tenant_alone_gets_half_and_the_next_one_a_share() {
        let places = budget(512, 1_000);
        let (first, second, third) = (TenantId::new(), TenantId::new(), TenantId::new());

        let of_first = take_all(&places, first).await;
        let of_second = take_all(&places, second).await;
        let of_third = take_all(&places, third).await;

        assert_eq!([of_first.len(), of_second.len(), of_third.len()], [192, 96, 48]);
    }

    #[tokio::test]
    async fn after_sixty_tenants_that_want_everything_there_is_some_for_the_next() {
        let places = budget(512, 1_000);
        let mut greedy = Vec::new();
        let mut newcomers = 0;
        while let Some(place) = now(places.take(TenantId::new(), 1)).await {
            let tenant = place.tenant;
            greedy.push(place);
            greedy.extend(take_all(&places, tenant).await);
            newcomers += 1;
            assert!(
                newcomers > 20 || places.lock().free >= 32,
                "after {newcomers} tenants {} places are free",
                places.lock().free
            );
        }

        assert!(newcomers >= 60, "{newcomers} tenants have it all");
    }

    #[tokio::test]
    async fn a_claim_grows_within_the_tenants_share_and_gives_all_of_it_back() {
        let memory = budget(1_600, 10);
        let (hungry, modest) = (TenantId::new(), TenantId::new());
        let first = memory.take(hungry, 10).await.unwrap();

        assert!(first.grow(590));
        assert!(!first.grow(10), "half of what is not kept");
        let other = memory.take(modest, 10).await.unwrap();
        assert!(other.grow(290) && !other.grow(10));
        drop(first);
        assert!(other.grow(10));

        drop(other);
        assert_eq!(memory.lock().free, 1_600);
        assert!(memory.lock().shares.values().all(|share| share.held == 0));
    }

    #[tokio::test]
    async fn whoever_has_none_gets_what_is_there_and_waits_for_what_is_not() {
        let memory = budget(100, 10);
        let held = memory.take(TenantId::new(), 90).await.unwrap();
        let mut waiting = pin!(memory.take(TenantId::new(), 20));
        assert!(is_waiting(waiting.as_mut()).await);
        assert!(now(memory.take(TenantId::new(), 10)).await.is_some(), "less is there");

        drop(held);

        assert!(now(waiting).await.is_some());
    }

    #[tokio::test]
    async fn a_place_that_is_given_back_goes_to_whoever_has_the_fewest() {
        let places = budget(4, 100);
        let (greedy, modest) = (TenantId::new(), TenantId::new());
        let mut of_greedy = take_all(&places, greedy).await;
        let mut of_modest = take_all(&places, modest).await;
        assert_eq!((of_greedy.len(), of_modest.len()), (2, 1));
        let (mut more, mut another) = (pin!(places.take(greedy, 1)), pin!(places.take(modest, 1)));
        assert!(is_waiting(more.as_mut()).await && is_waiting(another.as_mut()).await);

        of_modest.clear();
        assert!(is_waiting(more.as_mut()).await, "it has two of four, and only two are free");
        assert!(now(another).await.is_some());

        of_greedy.clear();
        assert!(now(more).await.is_some());
    }

    #[tokio::test]
    async fn tenants_with_nothing_take_turns() {
        let places = budget(1, 100);
        let (many, one) = (TenantId::new(), TenantId::new());
        let order = Mutex::new(Vec::new());
        let turns = async |tenant: TenantId| {
            for _ in 0..3 {
                let _place = places.take(tenant, 1).await;
                order.lock().unwrap().push(tenant);
                tokio::task::yield_now().await;
            }
        };

        tokio::join!(turns(many), turns(many), turns(many), turns(one));

        let order = order.into_inner().unwrap();
        let last_of_one = order.iter().rposition(|&tenant| tenant == one).unwrap();
        assert!(
            last_of_one <= 6,
            "one call of a tenant waits as if the other tenant had one too: {order:?}"
        );
    }

    #[tokio::test]
    async fn a_queue_is_bounded_and_those_that_gave_up_are_not_in_it() {
        let places = budget(2, 1);
        let tenant = TenantId::new();
        let _held = places.take(tenant, 1).await.unwrap();
        {
            let mut waiting = pin!(places.take(tenant, 1));
            assert!(is_waiting(waiting.as_mut()).await);
            assert!(places.take(tenant, 1).await.is_none());
        }

        let mut waiting = pin!(places.take(tenant, 1));
        assert!(is_waiting(waiting.as_mut()).await, "the one that gave up made room");
    }

    #[tokio::test]
    async fn nothing_is_left_of_those_that_are_gone() {
        let places = budget(2, 10);
        let place = places.take(TenantId::new(), 1).await;
        {
            let impatient = TenantId::new();
            let _first = places.take(impatient, 1).await;
            assert!(is_waiting(pin!(places.take(impatient, 1))).await);
        }
        drop(place);

        let state = places.state.lock().unwrap();
        assert_eq!((state.free, state.shares.len()), (2, 0));
    }

    fn budget(size: u64, queue: usize) -> Arc<Budget> {
        Budget::new(size, queue, BudgetSeries::default())
    }

    /// Takes as many as there are at once.
    async fn take_all(places: &Arc<Budget>, tenant: TenantId) -> Vec<Claim> {
        let mut all = Vec::new();
        while let Some(place) = now(places.take(tenant, 1)).await {
            all.push(place);
        }
        all
    }

    /// What a future gives when it is polled once.
    async fn now(future: impl Future<Output = Option<Claim>>) -> Option<Claim> {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(place) => Poll::Ready(place),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    async fn is_waiting(mut future: Pin<&mut impl Future<Output = Option<Claim>>>) -> bool {
        poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
    }
}
