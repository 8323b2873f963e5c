//! What is drawn.

use serde_json::{Value, json};

use flowhost_flow_json::ComponentKind;

use super::*;

/// What shows that a component was drawn. A new kind has to be added here, and to the Flow.
fn mark(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::TextHeading => "phone-heading\">Welcome to Northwind",
        ComponentKind::TextSubheading => "phone-subheading\">A quiet place",
        ComponentKind::TextBody => "phone-text bold",
        ComponentKind::TextCaption => "phone-caption\"><p>You are a member",
        ComponentKind::RichText => "<strong>photo id</strong>",
        ComponentKind::TextInput => "inputmode=\"email\"",
        ComponentKind::TextArea => "<textarea",
        ComponentKind::CheckboxGroup => "type=\"checkbox\" id=\"phone-field-extras-0\"",
        ComponentKind::RadioButtonsGroup => "type=\"radio\" id=\"phone-field-size-0\"",
        ComponentKind::Dropdown => "<select",
        ComponentKind::ChipsSelector => "phone-chips",
        ComponentKind::DatePicker => "<optgroup",
        ComponentKind::CalendarPicker => "type=\"date\" id=\"phone-field-nights-end\"",
        ComponentKind::OptIn => "phone-opt-in",
        ComponentKind::PhotoPicker => "name=\"file.photos\"",
        ComponentKind::DocumentPicker => "name=\"file.papers\"",
        ComponentKind::Footer => "Book a visit</button>",
        ComponentKind::EmbeddedLink => {
            "phone-link\" id=\"phone-follow.0\" name=\"do\" value=\"follow.0\">See all"
        }
        ComponentKind::Image => "alt=\"Hills in the morning\" height=\"160\"",
        ComponentKind::ImageCarousel => "phone-carousel",
        ComponentKind::NavigationList => "value=\"follow.2\"",
        ComponentKind::Form => "name=\"field.name\"",
        ComponentKind::If => "You are a member since 2021",
        ComponentKind::Switch => "Winter hours apply",
    }
}

fn everywhere(draw: impl Fn(&Conversation) -> String) -> String {
    every_component().screens().map(|screen| draw(&on(screen.id))).collect()
}

#[test]
fn every_kind_of_component_is_drawn() {
    let html = everywhere(drawn);

    for kind in ComponentKind::all() {
        assert!(html.contains(mark(kind)), "{}", kind.name());
    }
    assert!(!html.contains("can't show it"));
}

#[test]
fn a_component_of_tomorrow_is_named() {
    let html = drawn(&with(json!([{"type": "Holo<gram>"}])));

    assert!(html.contains("[Holo&lt;gram&gt;: this client can't show it]"), "{html}");
}

#[test]
fn every_text_stays_text() {
    // Everything that may be any text: not the structure, and nothing that is compared.
    fn spoil(value: &mut Value, name: &str) {
        match value {
            Value::String(text) if SPOILT.contains(&name) => *text = BAD.to_owned(),
            Value::Array(elements) => elements.iter_mut().for_each(|element| spoil(element, name)),
            Value::Object(members) => {
                members.iter_mut().for_each(|(name, member)| spoil(member, name));
            }
            _ => (),
        }
    }
    let mut flow: Value = serde_json::from_str(EVERY_COMPONENT).unwrap();
    for screen in flow["screens"].as_array_mut().unwrap() {
        spoil(&mut screen["layout"], "");
        spoil(&mut screen["title"], "title");
    }
    let document = Document::parse(flow.to_string().as_bytes()).unwrap();

    for name in document.screens().map(|screen| screen.id.to_owned()) {
        let mut conversation = within(document.clone(), &name);
        let fields: Vec<Field> = conversation.screen().unwrap().fields().cloned().collect();
        fields.iter().for_each(|field| conversation.leave(field, json!(BAD)));
        let form = PhoneForm {
            action: BAD,
            csrf: BAD,
            problems: &[BAD.to_owned()],
            files_can_be_fetched: false,
        };
        for html in [screen(&conversation, &form), still(&conversation)].map(Markup::into_string) {
            // All that is left of it has its quotation marks and brackets escaped.
            let parts = html.to_lowercase();
            assert!(!parts.contains("<script") && !parts.contains("<img src=x"), "{name}: {html}");
            assert!(parts.contains("&lt;script"), "{name}");
            assert!(!parts.contains("\"'><"), "{name}: {html}");
        }
    }
    let mut blind = Conversation::new(None, "t");
    blind.arrive(BAD, map(json!({BAD: BAD})));
    assert!(!drawn(&blind).contains("<script") && !still(&blind).into_string().contains("<script"));
}

#[test]
fn attributes_hold_checked_colours_pictures_and_links_only() {
    let svg = "PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+";
    let choices = json!([{"id": "a", "title": "A", "color": "red;}", "image": svg, "alt-text": "An A"}, {"id": "b", "title": "B", "color": "#12abEF"}]);
    let text = "[x](javascript:alert(1)) [y](https://a.org/b) ![z](https://a.org/z.png)";
    let html = drawn(&with(json!([
        {"type": "CheckboxGroup", "name": "c", "label": "C", "data-source": choices},
        {"type": "Image", "src": "https://a.org/a.png", "width": -5, "height": 1e9, "alt-text": "far"},
        {"type": "Image", "src": PIXEL, "width": 1e9, "aspect-ratio": 2, "scale-type": "cover"},
        {"type": "RichText", "text": text},
    ])));

    assert_eq!(html.matches("fill=").count(), 1);
    assert!(html.contains("fill=\"#12abEF\""));
    assert_eq!(html.matches("<img").count(), 1, "{html}");
    assert!(html.contains("width=\"1000\" height=\"1000\""), "{html}");
    for missing in ["[a picture: An A]", "[a picture: far]", "[a picture: z]"] {
        assert!(html.contains(missing), "{missing}");
    }
    assert!(!html.contains("javascript:"));
    let link = "<a href=\"https://a.org/b\" rel=\"noreferrer noopener\" target=\"_blank\">y</a> <span class=\"phone-address\">(https://a.org/b)</span>";
    assert!(html.contains(link), "{html}");
    assert!(!html.contains("style="), "pages have no inline styles");
}

#[test]
fn what_is_wrong_is_said_at_the_field_that_is_wrong() {
    let mut conversation = on("DETAILS");
    assert!(!drawn(&conversation).contains("aria-invalid"), "nothing was entered yet");
    let screen = conversation.screen().unwrap();
    let email = screen.fields().find(|field| field.name == "email").unwrap();
    conversation.leave(email, json!("ana@"));

    let early = drawn(&conversation);
    assert_eq!(early.matches("aria-invalid").count(), 1);
    assert!(early.contains("aria-describedby=\"phone-field-email-count phone-field-email-error\""));
    assert!(early.contains("id=\"phone-field-email-error\"><p>That is no email</p>"), "{early}");

    let Step::Refused(problems) = conversation.press() else { panic!("the form is empty") };
    let late = drawn_after(&conversation, &problems);
    assert!(late.matches("This field is required").count() > 3, "{late}");
    assert!(late.contains("role=\"alert\"><p>Check what is marked below.</p>"));
    let other = drawn_after(&conversation, &["The endpoint is asleep".to_owned()]);
    assert!(other.contains("role=\"alert\"><p>The endpoint is asleep</p></div>"));
}

#[test]
fn a_still_screen_has_nothing_to_press_and_no_ids() {
    let html = everywhere(|conversation| {
        let mut conversation = conversation.clone();
        let screen = conversation.screen().unwrap();
        for (name, value) in [
            ("name", json!("Ana")),
            ("password", json!("secret")),
            ("size", json!("m")),
            ("extras", json!(["tea"])),
        ] {
            if let Some(field) = screen.fields().find(|field| field.name == name) {
                conversation.enter(field, Some(value));
            }
        }
        still(&conversation).into_string()
    });

    for absent in [
        "<button",
        "<form",
        "<input",
        "<select",
        "<textarea",
        "<a ",
        " id=",
        " name=",
        "<h",
        "secret",
    ] {
        assert!(!html.contains(absent), "{absent}: {html}");
    }
    for there in ["Ana", "••••••", "Book a visit", "phone-choice picked"] {
        assert!(html.contains(there), "{there}");
    }
}

#[test]
fn a_screen_that_takes_files_is_sent_in_parts() {
    assert!(!drawn(&on("DETAILS")).contains("multipart"));
    let html = drawn(&on("STAY"));
    assert!(html.contains("enctype=\"multipart/form-data\" hx-encoding=\"multipart/form-data\""));
    assert!(!html.contains("can't fetch"), "{html}");
    let form = PhoneForm { action: "", csrf: "", problems: &[], files_can_be_fetched: false };
    let far = screen(&on("STAY"), &form).into_string();
    assert!(far.contains("Plugins can't fetch files from this phone"), "{far}");
    let full = with(json!([{
        "type": "DocumentPicker", "name": "d", "label": "D", "max-uploaded-documents": 1,
        "allowed-mime-types": ["application/pdf", "image/png"], "init-value": [{"media_id": "1"}],
    }]));
    let html = drawn(&full);
    let input = html.split("<input").find(|tag| tag.contains("type=\"file\"")).unwrap();
    let input = input.split('>').next().unwrap();
    assert!(input.contains("accept=\"application/pdf,image/png\""), "{input}");
    assert!(input.contains(" disabled") && !input.contains("multiple"), "{input}");
}

#[test]
fn hidden_texts_do_not_come_back() {
    let mut conversation = on("DETAILS");
    let screen = conversation.screen().unwrap();
    for name in ["pin", "password"] {
        let field = screen.fields().find(|field| field.name == name).unwrap();
        conversation.enter(field, Some(json!("4711")));
    }

    let html = drawn(&conversation);

    assert!(!html.contains("4711") && !html.contains("value=\"••••\""));
    assert_eq!(html.matches("placeholder=\"••••\"").count(), 2);
}

#[test]
fn the_button_looks_as_if_it_waited_for_what_is_required() {
    let mut conversation = with(json!([
        {"type": "TextInput", "name": "t", "label": "T", "required": true},
        {"type": "Footer", "label": "Go", "on-click-action": {"name": "complete", "payload": {}}},
    ]));
    let is_early = |conversation: &Conversation| drawn(conversation).contains("phone-press early");
    assert!(is_early(&conversation));

    let field = conversation.screen().unwrap().fields().next().unwrap().clone();
    conversation.enter(&field, Some(json!("x")));
    assert!(!is_early(&conversation));
}

#[test]
fn what_is_disabled_is_drawn_so() {
    let choices = json!([{"id": "a", "title": "A", "enabled": false}]);
    let html = drawn(&with(json!([
        {"type": "TextInput", "name": "t", "label": "T", "enabled": false},
        {"type": "CheckboxGroup", "name": "c", "label": "C", "data-source": choices, "enabled": false},
        {"type": "RadioButtonsGroup", "name": "r", "label": "R", "data-source": choices},
        {"type": "NavigationList", "name": "n", "list-items": [{"id": "1", "main-content": {"title": "Out"}, "enabled": false}]},
        {"type": "Footer", "label": "Go", "enabled": false, "on-click-action": {"name": "complete", "payload": {}}},
    ])));

    for due in [
        "id=\"phone-field-t\"",
        "<fieldset",
        "id=\"phone-field-r-0\"",
        "value=\"follow.0\"",
        "value=\"press\"",
    ] {
        let tags = html.split('<').map(|tag| format!("<{}", tag.split('>').next().unwrap()));
        let tag = tags.clone().find(|tag| tag.contains(due)).unwrap();
        assert!(tag.split(' ').any(|word| word == "disabled"), "{due}: {tag}");
    }
}

#[test]
fn ids_of_fields_differ_as_their_names_do() {
    let ids: HashSet<String> = ["a", "a.", "a b", "a.20.b", "ä", ".e4.", "\"", "<", ""]
        .iter()
        .map(|name| field::id(name))
        .collect();

    assert_eq!(ids.len(), 9);
    assert!(ids.iter().all(|id| !id.contains([' ', '"', '<', '>', '\''])), "{ids:?}");
}

#[test]
fn back_is_offered_where_there_is_a_screen_to_go_back_to() {
    assert!(!drawn(&on("WELCOME")).contains("phone-back"));
    assert!(drawn(&on("SHOP")).contains("phone-back"));
    assert!(drawn(&Conversation::new(None, "t")).contains("No screen is shown yet"));
    assert!(
        frame(Theme::Dark, &html! { "x" })
            .into_string()
            .contains("id=\"phone\" class=\"phone dark\"")
    );
}

use flowhost_client::conversation::Step;

const BAD: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

const SPOILT: &[&str] = &[
    "text",
    "label",
    "title",
    "description",
    "metadata",
    "helper-text",
    "alt-text",
    "badge",
    "tags",
    "id",
    "name",
    "left-caption",
    "center-caption",
    "right-caption",
    "pattern",
    "color",
    "image",
    "src",
    "init-value",
    "start-date",
    "end-date",
    "min-date",
    "unavailable-dates",
    "include-days",
    "allowed-mime-types",
];

/// A GIF of one pixel.
const PIXEL: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
