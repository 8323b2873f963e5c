//! Reading and following what plugins logged.
//!
//! Lines may hold what customers said, so they are for the plugin's authors (role `deploy`). Role
//! `read` sees the history of sessions but no lines.

use super::page::PageLimit;
use super::{AdminError, FlowDesk};
use crate::plugin_logs::log_line_context;
use crate::store::{self, LogReach, StoredLogLine};
use flowhost_api::{LogLineView, LogQuery};
use flowhost_protocol::crypto::DataKey;
use flowhost_protocol::flow::LogLevel;
use flowhost_protocol::ids::{Scope, TokenHash};
use flowhost_runtime::telemetry::BudgetSeries;
use flowhost_runtime::tenant_limits::{Full, Permit, TenantLimits};

/// Somebody who follows a flow's log. Takes one of the host's places for that, until it is dropped.
pub struct LogFollower {
    desk: FlowDesk,
    tail: LogTail,
    _permit: Permit,
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
        let permit =
            self.admin().followers.try_acquire(self.tenant().id).map_err(too_many_followers)?;
        let data_key = self.data_key()?;
        let lines = store::list_log_lines(self.store(), self.scope(), reach).await?;
        let last_seen = lines.last().map_or(reach.after.unwrap_or(0), |line| line.number);
        let lines = opened(&data_key, self.scope(), lines)?;
        let tail = LogTail { data_key, least: reach.least, token: reach.token, last_seen };
        Ok((lines, LogFollower { desk: self, tail, _permit: permit }))
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
        Ok(LogReach { least, before: query.before, after: query.after, token, limit })
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

    /// Lines that came since the last call, at most a page.
    pub(super) async fn next(&mut self, desk: &FlowDesk) -> Result<Vec<LogLineView>, AdminError> {
        let (store, scope) = (desk.store(), desk.scope());
        let newest = store::last_log_number(store, scope).await?;
        if newest <= self.last_seen {
            return Ok(Vec::new());
        }
        let reach = LogReach {
            least: self.least,
            before: None,
            after: Some(self.last_seen),
            token: self.token,
            limit: FOLLOWED_LINES,
        };
        let lines = store::list_log_lines(store, scope, reach).await?;
        // Less than a page means that nothing up to the newest is left. Lines below the level need
        // not be read again.
        self.last_seen = match lines.last() {
            Some(last) if lines.len() as i64 == FOLLOWED_LINES => last.number,
            last => last.map_or(newest, |line| line.number.max(newest)),
        };
        opened(&self.data_key, scope, lines)
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

/// Limits how many callers follow logs at a host.
pub(super) fn follower_limits(series: BudgetSeries) -> TenantLimits {
    TenantLimits::new(MAX_FOLLOWERS, MAX_FOLLOWERS_OF_A_TENANT, series)
}

pub(super) fn too_many_followers(full: Full) -> AdminError {
    AdminError::Busy(match full {
        Full::All => {
            "as many follow logs at this host as may; try again, or try another host".to_owned()
        }
        Full::Tenant => {
            "as many follow logs of this tenant at this host as may; end one of them".to_owned()
        }
    })
}

/// Each follower queries the database twice a second.
const MAX_FOLLOWERS: usize = 32;

/// Enough for a few people at work.
pub const MAX_FOLLOWERS_OF_A_TENANT: usize = 4;

/// A conversation has some ten exchanges.
const LINES_OF_A_SESSION: i64 = 50;

/// The most lines at once: 2 MiB at 4 KiB each.
const FOLLOWED_LINES: i64 = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_protocol::ids::TenantId;

    #[test]
    fn followers_are_bounded_per_tenant_and_give_their_permits_back() {
        let followers = follower_limits(BudgetSeries::default());
        let (one, other) = (TenantId::new(), TenantId::new());
        let follow = |tenant| followers.try_acquire(tenant).map_err(too_many_followers);
        let mut held: Vec<_> =
            (0..MAX_FOLLOWERS_OF_A_TENANT).map(|_| follow(one).unwrap()).collect();

        assert!(
            matches!(follow(one), Err(AdminError::Busy(why)) if why.contains("of this tenant"))
        );
        drop(follow(other).unwrap());
        held.pop();

        held.push(follow(one).unwrap());
    }

    #[test]
    fn followers_are_bounded_in_all() {
        let followers = follower_limits(BudgetSeries::default());
        let follow = |tenant| followers.try_acquire(tenant).map_err(too_many_followers);
        let held: Vec<_> = (0..MAX_FOLLOWERS).map(|_| follow(TenantId::new()).unwrap()).collect();

        assert!(
            matches!(follow(TenantId::new()), Err(AdminError::Busy(why)) if why.contains("another host"))
        );
        drop(held);
        assert!(follow(TenantId::new()).is_ok());
    }
}
