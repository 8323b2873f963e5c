//! `/v1/tenants/{tenant}/flows/{flow}/logs`: JSON lines, or server-sent events as lines come.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::super::AdminState;
use super::super::following::{Follower, event_stream};
use super::super::problem::Problem;
use super::desk::QueryAt;
use crate::admin::{AdminError, FlowDesk, LogFollower};
use flowhost_api::{LogLineView, LogQuery};

pub(super) async fn list(
    State(state): State<AdminState>,
    QueryAt(desk, query): QueryAt<FlowDesk, LogQuery>,
) -> Result<Response, Problem> {
    if !query.follow {
        let lines = desk.list_log_lines(&query).await?;
        return Ok(([(header::CONTENT_TYPE, JSON_LINES)], json_lines(&lines)).into_response());
    }
    let (lines, follower) = desk.follow_log(&query).await?;
    Ok(event_stream(events(&lines), follower, state.stopping))
}

impl Follower for LogFollower {
    async fn next_events(&mut self) -> Result<String, AdminError> {
        Ok(events(&self.next().await?))
    }

    async fn is_still_allowed(&self) -> Result<bool, AdminError> {
        Self::is_still_allowed(self).await
    }
}

fn json_lines(lines: &[LogLineView]) -> String {
    lines.iter().map(|line| json(line) + "\n").collect()
}

/// A line's JSON has no line break in it, so it is one `data` field.
fn events(lines: &[LogLineView]) -> String {
    lines.iter().map(|line| format!("id: {}\ndata: {}\n\n", line.number, json(line))).collect()
}

fn json(line: &LogLineView) -> String {
    serde_json::to_string(line).expect("texts and numbers can be written as JSON")
}

/// The media type of one JSON document per line.
const JSON_LINES: &str = "application/jsonl";
