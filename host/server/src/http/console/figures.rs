//! Which figures of a flow a link asks for.

use crate::admin::FigureSpan;

/// The span that a link asks for, with its name in links.
pub(super) fn span(asked: Option<&str>) -> (FigureSpan, &'static str) {
    match asked {
        Some("day") => (FigureSpan::Day, "day"),
        _ => (FigureSpan::Hour, "hour"),
    }
}
