//! Figures of a flow, for the console.

use crate::Timestamp;

/// Figures of a flow.
#[derive(Clone, Debug)]
pub struct FlowFigures {
    /// How long each stretch is, in seconds.
    pub seconds: i64,
    /// One after another; the last one is not over yet.
    pub stretches: Vec<FigureStretch>,
    /// Set if there were more exchanges than were read: how many were, which are the newest.
    pub sampled: Option<i64>,
}

/// A stretch of that time.
#[derive(Clone, Debug)]
pub struct FigureStretch {
    /// When it begins.
    pub from: Timestamp,
    /// What its exchanges come to. `None` if they were not read.
    pub exchanges: Option<ExchangeFigures>,
    /// How many requests got no reply, and so have no exchange, without those that their senders are
    /// to blame for.
    pub unanswered: i64,
}

/// What the exchanges of a stretch come to.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExchangeFigures {
    /// How many there were.
    pub count: i64,
    /// How many of them failed.
    pub failed: i64,
    /// Half of them took at most this many milliseconds.
    pub p50_ms: f64,
    /// Of a hundred, 95 took at most this many milliseconds.
    pub p95_ms: f64,
}
