//! The page on which a phone is opened.

use maud::{Markup, html};

use crate::Viewer;
use crate::frame::form;

/// A version that can be played.
#[derive(Clone, Copy, Debug)]
pub struct PlayableVersion<'a> {
    /// Its number.
    pub number: i32,
    /// Whether it is the active one.
    pub active: bool,
    /// What its author noted of it.
    pub note: Option<&'a str>,
}

/// What stands below the heading. `base` is the path that the form goes to, `versions` are the
/// newest first. With `opens` the page opens a phone by itself, if the browser runs scripts.
pub fn start(viewer: &Viewer, base: &str, versions: &[PlayableVersion<'_>], opens: bool) -> Markup {
    let active = versions.iter().find(|version| version.active);
    let fields = html! {
        label for="line" { "What answers" }
        select #line name="line" {
            @if let Some(active) = active {
                option value="active" { "The active version (" (active.number) "), as for customers" }
            }
            @for version in versions {
                option value=(version.number) {
                    "Rehearsal of version " (version.number)
                    @if version.active { " (active)" }
                    @if let Some(note) = version.note { ": " (note) }
                }
            }
        }
        p.hint {
            "With the active version, sessions and exchanges are stored like any others. A rehearsal stores "
            "nothing, and shows what the plugin logs; outbound requests are sent."
        }
        label for="flow_token" { "Flow token" }
        input #flow_token name="flow_token" autocomplete="off" spellcheck="false" maxlength="1024";
        p.hint { "A new one is minted if this stays empty." }
        label for="theme" { "Colours" }
        select #theme name="theme" {
            option value="" { "The browser's" }
            option value="light" { "Light" }
            option value="dark" { "Dark" }
        }
        p { button.primary { "Open a phone" } }
    };
    html! {
        section.panel.narrow aria-label="A new phone" data-opens[opens] {
            p {
                "This host plays a WhatsApp phone: it seals and signs with the tenant's own key and app "
                "secret, and judges each answer as a phone does."
            }
            @if versions.is_empty() {
                p.notice.problem { "The flow has no version yet: upload one first." }
            } @else {
                (form(viewer, base, fields))
            }
        }
    }
}

/// What is said of a phone that this host does not know.
pub fn unknown_phone(base: &str) -> Markup {
    html! {
        p {
            "This host does not know this phone. A phone is in the memory of the host that opened it, for half "
            "an hour after it was last used; a host that started anew, or another one behind the same "
            "address, knows nothing of it."
        }
        p { a.button href=(base) { "Open a new phone" } }
    }
}

#[cfg(test)]
mod tests {
    use flowhost_api::Right;

    use super::*;

    #[test]
    fn the_active_version_comes_first_and_any_can_be_rehearsed() {
        let viewer = Viewer { role: "deploy", most: Right::Deploy, csrf: "c".to_owned() };
        let version = |number, active| PlayableVersion { number, active, note: Some("<i>") };
        let versions = [version(2, false), version(1, true)];
        let drawn = start(&viewer, "/x", &versions, false).into_string();

        let values: Vec<&str> = drawn
            .split("<option value=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert_eq!(values[..3], ["active", "2", "1"]);
        assert!(drawn.contains("&lt;i&gt;"), "{drawn}");
        assert!(!drawn.contains("data-opens"), "{drawn}");
        let opens = start(&viewer, "/x", &versions, true).into_string();
        assert!(opens.contains("data-opens"), "{opens}");
        assert!(start(&viewer, "/x", &[], true).into_string().contains("upload one first"));
    }
}
