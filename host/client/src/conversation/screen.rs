//! A screen as it is shown: the visible components of its layout, with every expression replaced by
//! its value.

use serde_json::Value;

use flowhost_flow_json::{Component, ComponentKind, ON_CLICK};

use super::action::Action;
use super::expression::{holds, shown};
use super::field::{Field, FormSays, Properties};
use super::list::NavigationList;
use super::picture::{Carousel, Picture};
use super::scope::Scope;
use super::text::Text;

/// A screen as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Screen {
    /// Its id in the Flow JSON.
    pub name: String,
    /// Its title. May be empty.
    pub title: String,
    /// Its components, from top to bottom.
    pub items: Vec<Item>,
    /// The button at its foot, if there is one.
    pub footer: Option<Footer>,
    /// Whether it holds more than a phone could show, so that its end is missing.
    pub is_cut: bool,
}

/// A component on a screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Pictures side by side.
    Carousel(Carousel),
    /// A field to fill in.
    Field(Box<Field>),
    /// A text to tap.
    Link {
        /// The text to show.
        text: String,
        /// What it is about, where the text alone doesn't tell. May be empty.
        about: String,
        /// What tapping it does.
        action: Action,
    },
    /// A list whose entries can be tapped.
    List(NavigationList),
    /// A picture.
    Picture(Picture),
    /// A text.
    Text(Text),
    /// A component that this client doesn't know.
    Unknown {
        /// Its type.
        component: String,
    },
}

/// The button at the foot of a screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Footer {
    /// The text on the button.
    pub label: String,
    /// The text at the left above it. May be empty, as the others.
    pub left: String,
    /// The text in the middle.
    pub center: String,
    /// The text at the right.
    pub right: String,
    /// Whether it can be pressed.
    pub enabled: bool,
    /// What pressing it does.
    pub action: Action,
}

impl Screen {
    /// Evaluates a screen of the Flow JSON. `dates_are_days` says whether its date pickers write
    /// days rather than milliseconds.
    pub(super) fn of(
        written: flowhost_flow_json::Screen<'_>,
        scope: &Scope<'_>,
        dates_are_days: bool,
    ) -> Self {
        let mut walk = Walk { scope, dates_are_days, items: Vec::new(), footer: None };
        walk.children(written.components(), &FormSays::default());
        let title = written
            .title()
            .and_then(|title| scope.fill(title))
            .map(|title| shown(&title))
            .unwrap_or_default();
        let Walk { items, footer, .. } = walk;
        Self { name: written.id.to_owned(), title, items, footer, is_cut: scope.is_used_up() }
    }

    /// The fields, from top to bottom.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.items.iter().filter_map(|item| {
            if let Item::Field(field) = item { Some(field.as_ref()) } else { None }
        })
    }

    /// What can be tapped besides the button, from top to bottom: what it does, and whether it can
    /// be tapped now.
    pub fn links(&self) -> impl Iterator<Item = (&Action, bool)> {
        self.items.iter().flat_map(|item| {
            let (own, entries) = match item {
                Item::Link { action, .. } => (Some((action, true)), &[][..]),
                Item::List(list) => (None, &list.entries[..]),
                _ => (None, &[][..]),
            };
            own.into_iter().chain(entries.iter().map(|entry| (&entry.action, entry.enabled)))
        })
    }
}

impl Footer {
    fn of(component: &Properties<'_>) -> Self {
        Self {
            label: component.text("label"),
            left: component.text("left-caption"),
            center: component.text("center-caption"),
            right: component.text("right-caption"),
            enabled: component.flag("enabled", true),
            action: Action::of(component.written.member(ON_CLICK), component.scope),
        }
    }

    /// The texts beside the button that are not empty, from left to right.
    pub fn captions(&self) -> impl Iterator<Item = &str> {
        [&self.left, &self.center, &self.right]
            .into_iter()
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }
}

/// A walk through the components, collecting what is shown.
struct Walk<'a> {
    scope: &'a Scope<'a>,
    dates_are_days: bool,
    items: Vec<Item>,
    footer: Option<Footer>,
}

impl Walk<'_> {
    fn children<'c>(&mut self, children: impl Iterator<Item = Component<'c>>, form: &FormSays) {
        for written in children {
            if !self.scope.spend(size_of::<Item>()) {
                break;
            }
            let properties = Properties { written, scope: self.scope };
            if properties.flag("visible", true) {
                self.component(&properties, form);
            }
        }
    }

    fn component(&mut self, component: &Properties<'_>, form: &FormSays) {
        let written = component.written;
        let Some(kind) = written.kind() else {
            self.items.push(Item::Unknown { component: written.type_name().to_owned() });
            return;
        };
        match kind {
            ComponentKind::EmbeddedLink => {
                self.link(component.text("text"), String::new(), written.member(ON_CLICK))
            }
            ComponentKind::Footer => self.footer = Some(Footer::of(component)),
            ComponentKind::Form => {
                let says = |name| component.value(name).unwrap_or_default();
                self.children(
                    written.children(),
                    &FormSays { initial: says("init-values"), errors: says("error-messages") },
                );
            }
            ComponentKind::If
                if written
                    .member("condition")
                    .is_some_and(|condition| holds(condition, self.scope)) =>
            {
                self.children(written.then(), form);
            }
            ComponentKind::If => self.children(written.otherwise(), form),
            ComponentKind::Image => self.items.push(Item::Picture(Picture::of(component))),
            ComponentKind::ImageCarousel => {
                self.items.push(Item::Carousel(Carousel::of(component)));
            }
            ComponentKind::NavigationList => {
                self.items.push(Item::List(NavigationList::of(component)));
            }
            ComponentKind::Switch => self.children(written.case(&component.text("value")), form),
            ComponentKind::TextHeading
            | ComponentKind::TextSubheading
            | ComponentKind::TextBody
            | ComponentKind::TextCaption
            | ComponentKind::RichText => self.items.push(Item::Text(Text::of(component, kind))),
            ComponentKind::TextInput
            | ComponentKind::TextArea
            | ComponentKind::CheckboxGroup
            | ComponentKind::RadioButtonsGroup
            | ComponentKind::Dropdown
            | ComponentKind::ChipsSelector
            | ComponentKind::DatePicker
            | ComponentKind::CalendarPicker
            | ComponentKind::OptIn
            | ComponentKind::PhotoPicker
            | ComponentKind::DocumentPicker => self.field(component, form),
        }
    }

    /// An `OptIn` may have a link to the terms.
    fn field(&mut self, component: &Properties<'_>, form: &FormSays) {
        let Some(field) = Field::of(component, form, self.dates_are_days) else { return };
        if self.scope.is_used_up() {
            return; // Its name may be missing.
        }
        let about = field.label.clone();
        self.items.push(Item::Field(Box::new(field)));
        if let Some(action) = component.written.member(ON_CLICK).filter(|action| action.is_object())
        {
            self.link("Read more".to_owned(), about, Some(action));
        }
    }

    fn link(&mut self, text: String, about: String, action: Option<&Value>) {
        self.items.push(Item::Link { text, about, action: Action::of(action, self.scope) });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::list::ListEntry;
    use super::super::scope::tests::with_scope;
    use super::*;
    use flowhost_flow_json::Document;

    fn shown_as(children: Value, data: Value) -> Screen {
        let written = json!({"id": "A", "title": "Title", "layout": {"type": "SingleColumnLayout", "children": children}});
        let document =
            Document::parse(json!({"screens": [written]}).to_string().as_bytes()).unwrap();
        with_scope(data, json!({"size": "large"}), |scope| {
            Screen::of(document.screen("A").unwrap(), scope, true)
        })
    }

    fn texts(screen: &Screen) -> Vec<&str> {
        screen
            .items
            .iter()
            .filter_map(
                |item| if let Item::Text(text) = item { Some(text.text.as_str()) } else { None },
            )
            .collect()
    }

    #[test]
    fn conditions_and_cases_decide_what_is_shown() {
        let body = |text: &str| json!({"type": "TextBody", "text": text});
        let children = json!([
            {"type": "If", "condition": "${data.on}", "then": [body("on")], "else": [body("off")]},
            {"type": "If", "condition": "${data.off}", "then": [body("on")], "else": [body("off")]},
            {"type": "If", "condition": "${data.off}", "then": [body("never")]},
            {"type": "Switch", "value": "${form.size}", "cases": {"small": [body("S")], "large": [body("L")]}},
            {"type": "Switch", "value": "${data.none}", "cases": {"default": [body("D")]}},
            {"type": "TextCaption", "text": ["one", "${data.two}"]},
            {"type": "TextBody", "text": "hidden", "visible": "${data.off}"},
        ]);

        let screen = shown_as(children, json!({"on": true, "off": false, "two": "zwei"}));

        assert_eq!(texts(&screen), ["on", "off", "L", "D", "one\nzwei"]);
    }

    #[test]
    fn every_kind_of_component_is_known() {
        let go = json!({"name": "navigate", "next": {"type": "screen", "name": "B"}});
        let field =
            |kind: &str| json!({"type": kind, "name": kind, "label": kind, "data-source": []});
        let mut children: Vec<Value> = FIELDS.into_iter().map(field).collect();
        children.extend(
            ["TextHeading", "TextSubheading", "TextBody", "TextCaption", "RichText"]
                .map(|kind| json!({"type": kind, "text": "x"})),
        );
        children.extend([
            json!({"type": "Image", "src": "aGk=", "alt-text": "a cat"}),
            json!({"type": "ImageCarousel", "images": [{"src": "aGk=", "alt-text": "a dog"}]}),
            json!({"type": "EmbeddedLink", "text": "terms", "on-click-action": go}),
            json!({"type": "NavigationList", "name": "n", "label": "Pick", "on-click-action": go, "list-items": [
                {"id": "1", "main-content": {"title": "First", "description": "of all"}},
                {"id": "2", "main-content": {"title": "Second"}, "on-click-action": {"name": "open_url", "url": "https://example.com"}},
            ]}),
            json!({"type": "Footer", "label": "Go", "left-caption": "14 EUR", "enabled": false, "on-click-action": go}),
        ]);

        let screen =
            shown_as(json!([{"type": "Form", "name": "f", "children": children}]), json!({}));

        assert!(
            !screen.items.iter().any(|item| matches!(item, Item::Unknown { .. })),
            "{:?}",
            screen.items
        );
        assert_eq!(screen.fields().count(), FIELDS.len());
        let entries = screen.items.iter().find_map(|item| {
            if let Item::List(list) = item {
                Some(list.entries.iter().map(ListEntry::line).collect::<Vec<_>>())
            } else {
                None
            }
        });
        assert_eq!(entries.unwrap(), ["First · of all", "Second"]);
        assert_eq!(screen.links().count(), 3);
        assert_eq!(
            screen.links().nth(2).unwrap().0,
            &Action::OpenUrl("https://example.com".to_owned())
        );
        let footer = screen.footer.unwrap();
        assert_eq!(
            (footer.label.as_str(), footer.captions().collect::<Vec<_>>(), footer.enabled),
            ("Go", vec!["14 EUR"], false)
        );
    }

    #[test]
    fn a_component_of_tomorrow_is_named() {
        let screen = shown_as(json!([{"type": "Hologram"}, "nonsense", {"no": "type"}]), json!({}));

        assert_eq!(screen.items[0], Item::Unknown { component: "Hologram".to_owned() });
    }

    #[test]
    fn every_screen_of_the_valid_fixtures_can_be_shown() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/flow_json/valid");
        let files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() >= 30, "{} files", files.len());
        for file in files {
            let flow = Document::parse(&std::fs::read(&file).unwrap()).unwrap();
            for written in flow.screens() {
                // Every condition holds, so that nothing is hidden.
                let holds = |(name, example): (String, Value)| {
                    (name, if example.is_boolean() { json!(true) } else { example })
                };
                let data = written.example_data().into_iter().map(holds).collect();
                let screen = with_scope(Value::Object(data), json!({}), |scope| {
                    Screen::of(written, scope, true)
                });

                let place = format!("{} {}", file.display(), screen.name);
                // One fixture has a component that Meta may add some day.
                let unknown = |item: &Item| matches!(item, Item::Unknown { component } if component != "SomethingNew");
                assert!(!screen.items.iter().any(unknown), "{place}: {:?}", screen.items);
                assert!(screen.fields().all(|field| !field.name.is_empty()), "{place}");
                // A button is required from version 7.3 on.
                let may_lack_one = !written.is_terminal()
                    || file.display().to_string().contains("-without-footer");
                assert!(screen.footer.is_some() || may_lack_one, "{place} has no button");
                let texts = screen.items.iter().filter_map(|item| {
                    if let Item::Text(text) = item { Some(&text.text) } else { None }
                });
                texts.for_each(|text| assert!(!text.contains("${"), "{place}: {text}"));
            }
        }
    }

    const FIELDS: [&str; 11] = [
        "CalendarPicker",
        "CheckboxGroup",
        "ChipsSelector",
        "DatePicker",
        "DocumentPicker",
        "Dropdown",
        "OptIn",
        "PhotoPicker",
        "RadioButtonsGroup",
        "TextArea",
        "TextInput",
    ];
}
