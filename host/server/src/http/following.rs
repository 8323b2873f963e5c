//! Server-sent events for somebody who follows something, as long as they may.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{MissedTickBehavior, interval};

use super::Stopping;
use crate::admin::AdminError;
use flowhost_runtime::telemetry;

/// Knows what happened since it was last asked.
pub(super) trait Follower: Send + 'static {
    /// What happened since the last call, as events; empty if nothing did.
    fn next_events(&mut self) -> impl Future<Output = Result<String, AdminError>> + Send;

    /// Whether whoever follows may go on.
    fn is_still_allowed(&self) -> impl Future<Output = Result<bool, AdminError>> + Send;
}

/// An answer that begins with these events and goes on with those of the follower.
pub(super) fn event_stream(
    first: String,
    follower: impl Follower,
    stopping: Arc<Stopping>,
) -> Response {
    let (sender, receiver) = channel(UNREAD_CHUNKS);
    tokio::spawn(follow(follower, first, sender, stopping));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would hold events back until it has some kilobytes of them.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(unfold(receiver, next_chunk))).into_response()
}

async fn next_chunk(
    mut receiver: Receiver<Bytes>,
) -> Option<(Result<Bytes, Infallible>, Receiver<Bytes>)> {
    receiver.recv().await.map(|chunk| (Ok(chunk), receiver))
}

/// Sends events as they come, in its own task. Ends when the reader hangs up or stops reading, when
/// it may not go on, when what it follows can't be read, and when the host stops.
async fn follow(
    mut follower: impl Follower,
    first: String,
    sender: Sender<Bytes>,
    stopping: Arc<Stopping>,
) {
    // Sent even without events, so that the reader sees that it was let in.
    let first = if first.is_empty() { Bytes::from_static(STILL_HERE) } else { first.into() };
    if sender.send(first).await.is_err() {
        return;
    }
    let mut poll = interval(POLL_INTERVAL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    poll.tick().await;
    for round in 1_u32.. {
        tokio::select! {
            _ = poll.tick() => {}
            () = sender.closed() => return,
        }
        if stopping.begun() {
            return;
        }
        let chunk = match next_chunk_of(&mut follower, round).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(error = %telemetry::chain(&error), "a flow can't be followed any further");
                return;
            }
        };
        if !chunk.is_empty() && sender.send_timeout(chunk, PATIENCE).await.is_err() {
            return;
        }
    }
}

/// The next bytes to send, usually empty. `None` if the follower may not go on.
async fn next_chunk_of(
    follower: &mut impl Follower,
    round: u32,
) -> Result<Option<Bytes>, AdminError> {
    if round.is_multiple_of(ROUNDS_PER_CHECK) && !follower.is_still_allowed().await? {
        return Ok(None);
    }
    let events = follower.next_events().await?;
    Ok(Some(match events.is_empty() {
        true if round.is_multiple_of(ROUNDS_PER_SIGN) => Bytes::from_static(STILL_HERE),
        _ => events.into(),
    }))
}

/// A comment: keeps proxies from closing the connection, and shows whether the reader is there.
const STILL_HERE: &[u8] = b": still here\n\n";

/// What happens is shown within a second, at whichever host it happened. The database is polled,
/// because only it orders what happens at several hosts.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Five seconds: the longest that following goes on after the token is revoked or the flow deleted.
const ROUNDS_PER_CHECK: u32 = 10;

/// Fifteen seconds: proxies usually close a connection that is silent for 60.
const ROUNDS_PER_SIGN: u32 = 30;

/// A reader that is slower than the events may have this many chunks waiting, besides the one that
/// is written to its connection. Following goes on when it has read one, and ends if that takes it
/// longer than `PATIENCE`. What happened meanwhile is in the next chunk, so more would not help.
const UNREAD_CHUNKS: usize = 1;
const PATIENCE: Duration = Duration::from_secs(10);
