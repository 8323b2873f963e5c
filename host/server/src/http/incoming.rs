//! A request's body on its way from the connection to its reader. It fails if it arrives too
//! slowly, and an unread rest comes back to the connection.
//!
//! On an HTTP/1 connection the next request begins where this body ends. So a body that was
//! answered before its end must be read and dropped; otherwise the connection can take no other
//! request, and its client has to be told so.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::HttpBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::limits::ListenerLimits;

/// A body for the handler of the request.
pub(super) struct IncomingBody<B> {
    /// `None` once the body was given back.
    body: Option<B>,
    deadline: Pin<Box<Sleep>>,
    end: Instant,
    idle_timeout: Duration,
    /// Whether `deadline` is set for the next part.
    awaits_part: bool,
    /// The client sends nothing before the handler reads (`Expect: 100-continue`).
    waits_for_reader: bool,
    /// `None` once used, or once the body was too slow: then nobody waits any longer.
    back: Option<oneshot::Sender<Rest<B>>>,
}

/// Receives what a reader leaves of its body.
pub(super) struct Unread<B>(oneshot::Receiver<Rest<B>>);

/// What a reader left of the body; `None` if it read to the end.
type Rest<B> = Option<B>;

/// The body arrived too slowly.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub(super) struct TooSlow;

impl<B: HttpBody<Data = Bytes> + Unpin> IncomingBody<B> {
    /// Applies the limits to a body. With `waits_for_reader`, its client sends it only when asked
    /// (`Expect: 100-continue`).
    pub(super) fn new(
        body: B,
        limits: &ListenerLimits,
        waits_for_reader: bool,
    ) -> (Self, Unread<B>) {
        let (back, rest) = oneshot::channel();
        let end = Instant::now() + limits.body_timeout;
        let deadline = Box::pin(sleep_until(end));
        let idle_timeout = limits.body_idle_timeout;
        let body = Self {
            body: Some(body),
            deadline,
            end,
            idle_timeout,
            awaits_part: false,
            waits_for_reader,
            back: Some(back),
        };
        (body, Unread(rest))
    }
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin> HttpBody for IncomingBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        this.waits_for_reader = false;
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(context) {
            this.awaits_part = false;
            if frame.is_none() {
                this.give_back(None);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if !this.awaits_part {
            this.awaits_part = true;
            this.deadline.as_mut().reset(this.end.min(Instant::now() + this.idle_timeout));
        }
        ready!(this.deadline.as_mut().poll(context));
        (this.body, this.back) = (None, None);
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl<B> IncomingBody<B> {
    fn give_back(&mut self, rest: Rest<B>) {
        if let Some(back) = self.back.take() {
            // An HTTP/2 connection takes no body back.
            let _ = back.send(rest);
        }
    }
}

impl<B> Drop for IncomingBody<B> {
    fn drop(&mut self) {
        if !self.waits_for_reader
            && let Some(body) = self.body.take()
        {
            self.give_back(Some(body));
        }
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> Unread<B> {
    /// Reads and drops the rest, if it is short and arrives soon. A proxy in front keeps a
    /// connection for the requests of many clients, and a client whose requests are refused must
    /// not use these connections up. Returns whether the body has ended.
    pub(super) async fn drain(mut self) -> bool {
        match self.0.try_recv() {
            Ok(Some(body)) => timeout(DRAIN_TIME, is_short(body)).await.unwrap_or(false),
            Ok(None) => true,
            Err(_) => false,
        }
    }
}

/// Reads a body up to the drain limit, and returns whether it ended within it.
async fn is_short<B: HttpBody<Data = Bytes> + Unpin>(mut body: B) -> bool {
    let mut left = MAX_DRAINED_BYTES;
    while !body.is_end_stream() && body.size_hint().lower() <= left {
        match body.frame().await {
            Some(Ok(frame)) => {
                match left.checked_sub(frame.data_ref().map_or(0, Bytes::len) as u64) {
                    Some(rest) => left = rest,
                    None => return false,
                }
            }
            Some(Err(_)) => return false,
            None => return true,
        }
    }
    body.is_end_stream()
}

/// Twice the largest body that a data endpoint takes.
const MAX_DRAINED_BYTES: u64 = 2 << 20;

/// A body that is already being sent arrives within this time; the answer waits for it.
const DRAIN_TIME: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Body;
    use futures_util::stream::{iter, pending, unfold};
    use tokio::time::sleep;

    use super::*;
    use crate::http::HttpLimits;
    use crate::http::body::{BodyError, read};

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_and_one_that_trickles_are_too_slow() {
        let stopped = Body::from_stream(pending::<Result<Bytes, Infallible>>());
        let trickle = unfold((), async |()| {
            sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });

        for (body, seconds) in [(stopped, 5), (Body::from_stream(trickle), 10)] {
            let began = Instant::now();
            let (body, unread) = incoming(body);
            assert!(matches!(read(body, 1000).await, Err(BodyError::TooSlow)));
            assert_eq!(began.elapsed().as_secs(), seconds);
            assert!(!unread.drain().await);
            assert_eq!(began.elapsed().as_secs(), seconds, "who was too slow gets no more time");
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_is_broken_and_one_that_comes_is_read() {
        let (broken, unread) =
            incoming(Body::from_stream(iter([Ok(Bytes::from_static(b"12")), Err("reset")])));
        assert!(matches!(read(broken, 4).await, Err(BodyError::Broken)));
        drop(unread);

        let (whole, unread) = incoming(Body::from("1234"));
        assert_eq!(read(whole, 4).await.unwrap(), b"1234");
        assert!(unread.drain().await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_nobody_read_is_drained_if_it_is_little_and_comes_soon() {
        let of = |bytes: usize| Body::from(vec![0; bytes]);
        let most = MAX_DRAINED_BYTES as usize;
        let endless = || {
            Body::from_stream(iter(std::iter::repeat(Ok::<_, Infallible>(Bytes::from(
                vec![0; 1 << 20],
            )))))
        };
        let stopped = Body::from_stream(pending::<Result<Bytes, Infallible>>());
        for (body, drained) in [
            (Body::empty(), true),
            (of(most), true),
            (of(most + 1), false),
            (endless(), false),
            (stopped, false),
        ] {
            let (body, unread) = incoming(body);
            drop(body);
            assert_eq!(unread.drain().await, drained);
        }
    }

    #[tokio::test]
    async fn a_body_that_its_client_holds_back_is_not_asked_for() {
        let (body, unread) =
            IncomingBody::new(Body::from("1234"), &HttpLimits::default().public, true);
        drop(body);

        assert!(!unread.drain().await);
    }

    fn incoming(body: Body) -> (Body, Unread<Body>) {
        let (body, unread) = IncomingBody::new(body, &HttpLimits::default().public, false);
        (Body::new(body), unread)
    }
}
