//! `/v1/tenants/{tenant}/flows/{flow}/logs`: JSON lines, or server-sent events as lines come.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{MissedTickBehavior, interval};

use super::super::problem::Problem;
use super::super::{AdminState, Stopping};
use super::desk::QueryAt;
use crate::admin::{AdminError, FlowDesk, LogFollower};
use flowhost_api::{LogLineView, LogQuery};
use flowhost_runtime::telemetry;

pub(super) async fn list(
    State(state): State<AdminState>,
    QueryAt(desk, query): QueryAt<FlowDesk, LogQuery>,
) -> Result<Response, Problem> {
    if !query.follow {
        let lines = desk.list_log_lines(&query).await?;
        return Ok(([(header::CONTENT_TYPE, JSON_LINES)], json_lines(&lines)).into_response());
    }
    let (lines, follower) = desk.follow_log(&query).await?;
    let (sender, receiver) = channel(UNREAD_CHUNKS);
    tokio::spawn(follow(follower, lines, sender, state.stopping));
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(unfold(receiver, next_chunk))).into_response())
}

async fn next_chunk(
    mut receiver: Receiver<Bytes>,
) -> Option<(Result<Bytes, Infallible>, Receiver<Bytes>)> {
    receiver.recv().await.map(|chunk| (Ok(chunk), receiver))
}

/// Sends lines as they come, in its own task. Ends when the reader hangs up or stops reading, when
/// the flow or the caller's token is gone, when the log can't be read, and when the host stops.
async fn follow(
    mut follower: LogFollower,
    lines: Vec<LogLineView>,
    sender: Sender<Bytes>,
    stopping: Arc<Stopping>,
) {
    // Sent even without lines, so that the reader sees that it was let in.
    let first = if lines.is_empty() { Bytes::from_static(STILL_HERE) } else { events(&lines) };
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
        let chunk = match next_events(&mut follower, round).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(error = %telemetry::chain(&error), "a log can't be followed any further");
                return;
            }
        };
        if !chunk.is_empty() && sender.send_timeout(chunk, PATIENCE).await.is_err() {
            return;
        }
    }
}

/// The next bytes to send, usually empty. `None` if the follower may not go on.
async fn next_events(follower: &mut LogFollower, round: u32) -> Result<Option<Bytes>, AdminError> {
    if round.is_multiple_of(ROUNDS_PER_CHECK) && !follower.is_still_allowed().await? {
        return Ok(None);
    }
    let lines = follower.next().await?;
    Ok(Some(match lines.is_empty() {
        true if round.is_multiple_of(ROUNDS_PER_SIGN) => Bytes::from_static(STILL_HERE),
        _ => events(&lines),
    }))
}

fn json_lines(lines: &[LogLineView]) -> String {
    lines.iter().map(|line| json(line) + "\n").collect()
}

/// A line's JSON has no line break in it, so it is one `data` field.
fn events(lines: &[LogLineView]) -> Bytes {
    lines
        .iter()
        .map(|line| format!("id: {}\ndata: {}\n\n", line.number, json(line)))
        .collect::<String>()
        .into()
}

fn json(line: &LogLineView) -> String {
    serde_json::to_string(line).expect("texts and numbers can be written as JSON")
}

/// The media type of one JSON document per line.
const JSON_LINES: &str = "application/jsonl";

/// A comment: keeps proxies from closing the connection, and shows whether the reader is there.
const STILL_HERE: &[u8] = b": still here\n\n";

/// A line is shown within a second, whichever host wrote it. The database is polled, because only
/// it orders the lines of several hosts.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Five seconds: the longest that following goes on after the token is revoked or the flow deleted.
const ROUNDS_PER_CHECK: u32 = 10;

/// Fifteen seconds: proxies usually close a connection that is silent for 60.
const ROUNDS_PER_SIGN: u32 = 30;

/// A reader that is slower than the lines may have this many chunks waiting. When they are full,
/// following ends unless it reads one within `PATIENCE`.
const UNREAD_CHUNKS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(10);
