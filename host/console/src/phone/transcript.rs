//! What a phone said and heard, in clear.

use maud::{Markup, html};

/// One exchange of a phone.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeView<'a> {
    /// Its number on this phone, from 1.
    pub number: u32,
    /// What was asked.
    pub title: &'a str,
    /// The request in clear.
    pub sent: &'a str,
    /// The status of the last answer; `None` if none came.
    pub status: Option<u16>,
    /// The answer in clear, if it could be opened.
    pub received: Option<&'a str>,
    /// How long the last attempt took.
    pub milliseconds: u128,
    /// How often it was sent.
    pub attempts: usize,
    /// Whether the user can't go on.
    pub failed: bool,
    /// What the phone makes of the answer.
    pub judgement: &'a [String],
    /// What the plugin logged, if this is a rehearsal.
    pub log: &'a [String],
}

/// The exchanges, the newest first and open. `in_place` is for htmx, which puts it where it was.
pub(super) fn transcript(exchanges: &[ExchangeView<'_>], in_place: bool) -> Markup {
    html! {
        section #transcript aria-labelledby="transcript-title"
            hx-swap-oob=[in_place.then_some("true")] {
            h2 #transcript-title { "Sent and received, in clear" }
            @if exchanges.is_empty() { p.hint { "Nothing yet." } }
            @for (at, exchange) in exchanges.iter().enumerate() { (draw(exchange, at == 0)) }
        }
    }
}

fn draw(exchange: &ExchangeView<'_>, is_open: bool) -> Markup {
    let light = if exchange.failed { "light bad" } else { "light good" };
    html! {
        details.exchange.panel open[is_open] {
            summary {
                span.number { (exchange.number) } " " strong { (exchange.title) } " "
                span class=(light) {
                    @match exchange.status { Some(status) => (status), None => "no answer" }
                }
                " " span.hint {
                    (exchange.milliseconds) " ms"
                    @if exchange.attempts > 1 {
                        ", sent " (exchange.attempts) " times: the first answer was 421, so the phone fetched the public key again"
                    }
                }
            }
            @if !exchange.judgement.is_empty() { pre tabindex="0" { (exchange.judgement.join("\n")) } }
            h3 { "Sent" }
            pre tabindex="0" { (exchange.sent) }
            h3 { "Received" }
            @match exchange.received {
                Some(text) => pre tabindex="0" { (text) },
                None => p.hint { "Nothing that the phone could open." },
            }
            @if !exchange.log.is_empty() {
                h3 { "The plugin's log" }
                pre tabindex="0" { (exchange.log.join("\n")) }
            }
        }
    }
}
