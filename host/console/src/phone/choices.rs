//! Fields with something to choose from, and the one that is agreed to.

use std::collections::HashSet;

use flowhost_client::conversation::Choice;
use flowhost_flow_json::ComponentKind;
use maud::{Markup, html};

use super::field::{Control, starred};
use super::item::{draw_picture, soft};
use super::posted;

impl Control<'_> {
    /// A list that opens.
    pub(super) fn dropdown(&self, choices: &[Choice]) -> Markup {
        let (field, picked) = (self.field, self.picked());
        self.boxed(html! {
            select .phone-now id=(self.id) name=(self.name) required[field.required] disabled[!field.enabled]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()] {
                option value="" { "Choose" }
                @for choice in choices {
                    option value=(choice.id) selected[picked.contains(choice.id.as_str())] disabled[!choice.enabled] {
                        (choice.title)
                        @let about = choice.about();
                        @if !about.is_empty() { " – " (about) }
                    }
                }
            }
        })
    }

    /// Choices below each other, or chips side by side. `input` is `radio` or `checkbox`.
    pub(super) fn group(&self, choices: &[Choice], input: &str) -> Markup {
        let (field, picked) = (self.field, self.picked());
        let (is_radio, has_chips) =
            (input == "radio", field.component == ComponentKind::ChipsSelector);
        html! {
            fieldset .phone-group .phone-chips[has_chips] .large-media[field.large_media] disabled[!field.enabled]
                role=[is_radio.then_some("radiogroup")] aria-describedby=[self.described_by()]
                aria-required=[(is_radio && field.required).then_some("true")]
                aria-invalid=[self.invalid().filter(|_| is_radio)] {
                legend {
                    (starred(field.title(), field.required))
                    @if !is_radio && field.required { span .phone-aside { " (required)" } }
                }
                (self.about())
                (self.marker())
                div .phone-choices {
                    @for (number, choice) in choices.iter().enumerate() {
                        label .phone-choice .off[!choice.enabled] {
                            @if !has_chips { (words(choice)) }
                            input .phone-now type=(input) id={ (self.id) "-" (number) } name=(self.name) value=(choice.id)
                                checked[picked.contains(choice.id.as_str())] disabled[!choice.enabled]
                                aria-invalid=[self.invalid().filter(|_| !is_radio)];
                            @if has_chips { span { (choice.title) } }
                        }
                    }
                }
                (self.below())
            }
        }
    }

    /// A box to tick.
    pub(super) fn opt_in(&self) -> Markup {
        let field = self.field;
        html! {
            (self.about())
            (self.marker())
            label .phone-opt-in {
                input .phone-now type="checkbox" id=(self.id) name=(self.name) value=(posted::YES)
                    checked[self.held() == posted::YES] required[field.required] disabled[!field.enabled]
                    aria-describedby=[self.described_by()] aria-invalid=[self.invalid()];
                span { (starred(field.title(), field.required)) }
            }
            (self.below())
        }
    }

    /// The ids of the choices that are picked.
    fn picked(&self) -> HashSet<&str> {
        self.drawn.iter().map(String::as_str).collect()
    }

    /// Says that the field is on the screen, even if nothing is ticked.
    fn marker(&self) -> Markup {
        html! { input type="hidden" name=(self.name) value="" disabled[!self.field.enabled]; }
    }
}

/// A choice without its mark.
pub(super) fn words(choice: &Choice) -> Markup {
    html! {
        @if let Some(picture) = &choice.picture { (draw_picture(picture, "phone-thumb")) }
        @if let Some(color) = &choice.color {
            svg .phone-swatch viewBox="0 0 20 20" aria-hidden="true" { circle cx="10" cy="10" r="9" fill=(color) {} }
        }
        span .phone-words {
            span { (choice.title) }
            (soft(&choice.description))
            (soft(&choice.metadata))
        }
    }
}
