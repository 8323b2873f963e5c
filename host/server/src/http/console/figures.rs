//! Figures of a flow, for plots.

use crate::admin::{FigureSpan, FlowFigures};
use flowhost_console::plot;

/// The span that a link asks for, with its name in links.
pub(super) fn span(asked: Option<&str>) -> (FigureSpan, &'static str) {
    match asked {
        Some("day") => (FigureSpan::Day, "day"),
        _ => (FigureSpan::Hour, "hour"),
    }
}

/// Figures as a plot takes them.
pub(super) fn drawable(figures: FlowFigures) -> plot::FlowFigures {
    let stretches = figures.stretches.into_iter().map(|stretch| {
        let from = stretch.from.to_string();
        plot::Stretch {
            from: from.get(HOUR_AND_MINUTE).unwrap_or(&from).to_owned(),
            exchanges: stretch.exchanges.map(|exchanges| plot::ExchangeFigures {
                count: exchanges.count,
                failed: exchanges.failed,
                p50_ms: exchanges.p50_ms,
                p95_ms: exchanges.p95_ms,
            }),
            error_lines: stretch.error_lines,
        }
    });
    plot::FlowFigures {
        seconds: figures.seconds,
        stretches: stretches.collect(),
        sampled: figures.sampled,
    }
}

/// Of `2026-03-01T12:00:00Z`.
const HOUR_AND_MINUTE: std::ops::Range<usize> = 11..16;
