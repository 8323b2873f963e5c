//! Screens as text. Their content is untrusted: each line goes through `printable` before it is
//! printed.

use serde_json::Value;

use flowhost_client::conversation::{Conversation, Field, FieldKind, Item, Picture, Screen};
use flowhost_flow_json::ComponentKind;

/// A screen with the values of its fields.
pub(super) fn screen(screen: &Screen, conversation: &Conversation) -> Vec<String> {
    let title = [screen.name.as_str(), &screen.title]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    let mut lines = vec![String::new(), format!("━━ {title} ━━")];
    if !conversation.knows_screens() {
        lines.extend(
            format!("{:#}", Value::Object(conversation.data().clone())).lines().map(str::to_owned),
        );
    }
    let mut links = 0;
    for item in &screen.items {
        match item {
            Item::Field(field) => {
                lines.push(field_line(field, conversation.value(&field.name)));
                lines.extend(field.errors.iter().map(|error| format!("  ! {error}")));
            }
            Item::Link { text, about, .. } => {
                links += 1;
                let about = if about.is_empty() { String::new() } else { format!(": {about}") };
                lines.push(format!(":{links} → {text}{about}"));
            }
            Item::List(list) => {
                for (style, text) in [
                    (ComponentKind::TextSubheading, &list.label),
                    (ComponentKind::TextBody, &list.description),
                ] {
                    lines.extend(marked(style, text));
                }
                for entry in &list.entries {
                    links += 1;
                    lines.push(format!(":{links} → {}", entry.line()));
                }
            }
            Item::Carousel(carousel) => lines.extend(carousel.pictures.iter().map(picture)),
            Item::Picture(shown) => lines.push(picture(shown)),
            Item::Text(text) => lines.extend(marked(text.style, &text.text)),
            Item::Unknown { component } => {
                lines.push(format!("[{component}: this client can't show it]"))
            }
        }
    }
    if screen.is_cut {
        lines.push("This screen is larger than a phone could show.".to_owned());
    }
    if let Some(footer) = &screen.footer {
        let state = if footer.enabled { "" } else { " (disabled)" };
        let captions: String = footer.captions().map(|caption| format!("  {caption}")).collect();
        lines.push(format!("[ {} ]{state}{captions}", footer.label));
    }
    lines
}

/// What a field accepts, shown before the question.
pub(super) fn details(field: &Field) -> Vec<String> {
    let mut lines: Vec<String> = field.hints().iter().map(|hint| format!("  {hint}")).collect();
    for (number, choice) in field.choices().iter().enumerate() {
        let about = choice.about();
        let about = if about.is_empty() { about } else { format!(" – {about}") };
        let state = if choice.enabled { "" } else { " (can't be picked)" };
        lines.push(format!("  {}) {}{about}{state}", number + 1, choice.title));
    }
    lines
}

/// The question for a field.
pub(super) fn question(field: &Field, value: Option<&Value>) -> String {
    let limits = limits(field);
    let limits =
        if limits.is_empty() { String::new() } else { format!(" ({})", limits.join(", ")) };
    let held = held(field, value).map(|held| format!(" [{held}]")).unwrap_or_default();
    format!("{}{limits}{held}", heading(field))
}

/// The question when all fields are filled in.
pub(super) fn last_question(screen: &Screen, is_blind: bool) -> String {
    match &screen.footer {
        _ if is_blind => "Data as JSON; Enter sends {}".to_owned(),
        Some(footer) => format!("Enter presses [ {} ]", footer.label),
        None => "Enter goes back".to_owned(),
    }
}

fn field_line(field: &Field, value: Option<&Value>) -> String {
    let state = if field.enabled { "" } else { " (disabled)" };
    format!(
        "{}{state}: {}",
        heading(field),
        held(field, value).unwrap_or_else(|| "_____".to_owned())
    )
}

/// The value of a field, if it is not empty.
fn held(field: &Field, value: Option<&Value>) -> Option<String> {
    let shown = field.show(value?);
    (!shown.is_empty()).then_some(shown)
}

/// The label. A star says that the field, or which day of a range, is required.
fn heading(field: &Field) -> String {
    match &field.kind {
        FieldKind::DateRange(range) => {
            let ends =
                [&range.start, &range.end].map(|end| starred(&end.label, end.required)).join(" – ");
            if range.title.is_empty() { ends } else { format!("{}: {ends}", range.title) }
        }
        _ => starred(field.title(), field.required),
    }
}

fn starred(label: &str, required: bool) -> String {
    format!("{label}{}", if required { "*" } else { "" })
}

/// How to type a value, and which ones the phone takes.
fn limits(field: &Field) -> Vec<String> {
    let how = match &field.kind {
        FieldKind::Text { input, .. } => vec![input.clone()],
        FieldKind::One(_) => vec!["one".to_owned()],
        FieldKind::Many { .. } => vec!["any of them".to_owned()],
        FieldKind::OptIn => vec!["y or n".to_owned()],
        FieldKind::Date(_) => vec![A_DAY.to_owned()],
        FieldKind::DateRange(range) => {
            let needs_both = range.start.required && range.end.required;
            let either = (!needs_both).then(|| "- for a day that is left out".to_owned());
            [format!("{A_DAY} {A_DAY}")].into_iter().chain(either).collect()
        }
        FieldKind::Media { .. } => vec!["paths of files".to_owned()],
    };
    [how, field.limits()].concat()
}

/// How a day is typed. An example would look like a day that can be chosen.
const A_DAY: &str = "YYYY-MM-DD";

fn picture(picture: &Picture) -> String {
    match picture.alternative.as_str() {
        "" => "[a picture]".to_owned(),
        alternative => format!("[a picture: {alternative}]"),
    }
}

/// The lines of a text with the mark of its style.
fn marked(style: ComponentKind, text: &str) -> impl Iterator<Item = String> {
    text.lines().map(move |line| format!("{}{line}", mark(style)))
}

fn mark(style: ComponentKind) -> &'static str {
    match style {
        ComponentKind::TextHeading => "# ",
        ComponentKind::TextSubheading => "## ",
        ComponentKind::TextCaption => "· ",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use flowhost_flow_json::Document;

    #[test]
    fn a_screen_is_text_from_top_to_bottom() {
        let mut conversation =
            Conversation::new(Some(Document::parse(PIZZA.as_bytes()).unwrap()), "t");
        let toppings = json!([{"id": "cheese", "title": "Cheese"}, {"id": "ham", "title": "Ham", "enabled": false}]);
        let data = json!({"greeting": "Hungry?\nOrder.", "has_size": true, "toppings": toppings});
        conversation.arrive("ORDER", data.as_object().unwrap().clone());
        let shown = conversation.screen().unwrap();
        let fields: Vec<_> = shown.fields().collect();
        conversation.enter(fields[0], Some(json!("Ana")));

        let lines = screen(&shown, &conversation);

        assert_eq!(
            lines,
            [
                "",
                "━━ ORDER · Your pizza ━━",
                "# Hungry?",
                "# Order.",
                "Name*: Ana",
                "Size*: _____",
                "Topping*: _____",
                "Extras: _____",
                "[ Continue ]",
            ]
        );
        assert_eq!(details(fields[1]), ["  1) Small", "  2) Large – For two"]);
        assert_eq!(details(fields[2]), ["  1) Cheese", "  2) Ham (can't be picked)"]);
        assert_eq!(
            question(fields[0], Some(&json!("Ana"))),
            "Name* (text, at most 20 characters) [Ana]"
        );
        assert_eq!(
            question(fields[3], Some(&json!([]))),
            "Extras (any of them, at most 2 choices)"
        );
        assert_eq!(last_question(&shown, false), "Enter presses [ Continue ]");
    }

    #[test]
    fn a_range_says_which_day_is_needed_and_what_each_is_about() {
        let picker = json!({
            "type": "CalendarPicker", "name": "days", "mode": "range", "title": "Your stay", "required": {"start-date": true, "end-date": false},
            "label": {"start-date": "Arrival", "end-date": "Departure"}, "helper-text": {"start-date": "From three", "end-date": "By noon"},
            "error-message": {"end-date": "We are full"}, "max-days": 7,
        });
        let flow = json!({"version": "7.3", "screens": [{"id": "STAY", "layout": {"children": [picker]}}]});
        let mut conversation =
            Conversation::new(Some(Document::parse(flow.to_string().as_bytes()).unwrap()), "t");
        conversation.arrive("STAY", serde_json::Map::new());
        let shown = conversation.screen().unwrap();
        let field = shown.fields().next().unwrap();

        let heading = "Your stay: Arrival* – Departure";
        assert_eq!(
            screen(&shown, &conversation)[2..],
            [format!("{heading}: _____"), "  ! Departure: We are full".to_owned()]
        );
        assert_eq!(details(field), ["  Arrival: From three", "  Departure: By noon"]);
        let half = json!({"start-date": "2026-11-23", "end-date": ""});
        let limits = "YYYY-MM-DD YYYY-MM-DD, - for a day that is left out, at most 7 days";
        assert_eq!(question(field, Some(&half)), format!("{heading} ({limits}) [2026-11-23]"));
        let both = json!({"type": "CalendarPicker", "name": "days", "mode": "range", "label": "Days", "required": true});
        let flow = json!({"screens": [{"id": "A", "layout": {"children": [both]}}]});
        let mut conversation =
            Conversation::new(Some(Document::parse(flow.to_string().as_bytes()).unwrap()), "t");
        conversation.arrive("A", serde_json::Map::new());
        let asked = question(conversation.screen().unwrap().fields().next().unwrap(), None);
        assert_eq!(asked, "Days: first day* – last day* (YYYY-MM-DD YYYY-MM-DD)");
    }

    #[test]
    fn without_a_flow_json_the_data_is_shown() {
        let mut conversation = Conversation::new(None, "t");
        conversation.arrive("A", json!({"x": 1}).as_object().unwrap().clone());

        assert_eq!(
            screen(&conversation.screen().unwrap(), &conversation),
            ["", "━━ A ━━", "{", "  \"x\": 1", "}"]
        );
    }

    const PIZZA: &str = include_str!("../../../../../tests/fixtures/interop/flow.json");
}
