//! Which version answers a phone.

use maud::{Markup, html};

/// What a phone plays against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plays {
    /// The flow's endpoint, as customers' phones do.
    Active {
        /// The version that is active.
        now: Option<i32>,
        /// The version that was, when the phone opened the Flow last.
        opened_with: Option<i32>,
    },
    /// A rehearsal of this version.
    Rehearsal(i32),
}

impl Plays {
    /// Whether another version became active since the phone opened the Flow.
    pub fn is_outdated(self) -> bool {
        matches!(self, Self::Active { now, opened_with } if now != opened_with)
    }

    /// The line that names the version.
    pub(super) fn draw(self, in_place: bool) -> Markup {
        html! {
            p #phone-version hx-swap-oob=[in_place.then_some("true")] {
                @match self {
                    Self::Rehearsal(version) => {
                        strong { "Rehearsal of version " (version) }
                        ": nothing is stored, and outbound requests are sent."
                    }
                    Self::Active { now: None, .. } => strong { "No version is active" },
                    Self::Active { now: Some(version), opened_with } => {
                        strong { "Version " (version) ", active" }
                        ": it answers as it does a customer's phone."
                        @if let Some(opened_with) = opened_with.filter(|opened_with| *opened_with != version) {
                            " The Flow was opened with version " (opened_with) "."
                        }
                    }
                }
            }
        }
    }

    /// What the page says of it besides, once it is outdated.
    pub(super) fn news(self) -> String {
        match self {
            Self::Active { now: Some(version), .. } => format!("Version {version} is active now. "),
            _ => "No version is active now. ".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_named_and_the_one_before_if_the_screen_is_of_that() {
        let drawn = |plays: Plays| plays.draw(false).into_string();
        let active = |now, opened_with| Plays::Active { now, opened_with };

        assert!(drawn(Plays::Rehearsal(3)).contains("Rehearsal of version 3"));
        let same = drawn(active(Some(3), Some(3)));
        assert!(same.contains("Version 3, active") && !same.contains("opened with"), "{same}");
        let other = drawn(active(Some(3), Some(2)));
        assert!(other.contains("Version 3, active"), "{other}");
        assert!(other.contains("opened with version 2"), "{other}");
        assert!(drawn(active(None, Some(2))).contains("No version is active"));
    }

    #[test]
    fn a_rehearsal_is_never_outdated() {
        assert!(!Plays::Rehearsal(1).is_outdated());
        assert!(!Plays::Active { now: Some(2), opened_with: Some(2) }.is_outdated());
        assert!(Plays::Active { now: None, opened_with: Some(2) }.is_outdated());
    }
}
