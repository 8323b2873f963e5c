//! Tracks whether a connection is busy, and how long it may stay without a request.
//!
//! hyper only ends slow HTTP/1 heads, and counts a connection's idle time as part of them. It sets
//! no deadline for a peer that sends nothing, sends half a preface, or doesn't read its answers. So
//! each connection is watched from outside: by the bytes it reads, and by its requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Version;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// What one connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    now: Mutex<Now>,
    make_room: CancellationToken,
    speaks_http2: CancellationToken,
    head_timeout: Duration,
    idle_timeout: Duration,
}

#[derive(Debug)]
struct Now {
    requests: usize,
    /// Since when there has been no request.
    idle_since: Instant,
    /// When the head that is being read began.
    head_since: Option<Instant>,
    /// Bytes have arrived, or are still arriving, that belong to no request that was read.
    unread: bool,
    /// Whether the last request used HTTP/2, which reads more than heads.
    http2: bool,
}

impl Activity {
    /// A new connection, which has to send a head at once.
    pub(super) fn new(head_timeout: Duration, idle_timeout: Duration) -> Arc<Self> {
        let now = Instant::now();
        let now = Now {
            requests: 0,
            idle_since: now,
            head_since: Some(now),
            unread: false,
            http2: false,
        };
        let (make_room, speaks_http2) = (CancellationToken::new(), CancellationToken::new());
        Arc::new(Self { now: Mutex::new(now), make_room, speaks_http2, head_timeout, idle_timeout })
    }

    /// Restarts the clocks after the TLS handshake: a head is expected only from now on.
    pub(super) fn restart(&self) {
        let (mut now, time) = (self.now(), Instant::now());
        (now.idle_since, now.head_since) = (time, Some(time));
    }

    /// Notes that a request's head has arrived. The request is under way until the returned guard
    /// is dropped.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> UnderWay {
        let mut now = self.now();
        now.requests += 1;
        now.head_since = None;
        now.unread = false;
        now.http2 = version == Version::HTTP_2;
        if now.http2 {
            self.speaks_http2.cancel();
        }
        UnderWay(self.clone())
    }

    /// Resolves when the connection has been without a request for too long.
    pub(super) async fn idle_for_too_long(&self) {
        while let Some(deadline) = self.deadline() {
            sleep_until(deadline).await;
        }
    }

    /// When to look again, early enough to catch anything that begins after this call. `None` if
    /// the time is already up.
    fn deadline(&self) -> Option<Instant> {
        let (now, time) = (self.now(), Instant::now());
        let deadline = match (now.requests, now.head_since) {
            (0, _) if self.make_room.is_cancelled() => return None,
            (0, Some(since)) => since + self.head_timeout,
            (0, None) => (now.idle_since + self.idle_timeout).min(time + self.head_timeout),
            _ => time + self.head_timeout.min(self.idle_timeout),
        };
        (deadline > time).then_some(deadline)
    }

    /// Since when the connection has had no request. `None` if it has one, or was already asked to
    /// make room.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let now = self.now();
        (now.requests == 0 && !self.make_room.is_cancelled()).then_some(now.idle_since)
    }

    /// Lets the connection end as soon as it has no request.
    pub(super) fn make_room(&self) {
        self.make_room.cancel();
    }

    /// Resolves when the connection has to make room for others.
    pub(super) async fn must_make_room(&self) {
        self.make_room.cancelled().await;
    }

    /// Resolves after the first HTTP/2 request.
    pub(super) async fn speaks_http2(&self) {
        self.speaks_http2.cancelled().await;
    }

    /// Notes that bytes have arrived.
    pub(super) fn received(&self) {
        let mut now = self.now();
        if now.requests == 0 && !now.http2 {
            now.unread = true;
            now.head_since.get_or_insert_with(Instant::now);
        }
    }

    /// Notes that a request was answered before its body was read.
    pub(super) fn leave_body(&self) {
        self.now().unread = true;
    }

    /// Whether the peer sent, or may still send, bytes that nobody reads: half a head, or a body
    /// that was answered before it was complete.
    pub(super) fn has_unread(&self) -> bool {
        self.now().unread
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guard for a request that is under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut now = self.0.now();
        now.requests -= 1;
        now.idle_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_head_must_come_soon_after_the_connection() {
        assert_eq!(lasts(&new()).await, HEAD);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_request_a_connection_lasts_until_it_is_idle_for_too_long() {
        let activity = new();
        drop(activity.begin(Version::HTTP_11));

        assert_eq!(lasts(&activity).await, IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_head_must_come_as_fast_as_the_first() {
        let activity = new();
        drop(activity.begin(Version::HTTP_11));
        advance(IDLE / 2).await;
        activity.received();
        advance(HEAD / 2).await;
        activity.received();

        assert_eq!(lasts(&activity).await, HEAD / 2, "more bytes of the head give it no more time");
    }

    #[tokio::test(start_paused = true)]
    async fn what_http2_sends_between_requests_is_no_head() {
        let activity = new();
        drop(activity.begin(Version::HTTP_2));
        activity.received();

        assert_eq!(lasts(&activity).await, IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_under_way_takes_its_time() {
        let activity = new();
        let first = activity.begin(Version::HTTP_2);
        let second = activity.begin(Version::HTTP_2);
        assert!(timeout(100 * IDLE, activity.idle_for_too_long()).await.is_err());
        drop(first);
        assert!(timeout(100 * IDLE, activity.idle_for_too_long()).await.is_err());
        drop(second);

        assert_eq!(lasts(&activity).await, IDLE);
    }

    fn new() -> Arc<Activity> {
        Activity::new(HEAD, IDLE)
    }

    async fn lasts(activity: &Activity) -> Duration {
        let began = Instant::now();
        activity.idle_for_too_long().await;
        // The clock of the tests counts in milliseconds and rounds up.
        Duration::from_secs(began.elapsed().as_secs())
    }

    const HEAD: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(75);
}
