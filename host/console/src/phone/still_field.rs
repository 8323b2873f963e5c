//! Fields with what they hold, and nothing to press.

use flowhost_client::conversation::{Field, FieldKind, picked};
use flowhost_flow_json::ComponentKind;
use maud::{Markup, html};
use serde_json::Value;

use super::Pen;
use super::choices::words;
use super::field::starred;

impl Pen<'_> {
    pub(super) fn still_field(&self, field: &Field) -> Markup {
        let value = self.conversation.value(&field.name);
        html! {
            div .phone-field .off[!field.enabled] .large[field.large_label] .wrong[!field.errors.is_empty()] {
                @match &field.kind {
                    FieldKind::OptIn => (opt_in(field, value)),
                    FieldKind::One(_) | FieldKind::Many { .. } if field.component != ComponentKind::Dropdown => {
                        (group(field, value))
                    }
                    _ => (boxed(field, value)),
                }
                @if !field.errors.is_empty() {
                    div .phone-error { @for error in &field.errors { p { (error) } } }
                }
            }
        }
    }
}

fn boxed(field: &Field, value: Option<&Value>) -> Markup {
    let held = value.map(|value| field.show(value)).filter(|held| !held.is_empty());
    html! {
        div .phone-box {
            span .phone-label { (starred(field.title(), field.required)) }
            p .phone-held { @if let Some(held) = held { (held) } @else { "–" } }
        }
    }
}

fn group(field: &Field, value: Option<&Value>) -> Markup {
    let has_chips = field.component == ComponentKind::ChipsSelector;
    let picked = picked(value);
    html! {
        div .phone-group .phone-chips[has_chips] .large-media[field.large_media] {
            p .phone-legend { (starred(field.title(), field.required)) }
            ul .phone-choices {
                @for choice in field.choices() {
                    @let is_picked = picked.contains(choice.id.as_str());
                    li .phone-choice .off[!choice.enabled] .picked[is_picked] {
                        @if has_chips { span { (choice.title) } } @else { (words(choice)) }
                        (mark(is_picked, matches!(field.kind, FieldKind::One(_))))
                    }
                }
            }
        }
    }
}

fn opt_in(field: &Field, value: Option<&Value>) -> Markup {
    let is_agreed = value.is_some_and(|value| *value == true);
    html! {
        p .phone-opt-in {
            (mark(is_agreed, false))
            span { (starred(field.title(), field.required)) }
        }
    }
}

fn mark(is_picked: bool, is_round: bool) -> Markup {
    let (mark, meaning) = if is_picked { ("✓", "picked") } else { ("", "not picked") };
    html! {
        span .phone-mark .round[is_round] { span aria-hidden="true" { (mark) } span .phone-aside { (meaning) } }
    }
}
