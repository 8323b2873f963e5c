//! A flow as it is used: its exchanges, the newest first, and what its plugin logs meanwhile.

use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

use super::reveal::{Said, SaidText};
use super::{AdminError, FlowDesk, Right};
use crate::store::{self, Feed, FeedExchange, FeedPlace, FeedReach, StoredUnanswered};
use flowhost_api::{ExchangeView, LogLineView, LogQuery, Timestamp, UnansweredView};
use flowhost_protocol::ids::{AuditId, RequestId, SessionId};

/// Which exchanges and lines of a flow to show.
#[derive(Clone, Debug, Default)]
pub struct LiveFilter {
    /// Only exchanges that ended like this. Lines are shown if this is `None`, and lines of level
    /// error if it is `failed`; requests without a reply in both cases, unless it is of a session.
    pub outcome: Option<String>,
    /// Only what this version answered or logged.
    pub version: Option<i32>,
    /// Only what is of this session.
    pub session: Option<SessionId>,
}

/// Where a list goes on: the last exchange on the page before. As a text it fits into a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LivePlace(pub(super) FeedPlace);

/// An exchange with its session.
#[derive(Debug)]
pub struct LiveExchange {
    /// Its session.
    pub session: SessionId,
    /// The exchange.
    pub exchange: ExchangeView,
    /// Its place among the flow's exchanges.
    pub place: LivePlace,
}

/// A line of the log, whose text may be masked. The view's own text is empty.
#[derive(Debug)]
pub struct LiveLine {
    /// All but its text.
    pub line: LogLineView,
    /// Its text.
    pub text: SaidText,
}

/// A page of what happened.
#[derive(Debug)]
pub struct LivePage {
    /// The newest first.
    pub exchanges: Vec<LiveExchange>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<LivePlace>,
    /// Set if the filter left so few that the search ended before the page was full: how far back
    /// it looked.
    pub looked_back_to: Option<Timestamp>,
    /// Requests that got no reply, the newest first; `None` on later pages, and if the filter shows
    /// none of them.
    pub unanswered: Option<Vec<UnansweredView>>,
    /// The newest lines, the newest first; none for callers who may not read logs.
    pub lines: Vec<LiveLine>,
    /// The number of the newest line that was read for that, 0 if there is none.
    pub last_line: i64,
    /// Whether their texts are open.
    pub revealed: bool,
}

impl FlowDesk {
    /// A page of the flow's exchanges, the newest first, before the place `before`; on the first
    /// page with what got no reply and the newest lines of its log. `opened_by` is the entry of the audit log by which the
    /// caller opened them.
    pub async fn show_live(
        &self,
        filter: &LiveFilter,
        before: Option<LivePlace>,
        opened_by: Option<AuditId>,
    ) -> Result<LivePage, AdminError> {
        let reach = FeedReach {
            since: None,
            before: before.map(|LivePlace(place)| place),
            most_looked_at: MOST_LOOKED_AT,
            limit: PAGE,
            ..filter.reach()?
        };
        self.check_session(filter).await?;
        let Feed { mut exchanges, looked_up_to, .. } =
            store::read_feed(self.store(), self.scope(), reach).await?;
        let more = exchanges.len() > PAGE as usize;
        exchanges.truncate(PAGE as usize);
        let (next, looked_back_to) = match looked_up_to {
            _ if more => (exchanges.last().map(FeedExchange::place), None),
            Some(place) => (Some(place), Some(place.at.into())),
            None => (None, None),
        };
        let revealed = self.is_revealed(Said::Log, opened_by).await?;
        let (unanswered, lines) = match before {
            None => (self.newest_unanswered(filter).await?, self.newest_lines(filter).await?),
            Some(_) => Default::default(),
        };
        let last_line = lines.first().map_or(0, |line| line.number);
        let lines = filter.shown(lines, revealed);
        let exchanges = exchanges.into_iter().map(LiveExchange::from).collect();
        Ok(LivePage {
            exchanges,
            next: next.map(LivePlace),
            looked_back_to,
            unanswered,
            lines,
            last_line,
            revealed,
        })
    }

    /// What got no reply lately, the newest first; `None` if the filter shows none of it.
    pub(super) async fn newest_unanswered(
        &self,
        filter: &LiveFilter,
    ) -> Result<Option<Vec<UnansweredView>>, AdminError> {
        if !filter.shows_unanswered() {
            return Ok(None);
        }
        let (store, scope) = (self.store(), self.scope());
        let (version, most, of_peers) = (filter.version, MOST_UNANSWERED, MOST_UNANSWERED_OF_PEERS);
        let rows = store::list_unanswered(store, scope, version, most, of_peers).await?;
        Ok(Some(rows.into_iter().map(UnansweredView::from).collect()))
    }

    async fn newest_lines(&self, filter: &LiveFilter) -> Result<Vec<LogLineView>, AdminError> {
        let Some(query) = filter.lines().filter(|_| self.caller().may(Right::Deploy)) else {
            return Ok(Vec::new());
        };
        let mut lines = self.list_log_lines(&query).await?;
        lines.reverse();
        Ok(lines)
    }

    pub(super) async fn check_session(&self, filter: &LiveFilter) -> Result<(), AdminError> {
        if let Some(session) = filter.session {
            let found = store::find_listed_session(self.store(), self.scope(), session).await?;
            found.ok_or(AdminError::NotFound("session"))?;
        }
        Ok(())
    }
}

impl LiveFilter {
    /// Its exchanges, without limits yet.
    pub(super) fn reach(&self) -> Result<FeedReach<'_>, AdminError> {
        let outcome = self.outcome.as_deref();
        if let Some(unknown) = outcome.filter(|outcome| !OUTCOMES.contains(outcome)) {
            return Err(AdminError::Invalid(format!(
                "outcome {unknown:?} is none of {}",
                OUTCOMES.join(", ")
            )));
        }
        Ok(FeedReach {
            outcome,
            version: self.version,
            session: self.session,
            since: None,
            before: None,
            most_looked_at: 0,
            limit: 0,
        })
    }

    /// Its lines; `None` if it shows none.
    pub(super) fn lines(&self) -> Option<LogQuery> {
        let level = match self.outcome.as_deref() {
            None => None,
            Some(FAILED) => Some("error".to_owned()),
            Some(_) => return None,
        };
        Some(LogQuery { level, session: self.session, ..LogQuery::default() })
    }

    /// Whether it shows requests without a reply: no session is known of them.
    fn shows_unanswered(&self) -> bool {
        self.session.is_none() && self.outcome.as_deref().is_none_or(|outcome| outcome == FAILED)
    }

    pub(super) fn shown(&self, lines: Vec<LogLineView>, revealed: bool) -> Vec<LiveLine> {
        let fits = |line: &LogLineView| self.version.is_none_or(|version| line.version == version);
        lines.into_iter().filter(fits).map(|line| LiveLine::new(line, revealed)).collect()
    }
}

impl LiveLine {
    /// The line with its text, or with the text's length only.
    pub(super) fn new(mut line: LogLineView, revealed: bool) -> Self {
        let text = SaidText::new(std::mem::take(&mut line.message), revealed);
        Self { line, text }
    }
}

impl From<FeedExchange> for LiveExchange {
    fn from(read: FeedExchange) -> Self {
        Self {
            place: LivePlace(read.place()),
            session: read.session,
            exchange: read.exchange.into(),
        }
    }
}

impl From<StoredUnanswered> for UnansweredView {
    fn from(stored: StoredUnanswered) -> Self {
        Self {
            count: stored.count,
            reason: stored.reason,
            blame: stored.blame,
            version: Some(stored.plugin_version).filter(|version| *version > 0),
            status: stored.status,
            cause: stored.cause,
            request_id: RequestId(stored.request_id),
            last_at: stored.last_at.into(),
        }
    }
}

impl fmt::Display for LivePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FeedPlace { at, session, number } = self.0;
        write!(f, "{}.{session}.{number}", at.unix_timestamp_nanos() / 1000)
    }
}

impl FromStr for LivePlace {
    type Err = AdminError;

    fn from_str(text: &str) -> Result<Self, AdminError> {
        let parse = || {
            let mut parts = text.splitn(3, '.');
            let micros: i64 = parts.next()?.parse().ok()?;
            // Others are no time of an exchange, and nothing can be subtracted from the first one.
            (0..=LAST_MICROS).contains(&micros).then_some(())?;
            let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok()?;
            let session = parts.next()?.parse().ok()?;
            let number = parts.next()?.parse().ok()?;
            Some(Self(FeedPlace { at, session, number }))
        };
        parse().ok_or_else(|| AdminError::Invalid("this is no place in a list".to_owned()))
    }
}

/// How exchanges end, as the database spells it.
const OUTCOMES: [&str; 5] = ["screen", "completed", "rejected", FAILED, "refused"];
const FAILED: &str = "failed";

/// Exchanges on a page, and the most that a follower is told at once.
pub(super) const PAGE: i64 = 50;

/// Rows of requests without a reply on a page: each is a reason in a minute, or of senders' faults
/// in an hour.
const MOST_UNANSWERED: i64 = 40;
const MOST_UNANSWERED_OF_PEERS: i64 = 10;

/// Some 10 ms for PostgreSQL.
const MOST_LOOKED_AT: i64 = 5_000;

/// The end of the year 9999.
const LAST_MICROS: i64 = 253_402_300_799_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_same_after_its_way_through_a_url() {
        let place = LivePlace(FeedPlace {
            at: OffsetDateTime::from_unix_timestamp_nanos(1_796_000_000_123_456_000).unwrap(),
            session: "0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11".parse().unwrap(),
            number: 7,
        });

        assert_eq!(place.to_string().parse::<LivePlace>().unwrap(), place);
        for wrong in [
            "",
            "1",
            "1.x.7",
            "99999999999999999999.0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11.1",
            "-377705116800000000.0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11.1",
        ] {
            assert!(wrong.parse::<LivePlace>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn lines_are_left_out_where_only_some_endings_are_asked_for() {
        let level = |outcome: Option<&str>| {
            let outcome = outcome.map(str::to_owned);
            LiveFilter { outcome, ..LiveFilter::default() }.lines().map(|query| query.level)
        };

        assert_eq!(level(None), Some(None));
        assert_eq!(level(Some("failed")), Some(Some("error".to_owned())));
        assert_eq!(level(Some("completed")), None);
    }

    #[test]
    fn requests_without_a_reply_have_failed_and_are_of_no_session() {
        let shows = |outcome: Option<&str>, session| {
            let outcome = outcome.map(str::to_owned);
            LiveFilter { outcome, session, version: None }.shows_unanswered()
        };

        assert!(shows(None, None) && shows(Some("failed"), None));
        assert!(!shows(Some("screen"), None) && !shows(None, Some(SessionId::new())));
    }

    #[test]
    fn an_unknown_ending_is_refused_by_name() {
        let filter = LiveFilter { outcome: Some("lost".to_owned()), ..LiveFilter::default() };

        let refused = filter.reach().unwrap_err().to_string();

        assert!(refused.contains("\"lost\"") && refused.contains("completed"), "{refused}");
    }
}
