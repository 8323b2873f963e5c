//! Figures of a flow as plots, drawn here as SVG, with the same numbers as a table.

use std::fmt::Write as _;

use flowhost_api::{ExchangeFigures, FigureStretch, FlowFigures};
use maud::{Markup, html};

use crate::when::hour_and_minute;

/// Two plots, how many exchanges there were and how long they took, and a table.
pub fn of(figures: &FlowFigures) -> Markup {
    let has_any = |stretch: &FigureStretch| {
        stretch.unanswered > 0 || stretch.exchanges.is_some_and(|exchanges| exchanges.count > 0)
    };
    let is_empty = !figures.stretches.iter().any(has_any);
    let step = if figures.seconds == 60 { "minute" } else { "hour" };
    html! {
        @if is_empty {
            p { "No request in this time." }
        } @else {
            @if let Some(count) = figures.sampled {
                p.hint { "There were more than can be read: these are figures of the newest " (count) "." }
            }
            div.plots {
                (counts(&figures.stretches, step))
                (durations(&figures.stretches, step))
            }
            details {
                summary { "The same as numbers" }
                (table(&figures.stretches, step))
            }
        }
    }
}

fn counts(stretches: &[FigureStretch], step: &str) -> Markup {
    let exchanges = |stretch: &FigureStretch| stretch.exchanges.unwrap_or_default();
    let highest = |stretch: &FigureStretch| exchanges(stretch).count.max(stretch.unanswered);
    let most = stretches.iter().map(highest).max().unwrap_or(0).max(1);
    let height = |count: i64| HEIGHT * count.max(0) as f64 / most as f64;
    let title = format!("Exchanges per {step}, at most {most}");
    html! {
        figure {
            figcaption { (title) }
            svg.plot viewBox=(VIEW_BOX) role="img" aria-label={ (title) ". The table has the numbers." } {
                (axis())
                @for (at, stretch) in stretches.iter().enumerate() {
                    @let (x, width) = place(at, stretches.len());
                    (bar("bar", x, width, height(exchanges(stretch).count)))
                    (bar("bar failed", x, width, height(exchanges(stretch).failed)))
                    // A line across the bar, since what got no reply is no exchange.
                    @if stretch.unanswered > 0 {
                        rect class="mark" x=(number(x)) y=(number(TOP + HEIGHT - height(stretch.unanswered) - 1.0))
                            width=(number(width)) height="2" {}
                    }
                }
            }
            (ends(stretches))
            p.legend {
                span.key.all { "exchanges" } " " span.key.failed { "failed" } " "
                span.key.mark { "failed without a reply" }
            }
        }
    }
}

fn durations(stretches: &[FigureStretch], step: &str) -> Markup {
    let most = stretches
        .iter()
        .filter_map(|stretch| stretch.exchanges)
        .map(|exchanges| exchanges.p95_ms)
        .filter(|milliseconds| milliseconds.is_finite())
        .fold(1.0, f64::max);
    let line = |of: fn(&ExchangeFigures) -> f64| path(stretches, most, of);
    let title = format!("Duration per {step}, at most {}", milliseconds(most));
    html! {
        figure {
            figcaption { (title) }
            svg.plot viewBox=(VIEW_BOX) role="img" aria-label={ (title) ". The table has the numbers." } {
                (axis())
                path class="line high" d=(line(|exchanges| exchanges.p95_ms)) {}
                path class="line" d=(line(|exchanges| exchanges.p50_ms)) {}
            }
            (ends(stretches))
            p.legend {
                span.key.all { "half took at most this (p50)" } " "
                span.key.high { "95 of 100 took at most this (p95)" }
            }
        }
    }
}

/// A line through the stretches that have exchanges, broken where one has none. A lone point is a
/// short line, which is seen.
fn path(stretches: &[FigureStretch], most: f64, of: fn(&ExchangeFigures) -> f64) -> String {
    let mut path = String::new();
    let mut goes_on = false;
    for (at, stretch) in stretches.iter().enumerate() {
        let exchanges = stretch.exchanges.filter(|exchanges| exchanges.count > 0);
        if let Some(exchanges) = &exchanges {
            let (x, width) = place(at, stretches.len());
            let height = of(exchanges).max(0.0).min(most) / most;
            let y = number(TOP + HEIGHT * (1.0 - height));
            let step = if goes_on { 'L' } else { 'M' };
            // Writing to a string can't fail.
            let _ = write!(path, "{step}{} {y}H{}", number(x), number(x + width));
        }
        goes_on = exchanges.is_some();
    }
    path
}

fn axis() -> Markup {
    let y = number(TOP + HEIGHT);
    html! { path class="axis" d={ "M0 " (y) "H" (number(WIDTH)) } {} }
}

/// The times at both ends stand below the picture, since texts in it would shrink with it.
fn ends(stretches: &[FigureStretch]) -> Markup {
    html! {
        @if let (Some(first), Some(last)) = (stretches.first(), stretches.last()) {
            p.plot-ends {
                span { (hour_and_minute(&first.from)) }
                span { (hour_and_minute(&last.from)) " UTC" }
            }
        }
    }
}

fn bar(class: &str, x: f64, width: f64, height: f64) -> Markup {
    html! {
        @if height > 0.0 {
            rect class=(class) x=(number(x)) y=(number(TOP + HEIGHT - height)) width=(number(width)) height=(number(height)) {}
        }
    }
}

/// Where a stretch begins and how wide it is.
fn place(at: usize, of: usize) -> (f64, f64) {
    let each = WIDTH / of.max(1) as f64;
    (each * at as f64, each * 0.8)
}

/// One digit after the point is finer than a screen.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

fn table(stretches: &[FigureStretch], step: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Figures" {
            table {
                thead {
                    tr {
                        th scope="col" { "The " (step) " from (UTC)" }
                        @for head in ["Exchanges", "Failed", "p50", "p95", "Failed without a reply"] { th scope="col" { (head) } }
                    }
                }
                tbody {
                    @for stretch in stretches {
                        tr {
                            th scope="row" { (hour_and_minute(&stretch.from)) }
                            @match stretch.exchanges {
                                None => td colspan="4" { "not read" },
                                Some(exchanges) => {
                                    td { (exchanges.count) }
                                    td { (exchanges.failed) }
                                    @if exchanges.count == 0 { td { "–" } td { "–" } }
                                    @else { td { (milliseconds(exchanges.p50_ms)) } td { (milliseconds(exchanges.p95_ms)) } }
                                }
                            }
                            td { (stretch.unanswered) }
                        }
                    }
                }
            }
        }
    }
}

fn milliseconds(value: f64) -> String {
    crate::live::milliseconds(value)
}

/// In the units of the view box: what is drawn, with room for the lines at its edges.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 100.0;
const TOP: f64 = 4.0;
const VIEW_BOX: &str = "0 0 600 106";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn figures(exchanges: &[Option<(i64, i64, f64)>]) -> FlowFigures {
        let stretch = |(at, one): (usize, &Option<(i64, i64, f64)>)| FigureStretch {
            from: from_value(json!(format!("2026-03-01T12:{at:02}:00Z"))).unwrap(),
            exchanges: one.map(|(count, failed, ms)| ExchangeFigures {
                count,
                failed,
                p50_ms: ms / 2.0,
                p95_ms: ms,
            }),
            unanswered: 0,
        };
        let stretches = exchanges.iter().enumerate().map(stretch).collect();
        FlowFigures { seconds: 60, stretches, sampled: None }
    }

    fn drawn(exchanges: &[Option<(i64, i64, f64)>]) -> String {
        of(&figures(exchanges)).into_string()
    }

    #[test]
    fn nothing_is_said_in_words() {
        for nothing in [&[][..], &[Some((0, 0, 0.0)); 60], &[None; 60]] {
            let drawn = drawn(nothing);
            assert!(drawn.contains("No request") && !drawn.contains("<svg"), "{drawn}");
        }
    }

    #[test]
    fn one_point_is_a_line_that_is_seen() {
        let drawn = drawn(&[Some((0, 0, 0.0)), Some((1, 0, 8.0)), None]);

        assert!(drawn.contains("d=\"M200.0 4.0H360.0\""), "{drawn}");
        assert!(drawn.contains("<td>8.0 ms</td>") && drawn.contains("not read"), "{drawn}");
    }

    #[test]
    fn huge_and_senseless_values_stay_within_the_picture() {
        let huge = Some((i64::MAX, i64::MAX, f64::MAX));
        let drawn = drawn(&[
            huge,
            Some((1, 0, f64::INFINITY)),
            Some((1, 1, f64::NAN)),
            Some((-5, -5, -1.0)),
        ]);

        assert!(drawn.contains("height=\"100.0\""), "{drawn}");
        let svg = &drawn[..drawn.rfind("</svg>").unwrap()];
        for outside in ["NaN\"", "inf\"", "y=\"-", "height=\"-"] {
            assert!(!svg.contains(outside), "{outside}: {svg}");
        }
    }

    #[test]
    fn a_sample_says_that_it_is_one() {
        let sampled = FlowFigures { sampled: Some(20_000), ..figures(&[Some((20_000, 3, 5.0))]) };

        assert!(of(&sampled).into_string().contains("the newest 20000"));
    }

    #[test]
    fn requests_without_a_reply_are_marked() {
        let mut figures = figures(&[Some((0, 0, 0.0))]);
        figures.stretches[0].unanswered = 4;

        assert!(of(&figures).into_string().contains("class=\"mark\""));
    }
}
