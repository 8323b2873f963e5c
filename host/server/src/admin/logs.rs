//! What plugins logged: to look at, and to follow.
//!
//! Lines may hold what customers said. So whoever may only look (role `read`) sees sessions' courses and not these; they are for who
//! writes the plugin (role `deploy`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::page::PageLimit;
use super::{AdminError, FlowDesk};
use crate::plugin_logs::log_line_place;
use crate::store::{self, LogReach, StoredLogLine};
use flowhost_protocol::crypto::DataKey;
use flowhost_protocol::flow::LogLevel;
use flowhost_protocol::ids::{RequestId, Scope, TenantId};

/// Which lines to show.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogQuery {
    /// Whether to go on with lines as they come.
    pub follow: bool,
    level: Option<String>,
    limit: Option<u32>,
    before: Option<i64>,
    after: Option<i64>,
}

/// A line as it is shown.
#[derive(Debug, Serialize)]
pub struct LogLineView {
    /// Its number in the flow's log.
    pub number: i64,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    level: &'static str,
    version: i32,
    /// The request that it was written for, as its answer named it (`x-request-id`).
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<RequestId>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<i32>,
}

/// Somebody who follows a flow's log. Takes one of the host's places for that, until it is dropped.
pub struct LogFollower {
    desk: FlowDesk,
    data_key: DataKey,
    least: LogLevel,
    last_seen: i64,
    _place: FollowerPlace,
}

impl FlowDesk {
    /// Lines of the flow's log, the oldest first: the newest of them, or the first ones after a line.
    pub async fn list_log_lines(&self, query: &LogQuery) -> Result<Vec<LogLineView>, AdminError> {
        let lines = store::list_log_lines(self.store(), self.scope(), query.reach()?).await?;
        opened(&self.data_key()?, self.scope(), lines)
    }

    /// Begins to follow the flow's log; gives the lines that are there, too.
    pub async fn follow_log(self, query: &LogQuery) -> Result<(Vec<LogLineView>, LogFollower), AdminError> {
        let reach = query.reach()?;
        if reach.before.is_some() {
            return Err(AdminError::Invalid("before and follow don't go together: what follows comes after".to_owned()));
        }
        let place = self.admin().followers.enter(self.tenant().id)?;
        let data_key = self.data_key()?;
        let lines = store::list_log_lines(self.store(), self.scope(), reach).await?;
        let last_seen = lines.last().map_or(reach.after.unwrap_or(0), |line| line.number);
        let lines = opened(&data_key, self.scope(), lines)?;
        Ok((lines, LogFollower { desk: self, data_key, least: reach.least, last_seen, _place: place }))
    }
}

impl LogFollower {
    /// Lines that came since the last call, a page at most.
    pub async fn next(&mut self) -> Result<Vec<LogLineView>, AdminError> {
        let (store, scope) = (self.desk.store(), self.desk.scope());
        let newest = store::last_log_number(store, scope).await?;
        if newest <= self.last_seen {
            return Ok(Vec::new());
        }
        let reach = LogReach { least: self.least, before: None, after: Some(self.last_seen), limit: FOLLOWED_LINES };
        let lines = store::list_log_lines(store, scope, reach).await?;
        // Less than a page: then nothing up to the newest is left. What was below the level need not be looked at again.
        self.last_seen = match lines.last() {
            Some(last) if lines.len() as i64 == FOLLOWED_LINES => last.number,
            last => last.map_or(newest, |line| line.number.max(newest)),
        };
        opened(&self.data_key, scope, lines)
    }

    /// Whether the caller may go on: its token still holds, and the flow is the one that it was.
    pub async fn may_go_on(&self) -> Result<bool, AdminError> {
        let token_holds = match self.desk.caller().actor.token {
            Some(token) => store::api_token_holds(self.desk.store(), token).await?,
            None => true,
        };
        Ok(token_holds && self.desk.is_still_open().await?)
    }
}

impl LogQuery {
    fn reach(&self) -> Result<LogReach, AdminError> {
        let level = self.level.as_deref().unwrap_or(LogLevel::Trace.as_str());
        let least = level.parse().map_err(|error| AdminError::Invalid(format!("level {level:?}: {error}")))?;
        if self.before.is_some() && self.after.is_some() {
            return Err(AdminError::Invalid("before and after don't go together".to_owned()));
        }
        Ok(LogReach { least, before: self.before, after: self.after, limit: PageLimit::parse(self.limit)?.to_show() })
    }
}

fn opened(data_key: &DataKey, scope: Scope, lines: Vec<StoredLogLine>) -> Result<Vec<LogLineView>, AdminError> {
    lines.into_iter().map(|line| view(data_key, scope, line)).collect()
}

fn view(data_key: &DataKey, scope: Scope, line: StoredLogLine) -> Result<LogLineView, AdminError> {
    let message = data_key
        .open(&log_line_place(scope, line.number), &line.sealed_message)
        .map_err(|source| AdminError::Sealed("line of a log", source))?;
    Ok(LogLineView {
        number: line.number,
        at: line.at,
        level: line.level.as_str(),
        version: line.version,
        request_id: line.request,
        message: String::from_utf8_lossy(&message).into_owned(),
        dropped: line.dropped,
    })
}

/// How many follow a log, of which tenant.
#[derive(Clone, Default)]
pub(super) struct Followers(Arc<Mutex<HashMap<TenantId, usize>>>);

/// A follower's place; given back when dropped.
struct FollowerPlace {
    followers: Followers,
    tenant: TenantId,
}

impl Followers {
    fn enter(&self, tenant: TenantId) -> Result<FollowerPlace, AdminError> {
        let mut counts = self.counts();
        if counts.values().sum::<usize>() >= MAX_FOLLOWERS {
            return Err(AdminError::Busy("as many follow logs at this host as may; try again, or try another host".to_owned()));
        }
        let count = counts.entry(tenant).or_default();
        if *count >= MAX_FOLLOWERS_OF_A_TENANT {
            return Err(AdminError::Busy("as many follow logs of this tenant at this host as may; end one of them".to_owned()));
        }
        *count += 1;
        Ok(FollowerPlace { followers: self.clone(), tenant })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FollowerPlace {
    fn drop(&mut self) {
        let mut counts = self.followers.counts();
        if let Some(count) = counts.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.tenant);
            }
        }
    }
}

/// Each asks the database twice a second.
const MAX_FOLLOWERS: usize = 32;

/// A few people at work.
pub const MAX_FOLLOWERS_OF_A_TENANT: usize = 4;

/// In one go; at 4 KiB each, 2 MiB.
const FOLLOWED_LINES: i64 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_per_tenant_and_given_back() {
        let followers = Followers::default();
        let (one, other) = (TenantId::new(), TenantId::new());
        let mut held: Vec<_> = (0..MAX_FOLLOWERS_OF_A_TENANT).map(|_| followers.enter(one).unwrap()).collect();

        assert!(matches!(followers.enter(one), Err(AdminError::Busy(_))));
        drop(followers.enter(other).unwrap());
        held.pop();

        held.push(followers.enter(one).unwrap());
        drop(held);
        assert!(followers.counts().is_empty());
    }

    #[test]
    fn places_are_bounded_in_all() {
        let followers = Followers::default();
        let held: Vec<_> = (0..MAX_FOLLOWERS).map(|_| followers.enter(TenantId::new()).unwrap()).collect();

        assert!(followers.enter(TenantId::new()).is_err());
        drop(held);
        assert!(followers.enter(TenantId::new()).is_ok());
    }
}
