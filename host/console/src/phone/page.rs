//! The page of one phone: the phone at the left, what can be done with it besides, and at its side
//! what it said and heard in clear.
//!
//! Every form of the page posts to the page's own address. Without scripts the page is loaded again;
//! htmx asks for [`PhonePage::parts`], which are put in the place of those that are there.

use flowhost_client::Handset;
use maud::{Markup, html};

use super::inside::inside;
use super::transcript::{ExchangeView, transcript};
use super::{Plays, Theme, frame};
use crate::frame::csrf_field;
use crate::{Notice, Viewer};

/// A phone on its page.
#[derive(Clone, Debug)]
pub struct PhonePage<'a> {
    /// Who looks.
    pub viewer: &'a Viewer,
    /// The path of the flow's phones, below which the phone's own is.
    pub base: &'a str,
    /// The phone's id.
    pub id: &'a str,
    /// Its colours.
    pub theme: Theme,
    /// What answers it.
    pub plays: Plays,
    /// Whether nothing was done with it since it opened the Flow.
    pub is_fresh: bool,
    /// What is in front of its user.
    pub handset: &'a Handset,
    /// Whether it waits for an answer.
    pub waits: bool,
    /// Whether its next request is encrypted to an old key.
    pub key_is_old: bool,
    /// Whether plugins can fetch the files that are picked on it.
    pub files_can_be_fetched: bool,
    /// The flow token that it opens the Flow with.
    pub flow_token: &'a str,
    /// Its exchanges, the newest first.
    pub exchanges: Vec<ExchangeView<'a>>,
}

impl PhonePage<'_> {
    /// Where the page is, and where its forms go.
    pub fn path(&self) -> String {
        phone_path(self.base, self.id, self.theme)
    }

    /// What stands below the heading.
    pub fn content(&self) -> Markup {
        html! {
            (self.news(false))
            div.phone-desk {
                section.phone-side aria-label="Phone" {
                    (self.phone())
                    (self.tools(false))
                }
                (transcript(&self.exchanges, false))
            }
        }
    }

    /// What htmx puts in the place of what is on the page, after something was done.
    pub fn parts(&self, notice: Option<&Notice>) -> Markup {
        html! {
            (self.phone())
            (self.tools(true))
            (self.news(true))
            (transcript(&self.exchanges, true))
            div #notice hx-swap-oob="true" { @if let Some(notice) = notice { (notice.draw()) } }
        }
    }

    /// What htmx puts on the page after another version became active.
    pub fn changed_version(&self) -> Markup {
        html! {
            (self.news(false))
            (self.plays.draw(true))
        }
    }

    /// Says that another version is active if one is, and asks every second whether that changed. The
    /// Flow is opened again at once, with the same flow token, if nothing was done on the phone yet.
    fn news(&self, in_place: bool) -> Markup {
        let asks = self.asks();
        let trigger = asks.is_some().then_some("every 1s");
        html! {
            div #phone-news hx-swap-oob=[in_place.then_some("true")] hx-get=[asks]
                hx-trigger=[trigger] hx-swap="outerHTML" {
                @if self.plays.is_outdated() { (self.offer_to_open_again()) }
            }
        }
    }

    fn offer_to_open_again(&self) -> Markup {
        let trigger = self.is_fresh.then_some("load");
        html! {
            form.notice.news method="post" action=(self.path()) hx-post=(self.path())
                hx-target="#phone" hx-swap="outerHTML" hx-trigger=[trigger] role="status" {
                (csrf_field(self.viewer))
                span { (self.plays.news()) }
                button name="do" value="again" { "Open the Flow again" }
                // What htmx sends by itself has no button.
                @if self.is_fresh { input type="hidden" name="do" value="again"; }
            }
        }
    }

    /// Where it asks, with the version that the page knows to be active.
    fn asks(&self) -> Option<String> {
        let Plays::Active { now, .. } = self.plays else { return None };
        let known = now.map(|version| version.to_string()).unwrap_or_default();
        let theme = self.theme.name().map(|name| format!("&theme={name}")).unwrap_or_default();
        Some(format!("{}/{}/news?known={known}{theme}", self.base, self.id))
    }

    fn phone(&self) -> Markup {
        frame(self.theme, &inside(self))
    }

    /// What can be done with the phone besides what is on its screen.
    fn tools(&self, in_place: bool) -> Markup {
        html! {
            section #phone-tools.panel aria-label="Around the phone"
                hx-swap-oob=[in_place.then_some("true")] {
                (self.plays.draw(false))
                p.hint { "Flow token " code { (self.flow_token) } }
                @if self.key_is_old {
                    p.light.warn { "The next request is encrypted to an old key" }
                }
                div.phone-tools {
                    (self.tool("again", "Open again"))
                    (self.tool("repeat", "Send the last request again"))
                    (self.tool("old-key", "Let the key be old"))
                    (self.tool("ping", "Health check"))
                }
                (self.form(html! {
                    label for="key" { "Error notification" }
                    div.phone-tools {
                        select #key name="key" {
                            @for key in ERROR_KEYS { option { (key) } }
                        }
                        button name="do" value="report" { "Send" }
                    }
                }))
                p.phone-tools {
                    @for (theme, name) in THEMES.iter().filter(|(theme, _)| *theme != self.theme) {
                        a href=(phone_path(self.base, self.id, *theme)) { (name) }
                    }
                    a href=(self.base) { "Another phone" }
                }
            }
        }
    }

    fn tool(&self, does: &str, name: &str) -> Markup {
        self.form(html! { button name="do" value=(does) { (name) } })
    }

    /// A form of the page; `fields` has its button too.
    pub(super) fn form(&self, fields: Markup) -> Markup {
        let path = self.path();
        html! {
            form method="post" action=(path) hx-post=(path) hx-target="#phone" hx-swap="outerHTML" {
                (csrf_field(self.viewer))
                (fields)
            }
        }
    }
}

/// The address of a phone's page.
pub fn phone_path(base: &str, id: &str, theme: Theme) -> String {
    let query = theme.name().map(|name| format!("?theme={name}")).unwrap_or_default();
    format!("{base}/{id}{query}")
}

const THEMES: [(Theme, &str); 3] =
    [(Theme::Browser, "The browser's colours"), (Theme::Light, "Light"), (Theme::Dark, "Dark")];

/// Those that phones send (`protocol.md` section 3). The key errors among them mark the tenant's key
/// as reported, so they are left out.
const ERROR_KEYS: [&str; 6] = [
    "timeout_error",
    "payload-schema-error",
    "invalid-screen-transition",
    "response-decryption-error",
    "unexpected_http_status_code",
    "no_http_response_error",
];

#[cfg(test)]
mod tests {
    use flowhost_api::Right;
    use flowhost_client::conversation::Conversation;
    use flowhost_client::judgement::{Judgement, Outcome, RequestKind};
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn a_page_shows_the_phone_and_what_it_said() {
        let handset = handset(Outcome::ShowsScreen {
            screen: "FORM".to_owned(),
            data: Map::new(),
            snackbar: Some("Hello <b>".to_owned()),
        });
        let drawn = drawn(&handset);

        assert!(drawn.contains("<div id=\"phone\""), "{drawn}");
        assert!(drawn.contains("Hello &lt;b&gt;"), "{drawn}");
        assert!(
            drawn.contains("hx-get=\"/console/x/phone/7/news?known=3&amp;theme=dark\""),
            "{drawn}"
        );
        assert!(drawn.contains("action=\"/console/x/phone/7?theme=dark\""), "{drawn}");
        assert!(drawn.contains("INIT") && drawn.contains("&lt;script&gt;"), "{drawn}");
        assert!(!drawn.contains("<script"), "{drawn}");
    }

    #[test]
    fn what_is_in_place_of_a_screen_says_what_happened() {
        for (outcome, part) in [
            (Outcome::DisablesButton { text: "Too late".to_owned() }, "Too late"),
            (Outcome::Fails, "The Flow does not open"),
            (Outcome::Closes { params: None }, "The chat gets no message"),
            (
                Outcome::Closes { params: json!({"day": "2026-12-01"}).as_object().cloned() },
                "2026-12-01",
            ),
        ] {
            let drawn = drawn(&handset(outcome.clone()));
            assert!(drawn.contains(part), "{outcome:?}: {drawn}");
            let can_open = drawn.contains("Open the Flow");
            assert_eq!(can_open, !matches!(outcome, Outcome::DisablesButton { .. }), "{drawn}");
        }
    }

    #[test]
    fn only_parts_are_swapped_in_and_each_is_on_the_page() {
        let (handset, viewer) = (handset(Outcome::Fails), viewer());
        let page = page(&handset, &viewer);
        let parts = page.parts(Some(&Notice::Problem("no".to_owned()))).into_string();
        let whole = page.content().into_string();

        assert!(!whole.contains("hx-swap-oob"));
        assert!(parts.starts_with("<div id=\"phone\""));
        for id in ["phone-tools", "phone-news", "transcript"] {
            assert!(whole.contains(&format!("id=\"{id}\"")), "{id}");
            let (_, after) = parts.split_once(&format!("id=\"{id}\"")).expect(id);
            assert!(after.split_once('>').unwrap().0.contains("hx-swap-oob=\"true\""), "{id}");
        }
    }

    #[test]
    fn a_fresh_phone_opens_the_new_version_by_itself() {
        let (handset, viewer) = (handset(Outcome::Fails), viewer());
        let page = page(&handset, &viewer);
        let is_offered = |plays, is_fresh| {
            let page = PhonePage { plays, is_fresh, ..page.clone() };
            let drawn = page.changed_version().into_string();
            (drawn.contains("Version 4 is active now"), drawn.contains("hx-trigger=\"load\""))
        };

        let outdated = Plays::Active { now: Some(4), opened_with: Some(3) };
        assert_eq!(is_offered(outdated, true), (true, true));
        assert_eq!(is_offered(outdated, false), (true, false));
        assert_eq!(
            is_offered(Plays::Active { now: Some(4), opened_with: Some(4) }, true),
            (false, false)
        );
    }

    fn handset(outcome: Outcome) -> Handset {
        let mut handset = Handset::new(Conversation::new(None, "t"));
        let (request, problems, hints) = (RequestKind::Turn, Vec::new(), Vec::new());
        handset.receive(&Judgement { request, outcome, problems, hints });
        handset
    }

    fn viewer() -> Viewer {
        Viewer { role: "deploy", most: Right::Deploy, csrf: "c5rf".to_owned() }
    }

    fn page<'a>(handset: &'a Handset, viewer: &'a Viewer) -> PhonePage<'a> {
        let init = ExchangeView {
            number: 1,
            title: "INIT",
            sent: "{\"a\": \"<script>\"}",
            status: Some(200),
            received: Some("{}"),
            milliseconds: 12,
            attempts: 1,
            failed: false,
            judgement: &[],
            log: &[],
        };
        PhonePage {
            viewer,
            base: "/console/x/phone",
            id: "7",
            theme: Theme::Dark,
            plays: Plays::Active { now: Some(3), opened_with: Some(3) },
            is_fresh: false,
            handset,
            waits: false,
            key_is_old: false,
            files_can_be_fetched: true,
            flow_token: "t",
            exchanges: vec![init],
        }
    }

    fn drawn(handset: &Handset) -> String {
        page(handset, &viewer()).content().into_string()
    }
}
