//! A flow as it is used: its exchanges and what its plugin logs, as they happen.

use flowhost_api::{ExchangeView, FlowFigures, LogLineView, Timestamp, UnansweredView};
use maud::{Markup, html};

use crate::frame::form;
use crate::parts::{level, light, outcome};
use crate::said::Said;
use crate::url::with_query;
use crate::when::when;
use crate::{Viewer, plot};

/// What the page shows of a flow.
#[derive(Debug)]
pub struct Live<'a> {
    /// The flow's path in the console.
    pub flow: &'a str,
    /// What is asked for.
    pub filter: LiveFilter<'a>,
    /// What the span of the plots is, for their links: `hour` or `day`.
    pub span: &'a str,
    /// Figures for the plots.
    pub figures: FlowFigures,
    /// Exchanges, the newest first.
    pub exchanges: Vec<LiveExchange>,
    /// The place before which the next page begins.
    pub next: Option<String>,
    /// How far back was looked, if that ended the search.
    pub looked_back_to: Option<Timestamp>,
    /// What got no reply, the newest first; `None` on later pages, and if the filter shows none.
    pub unanswered: Option<Vec<UnansweredView>>,
    /// Lines, the newest first; `None` if the viewer may not read any, or they are on the first page
    /// only.
    pub lines: Option<Vec<LiveLine>>,
    /// The query by which what was opened stays open; `None` while texts are masked.
    pub opened_by: Option<&'a str>,
    /// Where new ones come from; `None` on a page that stands still.
    pub events: Option<String>,
}

/// What is asked for, as the form has it: empty texts for what is not.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiveFilter<'a> {
    /// How exchanges ended.
    pub outcome: &'a str,
    /// The version that answered.
    pub version: &'a str,
    /// The session.
    pub session: &'a str,
}

/// An exchange with its session.
#[derive(Debug)]
pub struct LiveExchange {
    /// Its session.
    pub session: String,
    /// The exchange.
    pub view: ExchangeView,
}

/// A line of the log.
#[derive(Debug)]
pub struct LiveLine {
    /// All but its text.
    pub view: LogLineView,
    /// Its text.
    pub text: Said,
}

/// The outcomes that can be asked for, with what each means.
const OUTCOMES: [(&str, &str); 5] = [
    ("screen", "a screen"),
    ("completed", "the end of the Flow"),
    ("rejected", "token rejected by the plugin"),
    ("failed", "failed"),
    ("refused", "refused by the host: the session was over"),
];

impl LiveFilter<'_> {
    /// The path of the page, with these values more.
    pub fn path(&self, page: &str, more: &[(&str, &str)]) -> String {
        let own = [("outcome", self.outcome), ("version", self.version), ("session", self.session)];
        with_query(page, &[&own[..], more].concat())
    }

    fn is_set(&self) -> bool {
        [self.outcome, self.version, self.session].iter().any(|value| !value.is_empty())
    }
}

/// What stands below the heading.
pub fn content(live: &Live<'_>, viewer: &Viewer) -> Markup {
    let page = format!("{}/live", live.flow);
    let opened = [("shown", live.opened_by.unwrap_or_default())];
    html! {
        (plots(live, &page))
        (filter_form(live, &page))
        div.follow hx-ext=[live.events.as_ref().map(|_| "sse")] sse-connect=[live.events.as_ref()] {
            p.hint {
                @if live.events.is_some() {
                    "What happens comes to the top of the lists by itself, if scripts run. "
                    a href=(live.filter.path(&page, &[&opened[..], &[("still", "1")]].concat())) { "Stand still" }
                    " · "
                } @else {
                    "This page stands still. "
                    a href=(live.filter.path(&page, &opened)) { "Go on live" }
                    " · "
                }
                a href=(live.filter.path(&page, &opened)) { "Load it again" }
            }
            // Told where more happened than a page can show.
            p.hint #skipped role="status" sse-swap="skipped" {}
            @if let Some(rows) = &live.unanswered { (unanswered(rows, live.events.is_some())) }
            (exchanges(live, &page))
            (lines(live, viewer, &page))
        }
    }
}

fn plots(live: &Live<'_>, page: &str) -> Markup {
    let span = |name: &str, words: &str| {
        let path = live.filter.path(page, &[("span", name)]);
        let current = (live.span == name).then_some("true");
        html! { a href=(path) aria-current=[current] { (words) } }
    };
    html! {
        section.panel aria-labelledby="figures" {
            h2 #figures { "Figures" }
            p.hint { (span("hour", "Last hour")) " · " (span("day", "Last day")) " · of all exchanges of the flow" }
            (plot::of(&live.figures))
        }
    }
}

fn filter_form(live: &Live<'_>, page: &str) -> Markup {
    let filter = live.filter;
    html! {
        form.panel.filter method="get" action=(page) {
            div {
                label for="outcome" { "Outcome" }
                select #outcome name="outcome" {
                    option value="" { "all" }
                    @for (value, words) in OUTCOMES {
                        option value=(value) selected[filter.outcome == value] { (words) }
                    }
                }
            }
            div {
                label for="version" { "Version" }
                input #version name="version" inputmode="numeric" value=(filter.version);
            }
            div {
                label for="session" { "Session" }
                input #session name="session" value=(filter.session) spellcheck="false" autocomplete="off";
            }
            div.buttons {
                button.primary { "Show" }
                @if filter.is_set() { a.button href=(page) { "Show all" } }
            }
        }
    }
}

fn exchanges(live: &Live<'_>, page: &str) -> Markup {
    html! {
        section aria-labelledby="exchanges" {
            h2 #exchanges { "Exchanges" }
            @if live.exchanges.is_empty() {
                p.hint { "No exchange is kept that fits. New ones come here." }
            }
            div.scroll.panel tabindex="0" role="region" aria-label="Exchanges" {
                table {
                    thead {
                        tr {
                            @for head in ["Time (UTC)", "Outcome", "Action", "Screens", "Version", "Duration", "Session"] {
                                th scope="col" { (head) }
                            }
                        }
                    }
                    tbody data-most="200" sse-swap=[live.events.as_ref().map(|_| "exchange")] hx-swap="afterbegin" {
                        @for exchange in &live.exchanges {
                            (exchange_row(live.flow, exchange, live.lines.as_deref().unwrap_or_default()))
                        }
                    }
                }
            }
            @if let Some(back_to) = &live.looked_back_to {
                p.hint { "Few exchanges fit, so the search ended at " (when(back_to)) "." }
            }
            @if let Some(next) = &live.next {
                nav.pages aria-label="Pages of exchanges" {
                    a rel="next" href=(live.filter.path(page, &[("before", next)])) { "Older exchanges" }
                }
            }
        }
    }
}

/// An exchange as a row of the table. `lines` may have why it failed.
pub fn exchange_row(flow: &str, exchange: &LiveExchange, lines: &[LiveLine]) -> Markup {
    let LiveExchange { session, view } = exchange;
    let why: Vec<_> = match view.outcome.as_str() {
        "failed" => lines
            .iter()
            .filter(|line| line.view.level == "error" && line.view.request_id == view.request_id)
            .filter(|line| line.view.request_id.is_some())
            .collect(),
        _ => Vec::new(),
    };
    html! {
        tr id={ "exchange-" (session) "-" (view.number) } {
            td { (when(&view.created_at)) }
            td {
                (outcome(&view.outcome))
                @if !why.is_empty() {
                    details { summary { "Why" } @for line in why { (line.text.draw()) } }
                }
            }
            td { (view.action) }
            td { (screens(view)) }
            td { @if let Some(version) = view.plugin_version { (version) } @else { "none" } }
            td { (milliseconds(view.duration_ms)) }
            td { a href={ (flow) "/sessions/" (session) } { (short(session)) " " span.together { "no. " (view.number) } } }
        }
    }
}

fn unanswered(rows: &[UnansweredView], is_live: bool) -> Markup {
    html! {
        section aria-labelledby="unanswered" {
            h2 #unanswered { "Requests without a reply" }
            p.hint {
                "The newest requests that the phone got a status for and nothing else: by minute, reason and version; those that anybody \
                 may send by the hour. A plugin that failed says more in its log, under the id of the request."
            }
            div.scroll.low.panel tabindex="0" role="region" aria-label="Requests without a reply" {
                table {
                    thead {
                        tr {
                            @for head in ["Last one (UTC)", "How many", "Status", "Why", "Whose fault", "Version", "Request"] {
                                th scope="col" { (head) }
                            }
                        }
                    }
                    tbody sse-swap=[is_live.then_some("unanswered")] { (unanswered_rows(rows)) }
                }
            }
        }
    }
}

/// Requests that got no reply, as the rows of a table.
pub fn unanswered_rows(rows: &[UnansweredView]) -> Markup {
    html! {
        @if rows.is_empty() { tr { td colspan="7" { "None." } } }
        @for row in rows {
            tr {
                td { (when(&row.last_at)) }
                td { (row.count) @if row.blame == "peer" { " in this hour" } @else { " in this minute" } }
                td { (row.status) }
                td { code { (row.reason) } div.hint { (row.cause) } }
                td { (fault(row)) }
                td { @if let Some(version) = row.version { (version) } @else { "none" } }
                td { code { (row.request_id) } }
            }
        }
    }
}

fn fault(row: &UnansweredView) -> Markup {
    match (row.blame.as_str(), row.reason.as_str()) {
        ("guest", _) => light("bad", "the plugin's"),
        ("host", _) => light("bad", "the host's"),
        (_, "disabled" | "no-plugin") => light("warn", "the flow's setup"),
        (_, "rate" | "overloaded") => light("warn", "a limit's"),
        _ => light("warn", "the sender's"),
    }
}

pub(crate) fn screens(view: &ExchangeView) -> Markup {
    let name = |screen: &Option<String>| screen.clone().unwrap_or_else(|| "–".to_owned());
    html! { (name(&view.screen_in)) " → " (name(&view.screen_out)) }
}

pub(crate) fn milliseconds(duration: f64) -> String {
    if duration < 10.0 { format!("{duration:.1} ms") } else { format!("{duration:.0} ms") }
}

/// The end of an id, by which people tell sessions of one day apart: it begins with a time.
pub(crate) fn short(id: &str) -> &str {
    id.rsplit('-').next().unwrap_or(id)
}

fn lines(live: &Live<'_>, viewer: &Viewer, page: &str) -> Markup {
    let Some(lines) = &live.lines else {
        return html! {
            @if !viewer.may(flowhost_api::Right::Deploy) {
                p.hint { "Lines of the plugin's log, which say why calls failed, are for the role deploy and above." }
            }
        };
    };
    html! {
        section aria-labelledby="lines" {
            h2 #lines { "Log" }
            @match live.opened_by {
                Some(_) => p.hint { "Texts are open for an hour. The audit log says that you opened them." },
                None => {
                    p.hint { "What was logged may be a customer's, so it is masked. The audit log says who opens it." }
                    (form(viewer, &live.filter.path(&format!("{page}/reveal"), &[]), html! {
                        button { "Show what was logged" }
                    }))
                }
            }
            @if lines.is_empty() { p.hint { "No line is kept that fits. New ones come here." } }
            ol.log data-most="200" sse-swap=[live.events.as_ref().map(|_| "line")] hx-swap="afterbegin" {
                @for line in lines { (line_item(live.flow, line)) }
            }
        }
    }
}

/// A line of the log as an item of the list.
pub fn line_item(flow: &str, line: &LiveLine) -> Markup {
    let LiveLine { view, text } = line;
    html! {
        li id={ "line-" (view.number) } {
            p {
                (when(&view.at)) " " (level(&view.level))
                " version " (view.version)
                @if let Some(session) = &view.session {
                    " · " a href={ (flow) "/sessions/" (session) } { "session " (short(&session.to_string())) }
                }
                @if let Some(request) = &view.request_id { " · request " code { (request) } }
            }
            (text.draw())
            @if let Some(dropped) = view.dropped {
                p.hint { (dropped) " more of this call were not kept" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_api::Right;
    use serde_json::{from_value, json};

    fn exchange(screen: &str) -> LiveExchange {
        let view = json!({
            "number": 3, "action": "data_exchange", "screen_in": screen, "screen_out": null, "outcome": "failed",
            "duration_ms": 12.4, "plugin_version": 2, "created_at": "2026-03-01T12:00:00Z",
            "request_id": "0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11",
        });
        LiveExchange { session: "a-b-c".to_owned(), view: from_value(view).unwrap() }
    }

    fn line(text: Said) -> LiveLine {
        let view = json!({
            "number": 9, "at": "2026-03-01T12:00:00Z", "level": "error", "version": 2, "message": "",
            "request_id": "0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11",
        });
        LiveLine { view: from_value(view).unwrap(), text }
    }

    fn live(lines: Option<Vec<LiveLine>>) -> Live<'static> {
        Live {
            flow: "/console/tenants/acme/flows/booking",
            filter: LiveFilter { outcome: "failed", ..LiveFilter::default() },
            span: "hour",
            figures: FlowFigures { seconds: 60, stretches: Vec::new(), sampled: None },
            exchanges: vec![exchange("<script>")],
            next: None,
            looked_back_to: None,
            unanswered: Some(Vec::new()),
            lines,
            opened_by: None,
            events: Some("/events".to_owned()),
        }
    }

    fn viewer(most: Right) -> Viewer {
        Viewer { role: "deploy", most, csrf: "token".to_owned() }
    }

    #[test]
    fn a_failed_exchange_opens_why_and_masked_text_is_only_counted() {
        let masked = live(Some(vec![line(Said::Masked(17))]));

        let page = content(&masked, &viewer(Right::Deploy)).into_string();

        assert!(page.contains("<summary>Why</summary><p class=\"masked\">17 characters"), "{page}");
        assert!(page.contains("/live/reveal?outcome=failed"), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }

    #[test]
    fn who_may_not_read_lines_is_told_so_and_gets_no_button() {
        let page = content(&live(None), &viewer(Right::Read)).into_string();

        assert!(page.contains("for the role deploy"), "{page}");
        assert!(!page.contains("reveal"), "{page}");
    }

    #[test]
    fn what_got_no_reply_says_why_and_whose_fault_it_was() {
        let id = "0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11";
        let at: Timestamp = from_value(json!("2026-03-01T12:00:00Z")).unwrap();
        let row = UnansweredView {
            count: 17,
            reason: "cpu-time".to_owned(),
            blame: "guest".to_owned(),
            version: None,
            status: 500,
            cause: "<b>".to_owned(),
            request_id: id.parse().unwrap(),
            last_at: at,
        };

        let rows = unanswered_rows(&[row]).into_string();

        for part in
            ["17 in this minute", "500", "cpu-time", "&lt;b&gt;", "the plugin's", "none", id]
        {
            assert!(rows.contains(part), "{part}: {rows}");
        }
        assert!(unanswered_rows(&[]).into_string().contains("None."));
    }

    #[test]
    fn what_comes_later_has_the_id_by_which_it_comes_once() {
        let row = exchange_row("/f", &exchange("A"), &[]).into_string();
        let item = line_item("/f", &line(Said::Open("<b>x</b>".to_owned()))).into_string();

        assert!(row.starts_with("<tr id=\"exchange-a-b-c-3\">"), "{row}");
        assert!(item.starts_with("<li id=\"line-9\">") && item.contains("&lt;b&gt;x"), "{item}");
    }
}
