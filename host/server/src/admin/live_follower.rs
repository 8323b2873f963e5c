//! Following a flow: its exchanges, what got no reply and what its plugin logs, as they happen.

use std::collections::HashSet;

use time::{Duration, OffsetDateTime};

use super::followers::FollowerPlace;
use super::live::{LiveExchange, LiveFilter, LiveLine, LivePlace, PAGE};
use super::logs::LogTail;
use super::reveal::Said;
use super::{AdminError, FlowDesk, Right};
use crate::store::{self, Feed, FeedExchange, FeedPlace, FeedReach};
use flowhost_api::UnansweredView;
use flowhost_protocol::ids::{AuditId, SessionId};

/// What happened since a follower last asked, the oldest first.
#[derive(Debug, Default)]
pub struct LiveNews {
    /// Exchanges.
    pub exchanges: Vec<LiveExchange>,
    /// Whether there were more than are shown.
    pub skipped: bool,
    /// What got no reply lately, the newest first, if that is not as it was.
    pub unanswered: Option<Vec<UnansweredView>>,
    /// Lines.
    pub lines: Vec<LiveLine>,
}

/// Where a follower begins: after what its page shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiveStart {
    /// After this exchange; from the first one on if it is `None`.
    pub exchange: Option<LivePlace>,
    /// After the line with this number.
    pub line: i64,
}

/// Somebody who follows a flow. Takes one of the host's places for that, until it is dropped.
pub struct LiveFollower {
    desk: FlowDesk,
    filter: LiveFilter,
    newest: Option<OffsetDateTime>,
    /// What was shown already of what is read again.
    seen: HashSet<FeedPlace>,
    unanswered: Option<Vec<UnansweredView>>,
    log: Option<LogTail>,
    opened_by: Option<AuditId>,
    revealed: bool,
    _place: FollowerPlace,
}

impl FlowDesk {
    /// Begins to follow the flow.
    pub async fn follow_live(
        self,
        filter: LiveFilter,
        start: LiveStart,
        opened_by: Option<AuditId>,
    ) -> Result<LiveFollower, AdminError> {
        filter.reach()?;
        self.check_session(&filter).await?;
        let place = self.take_place_to_follow()?;
        let revealed = self.is_revealed(Said::Log, opened_by).await?;
        let log = match filter.lines().filter(|_| self.caller().may(Right::Deploy)) {
            Some(query) => Some(LogTail::new(&self, &query, start.line).await?),
            None => None,
        };
        let newest = start.exchange.map(|LivePlace(place)| place.at);
        let mut follower = LiveFollower {
            desk: self,
            filter,
            newest,
            seen: HashSet::new(),
            unanswered: Some(Vec::new()),
            log,
            opened_by,
            revealed,
            _place: place,
        };
        if let Some(LivePlace(last)) = start.exchange {
            let feed = follower.read().await?;
            let shown = feed.exchanges.iter().map(FeedExchange::place);
            follower.seen = shown.filter(|place| order(place) <= order(&last)).collect();
        }
        Ok(follower)
    }
}

impl LiveFollower {
    /// What happened since the last call.
    pub async fn next(&mut self) -> Result<LiveNews, AdminError> {
        let before = self.newest;
        let Feed { mut exchanges, newest, looked_up_to } = self.read().await?;
        self.newest = newest.map(|place| place.at).max(before);
        let gap = |place: FeedPlace| before.is_none_or(|before| place.at > before);
        let mut skipped = looked_up_to.is_some_and(gap);
        let read: HashSet<FeedPlace> = exchanges.iter().map(FeedExchange::place).collect();
        exchanges.retain(|exchange| !self.seen.contains(&exchange.place()));
        self.seen = read;
        skipped |= exchanges.len() > PAGE as usize;
        exchanges.truncate(PAGE as usize);
        exchanges.reverse();
        let unanswered = self.desk.newest_unanswered(&self.filter).await?;
        let news = unanswered.clone().filter(|_| unanswered != self.unanswered);
        self.unanswered = unanswered;
        let (lines, more_lines) = match &mut self.log {
            Some(tail) => tail.newest(&self.desk, PAGE as usize).await?,
            None => Default::default(),
        };
        skipped |= more_lines;
        Ok(LiveNews {
            exchanges: exchanges.into_iter().map(LiveExchange::from).collect(),
            skipped,
            unanswered: news,
            lines: self.filter.shown(lines, self.revealed),
        })
    }

    /// The number of the last line that was shown.
    pub fn last_line(&self) -> i64 {
        self.log.as_ref().map_or(0, LogTail::last_seen)
    }

    /// Whether the caller may go on: its token is still valid, the flow is still the same one, and
    /// what it opened is still open to it.
    pub async fn is_still_allowed(&self) -> Result<bool, AdminError> {
        let open = !self.revealed || self.desk.is_revealed(Said::Log, self.opened_by).await?;
        Ok(open && self.desk.is_still_allowed().await?)
    }

    /// Reads exchanges from a little before the newest one on. Each has the time at which its
    /// statement began, and a statement that began earlier may end later.
    async fn read(&self) -> Result<Feed, AdminError> {
        let reach = FeedReach {
            since: self.newest.map(|newest| newest - LATE),
            before: None,
            most_looked_at: MOST_FOLLOWED,
            limit: MOST_FOLLOWED,
            ..self.filter.reach()?
        };
        Ok(store::read_feed(self.desk.store(), self.desk.scope(), reach).await?)
    }
}

fn order(place: &FeedPlace) -> (OffsetDateTime, SessionId, i64) {
    (place.at, place.session, place.number)
}

/// Twice a second. With [`LATE`] a flow may have 400 exchanges a second before some are skipped,
/// which nobody could read anyway.
const MOST_FOLLOWED: i64 = 2_000;

/// Longer than a statement of a turn may take.
const LATE: Duration = Duration::seconds(5);
