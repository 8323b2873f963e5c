//! A Flow JSON as it is written: the one parser that everything else shares.
//!
//! It is lenient: a malformed member counts as missing, and a component from a later version has no
//! known kind. The check walks the same values with their places and reports what is wrong.

mod action;
mod component;
mod expression;
mod reference;
mod screen;

use std::sync::Arc;

use serde_json::{Map, Value};

pub use self::action::{Action, ON_CLICK, ON_SELECT, ON_UNSELECT};
pub use self::component::Component;
pub use self::expression::{Meaning, NoExpression};
pub use self::reference::{Reference, Store, Template};
pub use self::screen::{Property, Screen};

pub(crate) use self::component::{CASES, CHILDREN, ELSE, THEN};

use super::text::{Unreadable, read};
use super::version;

/// A parsed document. Clones share its content.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    written: Arc<Map<String, Value>>,
}

impl Document {
    /// Parses a text of at most 10 MiB. It must be a JSON object; nothing else is checked.
    pub fn parse(text: &[u8]) -> Result<Self, Unreadable> {
        Ok(Self { written: Arc::new(read(text)?) })
    }

    /// The whole document.
    pub fn written(&self) -> &Map<String, Value> {
        &self.written
    }

    /// The version of Flow JSON, if stated.
    pub fn version(&self) -> Option<&str> {
        self.text("version")
    }

    /// The version of the data API; `None` if the flow has no endpoint.
    pub fn data_api_version(&self) -> Option<&str> {
        self.text("data_api_version")
    }

    /// Whether a `DatePicker` gives days such as `2026-11-23`. Before version 5.0 it gave
    /// milliseconds by the phone's clock.
    pub fn dates_are_days(&self) -> bool {
        version::dates_are_days(self.version())
    }

    /// The screens that have an id, in the order of the document.
    pub fn screens(&self) -> impl Iterator<Item = Screen<'_>> {
        let written = self.written.get("screens").and_then(Value::as_array).into_iter().flatten();
        written.enumerate().filter_map(|(number, screen)| Screen::of(number, screen))
    }

    /// The screen with this id; the first one if there are several.
    pub fn screen(&self, id: &str) -> Option<Screen<'_>> {
        self.screens().find(|screen| screen.id == id)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.written.get(name)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ActionKind, ComponentKind, Field};

    fn document(written: &Value) -> Document {
        Document::parse(written.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn screens_without_an_id_are_left_out_and_keep_their_numbers() {
        let document = document(
            &json!({"screens": [5, {"id": "A", "title": "First"}, {}, {"id": 7}, {"id": "B"}, {"id": "A"}]}),
        );

        assert_eq!(
            document.screens().map(|screen| (screen.id, screen.number)).collect::<Vec<_>>(),
            [("A", 1), ("B", 4), ("A", 5)]
        );
        assert_eq!(document.screen("A").unwrap().number, 1);
        assert_eq!((document.screen("C"), document.version()), (None, None));
    }

    #[test]
    fn what_a_screen_does_not_say_is_as_usual() {
        let data = json!({"x": {"type": "string", "__example__": "y"}, "z": {"type": "string"}});
        let last = json!({"id": "B", "title": "Last", "terminal": true, "success": false, "refresh_on_back": true, "data": data});
        let document = document(
            &json!({"version": "7.3", "data_api_version": "4.0", "screens": [{"id": "A"}, last]}),
        );
        let said = |id: &str| {
            let screen = document.screen(id).unwrap();
            let title = screen.title().and_then(Value::as_str);
            (
                title,
                screen.is_terminal(),
                screen.is_success(),
                screen.refreshes_on_back(),
                Value::Object(screen.example_data()),
            )
        };

        assert_eq!(said("A"), (None, false, true, false, json!({})));
        assert_eq!(said("B"), (Some("Last"), true, false, true, json!({"x": "y"})));
        assert_eq!((document.version(), document.data_api_version()), (Some("7.3"), Some("4.0")));
        assert_eq!(document.written().len(), 3);
    }

    #[test]
    fn a_component_is_a_field_by_its_kind_and_named_unless_it_is_a_form() {
        let read = |written: Value| {
            let component = Component::of(&written).unwrap();
            (
                component.field(),
                component.field_name().map(str::to_owned),
                component.member("x").is_some(),
            )
        };

        assert_eq!(
            read(json!({"type": "OptIn", "name": "terms", "x": 1})),
            (Some(Field::Flag), Some("terms".to_owned()), true)
        );
        assert_eq!(read(json!({"type": "Form", "name": "form"})), (None, None, false));
        assert_eq!(
            read(json!({"type": "Tomorrow", "name": "new"})),
            (None, Some("new".to_owned()), false)
        );
        assert_eq!((Component::of(&json!([])), Action::of(&json!("go"))), (None, None));
        assert_eq!(
            Action::of(&json!({"name": "dance"}))
                .map(|action| (action.name().len(), action.kind())),
            Some((5, None))
        );
    }

    #[test]
    fn dates_are_days_from_version_5_on() {
        for (version, days) in
            [("7.3", true), ("5.0", true), ("4.0", false), ("2.1", false), ("soon", true)]
        {
            assert_eq!(document(&json!({"version": version})).dates_are_days(), days, "{version}");
        }
        assert!(document(&json!({})).dates_are_days());
    }

    #[test]
    fn every_component_is_found_in_whatever_holds_it() {
        let text = |name: &str| json!([{"type": "TextBody", "name": name}]);
        let document = document(&json!({"screens": [{"id": "A", "layout": {"children": [
            {"type": "Form", "name": "form", "children": text("in a form")},
            {"type": "If", "else": text("otherwise"), "then": text("then")},
            {"type": "Switch", "cases": {"a": text("a case"), "default": text("another"), "b": 5}},
            {"type": "Tomorrow", "children": text("tomorrow")},
            "nonsense",
        ]}}]}));
        let screen = document.screen("A").unwrap();

        let all = screen.all_components();
        let names: Vec<_> = all.iter().filter_map(|component| component.field_name()).collect();
        assert_eq!(names, ["in a form", "then", "otherwise", "a case", "another", "tomorrow"]);
        let direct: Vec<_> = screen
            .components()
            .map(|component| (component.type_name(), component.kind()))
            .collect();
        assert_eq!(
            direct,
            [
                ("Form", Some(ComponentKind::Form)),
                ("If", Some(ComponentKind::If)),
                ("Switch", Some(ComponentKind::Switch)),
                ("Tomorrow", None)
            ]
        );
        let [form, condition, switch] = [0, 1, 2].map(|at| screen.components().nth(at).unwrap());
        let names = |list: Vec<Component<'_>>| {
            list.iter().filter_map(|one| one.field_name()).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(names(form.children().collect()), ["in a form"]);
        assert_eq!(names(condition.then().collect()), ["then"]);
        assert_eq!(names(condition.otherwise().collect()), ["otherwise"]);
        let case = |value: &str| names(switch.case(value).collect());
        assert_eq!(
            (case("a"), case("c"), case("b")),
            (vec!["a case".to_owned()], vec!["another".to_owned()], vec![])
        );
    }

    #[test]
    fn actions_are_found_wherever_they_hang_but_not_twice() {
        let go = |next: &str| json!({"name": "navigate", "next": {"type": "screen", "name": next}});
        let document = document(&json!({"screens": [{"id": "A", "layout": {"children": [
            {"type": "NavigationList", "list-items": [{"on-click-action": go("B")}, {"on-click-action": "no action"}], "on-click-action": go("C")},
            {"type": "Form", "children": [
                {"type": "Dropdown", "data-source": [{"on-select-action": {"name": "update_data", "payload": {"x": 1}}}]},
                {"type": "Footer", "on-click-action": {"name": "open_url", "url": "https://example.com"}},
            ]},
        ]}}]}));

        let actions = document.screen("A").unwrap().actions();

        let read = actions.iter().map(|action| {
            (action.kind(), action.next(), action.payload().is_some(), action.url().is_some())
        });
        assert_eq!(
            read.collect::<Vec<_>>(),
            [
                (Some(ActionKind::Navigate), Some("B"), false, false),
                (Some(ActionKind::Navigate), Some("C"), false, false),
                (Some(ActionKind::UpdateData), None, true, false),
                (Some(ActionKind::OpenUrl), None, false, true),
            ]
        );
    }

    #[test]
    fn a_property_may_be_called_required() {
        let declared = |data: Value| {
            let document = document(&json!({"screens": [{"id": "A", "data": data}]}));
            let screen = document.screen("A").unwrap();
            let names =
                screen.properties().map(|property| property.name.to_owned()).collect::<Vec<_>>();
            (names.join(","), screen.required().map(|names| names.join(",")))
        };

        assert_eq!(
            declared(json!({"a": {}, "b": {}, "required": ["a"]})),
            ("a,b".to_owned(), Some("a".to_owned()))
        );
        assert_eq!(
            declared(json!({"a": {}, "required": {"type": "boolean"}})),
            ("a,required".to_owned(), None)
        );
        assert_eq!(declared(json!(7)), (String::new(), None));
    }
}
