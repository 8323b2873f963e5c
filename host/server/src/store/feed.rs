//! The table `exchanges`, as those read it who watch a flow: the newest ones, and figures of them.
//! Both read a bounded number of rows, however many there are.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CommittedExchange, Store, StoreError};
use flowhost_protocol::ids::{Scope, SessionId};

/// The place of an exchange among those of its flow, which go by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FeedPlace {
    /// When it was committed.
    pub at: OffsetDateTime,
    /// Its session.
    pub session: SessionId,
    /// Its number in the session.
    pub number: i64,
}

/// Which exchanges of a flow to read.
#[derive(Clone, Copy, Debug)]
pub struct FeedReach<'a> {
    /// Only those that ended like this.
    pub outcome: Option<&'a str>,
    /// Only those that this version answered.
    pub version: Option<i32>,
    /// Only those of this session.
    pub session: Option<SessionId>,
    /// Only those that were committed after this time.
    pub since: Option<OffsetDateTime>,
    /// Only those before this place.
    pub before: Option<FeedPlace>,
    /// How many to look at, from the newest on.
    pub most_looked_at: i64,
    /// How many of these to read.
    pub limit: i64,
}

/// An exchange with its session.
#[derive(Clone, Debug)]
pub struct FeedExchange {
    /// Its session.
    pub session: SessionId,
    /// The exchange.
    pub exchange: CommittedExchange,
}

impl FeedExchange {
    /// Its place among the flow's exchanges.
    pub fn place(&self) -> FeedPlace {
        let CommittedExchange { number, created_at, .. } = self.exchange;
        FeedPlace { at: created_at, session: self.session, number }
    }
}

/// The exchanges that were asked for, and how far they were looked for.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// The newest first.
    pub exchanges: Vec<FeedExchange>,
    /// The newest that was looked at, whether it was asked for or not.
    pub newest: Option<FeedPlace>,
    /// The last one that was looked at, if there may be more before it.
    pub looked_up_to: Option<FeedPlace>,
}

/// A flow's exchanges, the newest first.
pub async fn read_feed(
    store: &Store,
    scope: Scope,
    reach: FeedReach<'_>,
) -> Result<Feed, StoreError> {
    let rows: Vec<FeedRow> =
        sqlx::query_as(if reach.session.is_some() { OF_A_SESSION } else { OF_THE_FLOW })
            .bind(scope.tenant.0)
            .bind(scope.flow.0)
            .bind(reach.since)
            .bind(reach.before.map(|place| place.at))
            .bind(reach.before.map(|place| place.session.0))
            .bind(reach.before.map(|place| place.number))
            .bind(reach.most_looked_at)
            .bind(reach.outcome)
            .bind(reach.version)
            .bind(reach.limit)
            .bind(reach.session.map(|session| session.0))
            .fetch_all(&mut *store.within_share_of(scope.tenant).await?)
            .await?;
    let mut feed = Feed::default();
    for row in rows {
        let (place, fits) = (row.place, row.fits);
        let read = FeedExchange { session: SessionId(row.session_id), exchange: row.exchange };
        if place == 1 {
            feed.newest = Some(read.place());
        }
        if place == reach.most_looked_at {
            feed.looked_up_to = Some(read.place());
        }
        if fits {
            feed.exchanges.push(read);
        }
    }
    Ok(feed)
}

/// What the exchanges of a stretch of time come to.
#[derive(Clone, Debug, FromRow)]
pub struct FeedFigures {
    /// Which stretch: seconds since 1970, divided by its length.
    pub stretch: i64,
    /// How many were committed.
    pub exchanges: i64,
    /// How many of them failed.
    pub failed: i64,
    /// Half of them took at most this many microseconds.
    pub p50_us: i64,
    /// Of a hundred, 95 took at most this many microseconds.
    pub p95_us: i64,
}

/// Figures of the newest `most` exchanges of a flow since a time, by stretches of so many seconds.
pub async fn read_feed_figures(
    store: &Store,
    scope: Scope,
    since: OffsetDateTime,
    seconds: i64,
    most: i64,
) -> Result<Vec<FeedFigures>, StoreError> {
    let query = sqlx::query_as(
        "select floor(extract(epoch from created_at) / $4)::bigint as stretch, count(*) as exchanges, \
           count(*) filter (where outcome = 'failed') as failed, \
           percentile_disc(0.5) within group (order by duration_us) as p50_us, \
           percentile_disc(0.95) within group (order by duration_us) as p95_us \
         from newest_exchanges($1, $2, $3, 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 9223372036854775807, $5) \
         group by 1 order by 1",
    );
    let query = query.bind(scope.tenant.0).bind(scope.flow.0).bind(since).bind(seconds).bind(most);
    Ok(query.fetch_all(&mut *store.within_share_of(scope.tenant).await?).await?)
}

#[derive(FromRow)]
struct FeedRow {
    session_id: Uuid,
    place: i64,
    fits: bool,
    #[sqlx(flatten)]
    exchange: CommittedExchange,
}

/// Reads the exchanges that `$looked` looks at. The first and the last one that may be looked at
/// come in any case: they tell where to go on.
macro_rules! select_feed {
    ($looked:literal) => {
        concat!(
            "with looked as materialized (select l.*, row_number() over () as place from (",
            $looked,
            ") l) select looked.*, f.fits from looked, lateral (select ($8::text is null or outcome = $8) \
               and ($9::integer is null or plugin_version is not distinct from $9) as fits) f \
             where f.fits or place in (1, $7) order by place limit $10 + 2"
        )
    };
}

const OF_THE_FLOW: &str = select_feed!(
    "select * from newest_exchanges($1, $2, coalesce($3, '-infinity'), coalesce($4, 'infinity'), \
       coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), coalesce($6, 9223372036854775807), $7) where $11::uuid is null"
);

const OF_A_SESSION: &str = select_feed!(
    "select * from exchanges where tenant_id = $1 and session_id = $11 and flow_id = $2 \
       and created_at > coalesce($3, '-infinity') and (created_at, session_id, number) < (coalesce($4, 'infinity'), \
         coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'), coalesce($6, 9223372036854775807)) \
     order by number desc limit $7"
);
