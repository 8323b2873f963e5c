//! Fields to fill in.

use flowhost_client::conversation::{Days, Field, FieldKind, OfferedDay, Range};
use flowhost_flow_json::ComponentKind;
use maud::{Markup, html};

use super::files::Taken;
use super::posted;
use super::{Pen, PhoneForm};

/// What all controls of a field share.
pub(super) struct Control<'a> {
    pub(super) field: &'a Field,
    /// The id of the control; the ids of what belongs to it begin with it.
    pub(super) id: String,
    /// The name that its value is posted under.
    pub(super) name: String,
    /// What its controls hold.
    pub(super) drawn: Vec<String>,
    /// Texts that help to fill it in.
    pub(super) help: Vec<String>,
    /// How many characters there are, and may be.
    pub(super) count: Option<(usize, u64)>,
    /// What is wrong with it.
    pub(super) errors: Vec<String>,
}

impl Pen<'_> {
    pub(super) fn field(&self, field: &Field) -> Markup {
        let Some(form) = self.form else { return self.still_field(field) };
        let value = self.conversation.value(&field.name);
        let mut errors = field.errors.clone();
        errors.extend(self.complaint(field));
        let control = Control {
            field,
            id: id(&field.name),
            name: posted::name(field),
            drawn: posted::drawn(field, value),
            help: help(field, value.is_some_and(|value| !field.is_empty(value)), form),
            count: count(
                field,
                value.map(|value| field.show(value)).unwrap_or_default().chars().count(),
            ),
            errors,
        };
        let inside = match &field.kind {
            FieldKind::Text { input, max, .. } => control.text(input, *max),
            FieldKind::Date(days) => control.date(days),
            FieldKind::DateRange(range) => control.range(range),
            FieldKind::Media { max, mime_types, .. } => {
                control.media(value, &Taken { max: *max, mime_types })
            }
            FieldKind::OptIn => control.opt_in(),
            FieldKind::One(choices) if field.component == ComponentKind::Dropdown => {
                control.dropdown(choices)
            }
            FieldKind::One(choices) => control.group(choices, "radio"),
            FieldKind::Many { choices, .. } => control.group(choices, "checkbox"),
        };
        html! {
            div .phone-field .wrong[control.is_wrong()] .off[!field.enabled] .large[field.large_label] { (inside) }
        }
    }
}

impl Control<'_> {
    pub(super) fn is_wrong(&self) -> bool {
        !self.errors.is_empty()
    }

    /// For `aria-invalid`.
    pub(super) fn invalid(&self) -> Option<&'static str> {
        self.is_wrong().then_some("true")
    }

    /// For `aria-describedby`: the ids of the texts below the control.
    pub(super) fn described_by(&self) -> Option<String> {
        let parts = [
            (!self.field.description.is_empty(), "about"),
            (!self.help.is_empty(), "help"),
            (self.count.is_some(), "count"),
            (self.is_wrong(), "error"),
        ];
        let ids: Vec<String> = parts
            .iter()
            .filter(|(is_there, _)| *is_there)
            .map(|(_, part)| format!("{}-{part}", self.id))
            .collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// The text above a control.
    pub(super) fn about(&self) -> Markup {
        html! {
            @if !self.field.description.is_empty() {
                p .phone-soft id={ (self.id) "-about" } { (self.field.description) }
            }
        }
    }

    /// The texts below a control: help, and what is wrong.
    pub(super) fn below(&self) -> Markup {
        html! {
            @if !self.help.is_empty() {
                div .phone-help id={ (self.id) "-help" } { @for line in &self.help { p { (line) } } }
            }
            @if self.is_wrong() {
                div .phone-error id={ (self.id) "-error" } { @for error in &self.errors { p { (error) } } }
            }
        }
    }

    /// How many characters there are, and may be.
    fn counter(&self) -> Markup {
        html! {
            @if let Some((count, max)) = self.count {
                span .phone-count id={ (self.id) "-count" } {
                    span .phone-aside { "Characters: " } span .phone-number { (count) } "/" (max)
                }
            }
        }
    }

    /// A control in a box with its label.
    pub(super) fn boxed(&self, control: Markup) -> Markup {
        html! {
            (self.about())
            div .phone-box {
                label for=(self.id) { (starred(self.field.title(), self.field.required)) }
                (self.counter())
                (control)
            }
            (self.below())
        }
    }

    /// What the only control holds.
    pub(super) fn held(&self) -> &str {
        self.drawn.first().map(String::as_str).unwrap_or_default()
    }

    fn text(&self, input: &str, max: Option<u64>) -> Markup {
        if !posted::is_one_line(self.field) {
            return self.boxed(self.area(max));
        }
        let field = self.field;
        let (mode, masked) = match input {
            "email" => (Some("email"), false),
            "number" => (Some("decimal"), false),
            "passcode" => (Some("numeric"), true),
            "password" => (None, true),
            "phone" => (Some("tel"), false),
            _ => (None, false),
        };
        // Hidden texts do not come back to the browser. Dots stand for what was typed.
        let dots = field.is_hidden().then(|| "•".repeat(self.count.map_or(0, |(count, _)| count)));
        self.boxed(html! {
            input .phone-now id=(self.id) name=(self.name) type=(if masked { "password" } else { "text" })
                value=(self.held()) inputmode=[mode] maxlength=[max] placeholder=[dots]
                autocomplete=(if masked { "new-password" } else { "off" }) spellcheck="false"
                required[field.required] disabled[!field.enabled]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()];
        })
    }

    fn area(&self, max: Option<u64>) -> Markup {
        html! {
            textarea .phone-now id=(self.id) name=(self.name) rows="4" maxlength=[max]
                required[self.field.required] disabled[!self.field.enabled]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()] { (self.held()) }
        }
    }

    fn date(&self, days: &Days) -> Markup {
        self.boxed(self.day(&self.id, self.held(), days, self.field.required))
    }

    /// A day of these. A browser's calendar knows the first and the last one alone: where there are
    /// others that can't be picked, those that can are in a list.
    fn day(&self, id: &str, held: &str, days: &Days, required: bool) -> Markup {
        if let Some(offered) = days.offered() {
            return self.listed_day(id, held, &offered, required);
        }
        html! {
            input .phone-later type="date" id=(id) name=(self.name) value=(held)
                min=[days.first_day()] max=[days.last_day()]
                required[required] disabled[!self.field.enabled]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()];
        }
    }

    fn listed_day(&self, id: &str, held: &str, offered: &[OfferedDay], required: bool) -> Markup {
        let is_held = |day: &OfferedDay| day.day == held;
        html! {
            select .phone-now id=(id) name=(self.name) required[required] disabled[!self.field.enabled]
                aria-describedby=[self.described_by()] aria-invalid=[self.invalid()] {
                option value="" { "Choose a day" }
                @if !held.is_empty() && !offered.iter().any(is_held) {
                    option value=(held) selected { (held) " (can't be picked)" }
                }
                @for month in offered.chunk_by(|one, next| one.month == next.month) {
                    optgroup label=(month[0].month) {
                        @for day in month { option value=(day.day) selected[is_held(day)] { (day.title) } }
                    }
                }
            }
        }
    }

    fn range(&self, range: &Range) -> Markup {
        let ends = [
            (&range.start, "start", range.days.clone()),
            (&range.end, "end", range.days_after(self.held())),
        ];
        html! {
            fieldset .phone-range {
                legend { @if range.title.is_empty() { (self.field.title()) } @else { (range.title) } }
                (self.about())
                div .phone-pair {
                    @for ((end, part, days), held) in ends.iter().zip(&self.drawn) {
                        @let id = format!("{}-{part}", self.id);
                        div .phone-box {
                            label for=(id) { (starred(&end.label, end.required)) }
                            (self.day(&id, held, days, end.required))
                        }
                    }
                }
                (self.below())
            }
        }
    }
}

/// A label with a star if it must be filled in. Screen readers learn it from the control.
pub(super) fn starred(label: &str, required: bool) -> Markup {
    html! { (label) @if required { span .phone-star aria-hidden="true" { "*" } } }
}

/// An id that any name of a field makes, and no other one.
pub(super) fn id(name: &str) -> String {
    let mut id = "phone-field-".to_owned();
    for char in name.chars() {
        match char {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => id.push(char),
            other => id.push_str(&format!(".{:x}.", u32::from(other))),
        }
    }
    id
}

fn help(field: &Field, is_filled_in: bool, form: &PhoneForm<'_>) -> Vec<String> {
    let mut lines = field.helper.clone();
    lines.extend(
        field.unchecked_pattern().map(|pattern| format!("Must match {pattern} (not checked here)")),
    );
    let limits = field.limits();
    let limits: Vec<String> = match &field.kind {
        // The count says the most.
        FieldKind::Text { .. } | FieldKind::Media { .. } => {
            limits.into_iter().filter(|limit| limit.starts_with("at least")).collect()
        }
        _ => limits,
    };
    lines.extend(sentence(&limits));
    match &field.kind {
        FieldKind::Media { max_kib, mime_types, .. } => {
            if !mime_types.is_empty() {
                lines.push(mime_types.join(", "));
            }
            lines.push(format!("Up to {} each", size(*max_kib)));
            if !form.files_can_be_fetched {
                lines.push(NOT_FETCHED.to_owned());
            }
        }
        FieldKind::Text { .. } if field.is_hidden() && is_filled_in => {
            lines.push("Left empty, it stays as it was typed".to_owned());
        }
        _ => (),
    }
    lines
}

fn count(field: &Field, count: usize) -> Option<(usize, u64)> {
    match field.kind {
        FieldKind::Text { max: Some(max), .. } => Some((count, max)),
        _ => None,
    }
}

fn size(kib: u64) -> String {
    if kib >= 1 << 10 && kib.is_multiple_of(1 << 10) {
        format!("{} MiB", kib >> 10)
    } else {
        format!("{kib} KiB")
    }
}

/// Texts in one, which begins with a capital letter. `None` if there are none.
fn sentence(parts: &[String]) -> Option<String> {
    let joined = parts.join(", ");
    let first = joined.chars().next()?;
    Some(first.to_uppercase().chain(joined.chars().skip(1)).collect())
}

/// A host in production fetches files from WhatsApp alone.
const NOT_FETCHED: &str =
    "Plugins can't fetch files from this phone: here they come from WhatsApp alone";
