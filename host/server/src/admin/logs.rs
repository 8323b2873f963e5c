//! Reading and following what plugins logged.
//!
//! Lines may hold what customers said, so they are for the plugin's authors (role `deploy`). Role
//! `read` sees the history of sessions but no lines.

use super::followers::FollowerPlace;
use super::page::PageLimit;
use super::{AdminError, FlowDesk};
use crate::plugin_logs::log_line_context;
use crate::store::{self, LogReach, StoredLogLine};
use flowhost_api::{LogLineView, LogQuery};
use flowhost_protocol::crypto::DataKey;
use flowhost_protocol::flow::LogLevel;
use flowhost_protocol::ids::{Scope, TokenHash};

/// Somebody who follows a flow's log. Takes one of the host's places for that, until it is dropped.
pub struct LogFollower {
    desk: FlowDesk,
    tail: LogTail,
    _place: FollowerPlace,
}

/// The end of a flow's log: what comes after the lines that were read.
pub(super) struct LogTail {
    data_key: DataKey,
    least: LogLevel,
    token: Option<TokenHash>,
    last_seen: i64,
}

impl FlowDesk {
    /// Lines of the flow's log, oldest first: the newest ones, those before a line, or the first
    /// ones after a line.
    pub async fn list_log_lines(&self, query: &LogQuery) -> Result<Vec<LogLineView>, AdminError> {
        let reach = self.reach(query).await?;
        let lines = store::list_log_lines(self.store(), self.scope(), reach).await?;
        opened(&self.data_key()?, self.scope(), lines)
    }

    /// The newest lines of a session's turns, oldest first.
    pub(super) async fn log_of_session(
        &self,
        token: TokenHash,
    ) -> Result<Vec<LogLineView>, AdminError> {
        let reach = LogReach {
            least: LogLevel::Trace,
            before: None,
            after: None,
            token: Some(token),
            limit: LINES_OF_A_SESSION,
            newest: true,
        };
        let lines = store::list_log_lines(self.store(), self.scope(), reach).await?;
        opened(&self.data_key()?, self.scope(), lines)
    }

    /// Begins to follow the flow's log. Also returns the lines that exist already.
    pub async fn follow_log(
        self,
        query: &LogQuery,
    ) -> Result<(Vec<LogLineView>, LogFollower), AdminError> {
        let reach = self.reach(query).await?;
        if reach.before.is_some() {
            return Err(AdminError::Invalid(
                "before and follow don't go together: what follows comes after".to_owned(),
            ));
        }
        let place = self.take_place_to_follow()?;
        let data_key = self.data_key()?;
        let lines = store::list_log_lines(self.store(), self.scope(), reach).await?;
        let last_seen = lines.last().map_or(reach.after.unwrap_or(0), |line| line.number);
        let lines = opened(&data_key, self.scope(), lines)?;
        let tail = LogTail { data_key, least: reach.least, token: reach.token, last_seen };
        Ok((lines, LogFollower { desk: self, tail, _place: place }))
    }
}

impl FlowDesk {
    /// Which lines the caller asks for.
    async fn reach(&self, query: &LogQuery) -> Result<LogReach, AdminError> {
        let token = match query.session {
            Some(session) => {
                let found = store::find_listed_session(self.store(), self.scope(), session).await?;
                Some(found.ok_or(AdminError::NotFound("session"))?.token)
            }
            None => None,
        };
        let level = query.level.as_deref().unwrap_or(LogLevel::Trace.as_str());
        let least = level
            .parse()
            .map_err(|error| AdminError::Invalid(format!("level {level:?}: {error}")))?;
        if query.before.is_some() && query.after.is_some() {
            return Err(AdminError::Invalid("before and after don't go together".to_owned()));
        }
        let limit = PageLimit::parse(query.limit)?.to_show();
        let newest = query.after.is_none();
        Ok(LogReach { least, before: query.before, after: query.after, token, limit, newest })
    }
}

impl LogFollower {
    /// Lines that came since the last call, at most a page.
    pub async fn next(&mut self) -> Result<Vec<LogLineView>, AdminError> {
        self.tail.next(&self.desk).await
    }

    /// Whether the caller may go on: its token is still valid, and the flow is still the same one.
    pub async fn is_still_allowed(&self) -> Result<bool, AdminError> {
        self.desk.is_still_allowed().await
    }
}

impl LogTail {
    /// What comes after the line with this number.
    pub(super) async fn new(
        desk: &FlowDesk,
        query: &LogQuery,
        last_seen: i64,
    ) -> Result<Self, AdminError> {
        let LogReach { least, token, .. } = desk.reach(query).await?;
        Ok(Self { data_key: desk.data_key()?, least, token, last_seen })
    }

    /// Lines that came since the last call, the oldest ones if there are more than a page.
    async fn next(&mut self, desk: &FlowDesk) -> Result<Vec<LogLineView>, AdminError> {
        let (mut lines, newest) = self.read(desk, FOLLOWED_LINES, false).await?;
        let is_full = lines.len() as i64 == FOLLOWED_LINES;
        self.last_seen = match (cut(&mut lines), lines.last()) {
            (is_cut, Some(last)) if is_cut || is_full => last.number,
            (_, last) => last.map_or(newest, |line| line.number.max(newest)),
        };
        opened(&self.data_key, desk.scope(), lines)
    }

    /// The newest lines that came since the last call, so many at the most, and whether there were
    /// more.
    pub(super) async fn newest(
        &mut self,
        desk: &FlowDesk,
        most: usize,
    ) -> Result<(Vec<LogLineView>, bool), AdminError> {
        let (mut lines, newest) = self.read(desk, most as i64 + 1, true).await?;
        let more = lines.len() > most;
        if more {
            lines.remove(0);
        }
        self.last_seen = lines.last().map_or(newest, |line| line.number.max(newest));
        Ok((opened(&self.data_key, desk.scope(), lines)?, more))
    }

    /// Lines after those that were seen, and the number up to which there may be some. Lines below
    /// the level need not be read again.
    async fn read(
        &self,
        desk: &FlowDesk,
        limit: i64,
        newest: bool,
    ) -> Result<(Vec<StoredLogLine>, i64), AdminError> {
        let (store, scope) = (desk.store(), desk.scope());
        let last = store::last_log_number(store, scope).await?;
        if last <= self.last_seen {
            return Ok((Vec::new(), self.last_seen));
        }
        let (least, token, after) = (self.least, self.token, Some(self.last_seen));
        let reach = LogReach { least, before: None, after, token, limit, newest };
        Ok((store::list_log_lines(store, scope, reach).await?, last))
    }

    /// The number of the last line that was read, or passed over.
    pub(super) fn last_seen(&self) -> i64 {
        self.last_seen
    }
}

impl FlowDesk {
    /// Whether who follows may go on: its token is still valid, and the flow is still the same one.
    pub(super) async fn is_still_allowed(&self) -> Result<bool, AdminError> {
        let caller = self.caller();
        // What a browser holds ends with the token that it signed in with.
        let token_holds = match caller.console.or(caller.actor.token) {
            Some(token) => store::api_token_holds(self.store(), token).await?,
            None => true,
        };
        Ok(token_holds && self.is_still_open().await?)
    }
}

/// Leaves as many lines as may wait for a reader, one at least. Returns whether it left out any.
fn cut(lines: &mut Vec<StoredLogLine>) -> bool {
    let mut bytes = 0;
    let past = lines.iter().position(|line| {
        bytes += line.sealed_message.0.len();
        bytes > FOLLOWED_BYTES
    });
    let Some(past) = past else { return false };
    lines.truncate(past.max(1));
    true
}

fn opened(
    data_key: &DataKey,
    scope: Scope,
    lines: Vec<StoredLogLine>,
) -> Result<Vec<LogLineView>, AdminError> {
    lines.into_iter().map(|line| view(data_key, scope, line)).collect()
}

fn view(data_key: &DataKey, scope: Scope, line: StoredLogLine) -> Result<LogLineView, AdminError> {
    let message = data_key
        .open(&log_line_context(scope, line.number), &line.sealed_message)
        .map_err(|source| AdminError::Sealed("line of a log", source))?;
    Ok(LogLineView {
        number: line.number,
        at: line.at.into(),
        level: line.level.as_str().to_owned(),
        version: line.version,
        request_id: line.request,
        session: line.session,
        message: String::from_utf8_lossy(&message).into_owned(),
        dropped: line.dropped,
    })
}

/// A conversation has some ten exchanges.
const LINES_OF_A_SESSION: i64 = 50;

/// The most lines at once, whose texts are no longer than this.
const FOLLOWED_LINES: i64 = 500;
const FOLLOWED_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_protocol::crypto::Sealed;
    use time::OffsetDateTime;

    fn lines(lengths: &[usize]) -> Vec<StoredLogLine> {
        let line = |(number, length): (i64, &usize)| StoredLogLine {
            number,
            version: 1,
            request: None,
            token: None,
            session: None,
            level: LogLevel::Info,
            sealed_message: Sealed(vec![0; *length]),
            dropped: None,
            at: OffsetDateTime::UNIX_EPOCH,
        };
        (1..).zip(lengths).map(line).collect()
    }

    #[test]
    fn what_may_wait_for_a_reader_is_bounded_in_bytes_and_never_nothing() {
        for (lengths, left, is_cut) in [
            (&[100; 500][..], 500, false),
            (&[4 << 10; 64], 64, false),
            (&[4 << 10; 65], 64, true),
            (&[FOLLOWED_BYTES + 1, 1], 1, true),
            (&[], 0, false),
        ] {
            let mut lines = lines(lengths);

            assert_eq!((cut(&mut lines), lines.len()), (is_cut, left), "{}", lengths.len());
        }
    }
}
