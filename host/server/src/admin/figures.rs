//! Figures of a flow for plots: how many exchanges there were lately, how long they took and how
//! many failed.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::{AdminError, FlowDesk};
use crate::store::{self, FeedFigures};
use flowhost_api::{ExchangeFigures, FigureStretch, FlowFigures};

/// The time that figures are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FigureSpan {
    /// The last hour, by minutes.
    #[default]
    Hour,
    /// The last day, by hours.
    Day,
}

impl FigureSpan {
    /// The length of a stretch in seconds, and how many there are.
    fn stretches(self) -> (i64, i64) {
        match self {
            Self::Hour => (60, 60),
            Self::Day => (60 * 60, 24),
        }
    }
}

impl FlowDesk {
    /// Figures of the flow's exchanges in that time. At most 20,000 exchanges are read.
    pub async fn figures(&self, span: FigureSpan) -> Result<FlowFigures, AdminError> {
        let (seconds, count) = span.stretches();
        let first = OffsetDateTime::now_utc().unix_timestamp() / seconds - count + 1;
        let since = start(first, seconds);
        let (store, scope) = (self.store(), self.scope());
        let read = store::read_feed_figures(store, scope, since, seconds, MOST_READ).await?;
        let unanswered = store::count_unanswered(store, scope, since, seconds).await?;
        Ok(figures(first..first + count, seconds, &read, unanswered))
    }
}

fn figures(
    stretches: std::ops::Range<i64>,
    seconds: i64,
    read: &[FeedFigures],
    unanswered: Vec<(i64, i64)>,
) -> FlowFigures {
    let total: i64 = read.iter().map(|figures| figures.exchanges).sum();
    let sampled = (total >= MOST_READ).then_some(total);
    let unread_before = match sampled {
        Some(_) => read.iter().map(|figures| figures.stretch).min().unwrap_or(i64::MAX),
        None => i64::MIN,
    };
    let unanswered: HashMap<i64, i64> = unanswered.into_iter().collect();
    let stretches = stretches.map(|stretch| FigureStretch {
        from: start(stretch, seconds).into(),
        exchanges: (stretch >= unread_before).then(|| {
            let of_it = read.iter().find(|figures| figures.stretch == stretch);
            of_it.map(ExchangeFigures::from).unwrap_or_default()
        }),
        unanswered: unanswered.get(&stretch).copied().unwrap_or(0),
    });
    FlowFigures { seconds, stretches: stretches.collect(), sampled }
}

impl From<&FeedFigures> for ExchangeFigures {
    fn from(figures: &FeedFigures) -> Self {
        Self {
            count: figures.exchanges,
            failed: figures.failed,
            p50_ms: figures.p50_us as f64 / 1000.0,
            p95_ms: figures.p95_us as f64 / 1000.0,
        }
    }
}

fn start(stretch: i64, seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(stretch * seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Reading so many takes PostgreSQL some 40 ms.
const MOST_READ: i64 = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stretch: i64, exchanges: i64) -> FeedFigures {
        FeedFigures { stretch, exchanges, failed: 1, p50_us: 1_500, p95_us: 20_000 }
    }

    #[test]
    fn stretches_without_exchanges_have_none_and_are_there() {
        let figures = figures(10..14, 60, &[read(11, 3)], vec![(12, 2), (99, 1)]);

        let counts: Vec<_> =
            figures.stretches.iter().map(|one| one.exchanges.unwrap().count).collect();
        assert_eq!(counts, [0, 3, 0, 0]);
        let unanswered: Vec<_> = figures.stretches.iter().map(|one| one.unanswered).collect();
        assert_eq!(unanswered, [0, 0, 2, 0]);
        assert_eq!(figures.stretches[1].exchanges.unwrap().p95_ms, 20.0);
        assert_eq!(figures.sampled, None);
    }

    #[test]
    fn of_what_was_not_read_nothing_is_said() {
        let figures = figures(10..14, 60, &[read(12, MOST_READ - 1), read(13, 1)], Vec::new());

        let known: Vec<_> = figures.stretches.iter().map(|one| one.exchanges.is_some()).collect();
        assert_eq!(known, [false, false, true, true]);
        assert_eq!(figures.sampled, Some(MOST_READ));
    }
}
