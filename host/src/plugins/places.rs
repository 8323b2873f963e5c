//! Places that tenants share: whoever has the fewest gets the next one, and nobody has more than there are free.
//!
//! So one tenant alone gets half of them, two get a third each, and there is always one left for somebody who has none.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::ids::TenantId;

/// A number of places, and who has and who waits for them.
#[derive(Debug)]
pub(super) struct Places {
    state: Mutex<State>,
    /// The most that may wait of one tenant.
    queue: usize,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    tenant: TenantId,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// How many places were handed out, for the order in which tenants got them.
    handed_out: u64,
    /// Tenants that have or wait for a place: those that are gone leave nothing behind.
    shares: HashMap<TenantId, Share>,
}

/// What one tenant has and waits for.
#[derive(Debug)]
struct Share {
    held: usize,
    /// When it got its last place, or came.
    last: u64,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

impl Places {
    /// So many places, with so many waiting of one tenant at most.
    pub(super) fn new(places: usize, queue: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { free: places, handed_out: 0, shares: HashMap::new() }), queue })
    }

    /// Waits for a place; none where too many of the tenant wait already. Dropped, it no longer waits.
    pub(super) async fn take(self: &Arc<Self>, tenant: TenantId) -> Option<Place> {
        let waiting = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let (sender, receiver) = oneshot::channel();
            state.share(tenant).wait(sender, self.queue).then_some(receiver)
        };
        self.hand_out();
        // A sender is only dropped with all places.
        waiting?.await.ok()
    }

    /// Whether anybody waits for a place.
    pub(super) fn is_wanted(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.shares.values().any(|share| !share.waiting.is_empty())
    }

    /// Gives places to those that wait, as long as somebody may have one.
    fn hand_out(self: &Arc<Self>) {
        loop {
            let next = self.state.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((tenant, waiting)) = next else { return };
            // Without the lock: one that waits no longer gives its place back here and now.
            drop(waiting.send(Place { places: self.clone(), tenant }));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.state.lock().unwrap_or_else(PoisonError::into_inner).give_back(self.tenant);
        self.places.hand_out();
    }
}

impl State {
    fn share(&mut self, tenant: TenantId) -> &mut Share {
        // Before whoever got the last one, behind all that have waited since.
        let last = self.handed_out.saturating_sub(1);
        self.shares.entry(tenant).or_insert_with(|| Share { held: 0, last, waiting: VecDeque::new() })
    }

    /// Takes a place for the tenant whose turn it is.
    fn next(&mut self) -> Option<(TenantId, oneshot::Sender<Place>)> {
        self.shares.retain(|_, share| share.is_there());
        let waiting = self.shares.iter_mut().filter(|(_, share)| !share.waiting.is_empty() && share.held < self.free);
        let (&tenant, share) = waiting.min_by_key(|(_, share)| (share.held, share.last))?;
        let next = share.waiting.pop_front()?;
        self.handed_out += 1;
        (share.held, share.last) = (share.held + 1, self.handed_out);
        self.free -= 1;
        Some((tenant, next))
    }

    fn give_back(&mut self, tenant: TenantId) {
        self.free += 1;
        self.share(tenant).held -= 1;
    }
}

impl Share {
    fn wait(&mut self, sender: oneshot::Sender<Place>, queue: usize) -> bool {
        self.forget_gone();
        let room = self.waiting.len() < queue;
        if room {
            self.waiting.push_back(sender);
        }
        room
    }

    fn is_there(&mut self) -> bool {
        self.forget_gone();
        self.held > 0 || !self.waiting.is_empty()
    }

    /// Those that gave up waiting.
    fn forget_gone(&mut self) {
        self.waiting.retain(|waiting| !waiting.is_closed());
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::{Pin, pin};
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn one_tenant_alone_gets_half_and_the_next_one_a_share() {
        let places = Places::new(12, 100);
        let (first, second, third) = (TenantId::new(), TenantId::new(), TenantId::new());

        let of_first = take_all(&places, first).await;
        let of_second = take_all(&places, second).await;
        let of_third = take_all(&places, third).await;

        assert_eq!([of_first.len(), of_second.len(), of_third.len()], [6, 3, 2]);
        assert!(now(places.take(TenantId::new())).await.is_some(), "there is always one left for somebody who has none");
    }

    #[tokio::test]
    async fn a_place_that_is_given_back_goes_to_whoever_has_the_fewest() {
        let places = Places::new(4, 100);
        let (greedy, modest) = (TenantId::new(), TenantId::new());
        let mut of_greedy = take_all(&places, greedy).await;
        let mut of_modest = take_all(&places, modest).await;
        assert_eq!((of_greedy.len(), of_modest.len()), (2, 1));
        let (mut more, mut another) = (pin!(places.take(greedy)), pin!(places.take(modest)));
        assert!(is_waiting(more.as_mut()).await && is_waiting(another.as_mut()).await);

        of_modest.clear();
        assert!(is_waiting(more.as_mut()).await, "it has two of four, and only two are free");
        assert!(now(another).await.is_some());

        of_greedy.clear();
        assert!(now(more).await.is_some());
    }

    #[tokio::test]
    async fn tenants_with_nothing_take_turns() {
        let places = Places::new(1, 100);
        let (many, one) = (TenantId::new(), TenantId::new());
        let order = Mutex::new(Vec::new());
        let turns = async |tenant: TenantId| {
            for _ in 0..3 {
                let _place = places.take(tenant).await;
                order.lock().unwrap().push(tenant);
                tokio::task::yield_now().await;
            }
        };

        tokio::join!(turns(many), turns(many), turns(many), turns(one));

        let order = order.into_inner().unwrap();
        let last_of_one = order.iter().rposition(|&tenant| tenant == one).unwrap();
        assert!(last_of_one <= 6, "one call of a tenant waits as if the other tenant had one too: {order:?}");
    }

    #[tokio::test]
    async fn a_queue_is_bounded_and_those_that_gave_up_are_not_in_it() {
        let places = Places::new(2, 1);
        let tenant = TenantId::new();
        let _held = places.take(tenant).await.unwrap();
        {
            let mut waiting = pin!(places.take(tenant));
            assert!(is_waiting(waiting.as_mut()).await);
            assert!(places.take(tenant).await.is_none());
        }

        let mut waiting = pin!(places.take(tenant));
        assert!(is_waiting(waiting.as_mut()).await, "the one that gave up made room");
    }

    #[tokio::test]
    async fn nothing_is_left_of_those_that_are_gone() {
        let places = Places::new(2, 10);
        let place = places.take(TenantId::new()).await;
        {
            let impatient = TenantId::new();
            let _first = places.take(impatient).await;
            assert!(is_waiting(pin!(places.take(impatient))).await);
        }
        drop(place);

        let state = places.state.lock().unwrap();
        assert_eq!((state.free, state.shares.len()), (2, 0));
    }

    /// As many as it gets at once.
    async fn take_all(places: &Arc<Places>, tenant: TenantId) -> Vec<Place> {
        let mut all = Vec::new();
        while let Some(place) = now(places.take(tenant)).await {
            all.push(place);
        }
        all
    }

    /// What a future gives if it is asked once.
    async fn now(future: impl Future<Output = Option<Place>>) -> Option<Place> {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(place) => Poll::Ready(place),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    async fn is_waiting(mut future: Pin<&mut impl Future<Output = Option<Place>>>) -> bool {
        poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
    }
}
