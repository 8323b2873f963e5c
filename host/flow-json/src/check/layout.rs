//! Checks a screen as a whole: its title, its layout and its sensitive fields.

use serde_json::{Map, Value};

use super::component::{Spot, Tally};
use super::screens::KEYS;
use super::table::{Areas, LAYOUT};
use super::{Checker, Scope};
use crate::document::CHILDREN;
use crate::finding::Cause;
use crate::meant::is_misspelled;
use crate::names::{
    INVALID_PROPERTY_KEY, INVALID_PROPERTY_TYPE, INVALID_PROPERTY_VALUE, INVALID_SENSITIVE_FIELD,
    MIN_ITEMS_REQUIRED, MISSING_REQUIRED_PROPERTY, PATTERN_MISMATCH,
};
use crate::outline::ScreenOutline;
use crate::place::{Place, quoted};
use crate::schema::described;
use crate::version::Version;

impl<'a> Checker<'_, 'a> {
    /// Checks everything on a screen but its id.
    pub(super) fn check_contents(
        &mut self,
        members: &'a Map<String, Value>,
        screen: &ScreenOutline<'a>,
        at: &Place<'_>,
    ) {
        let is_misspelled = |name| self.outline.is_strict && is_misspelled(members, &KEYS, name);
        let (title, layout) = (is_misspelled("title"), is_misspelled("layout"));
        if !title {
            self.check_title(members, at);
        }
        if members.get("refresh_on_back") == Some(&Value::Bool(true)) && !self.has_endpoint {
            let problem = format_args!(
                "asks the endpoint when the user goes back, and the document has none: it lacks `data_api_version`"
            );
            self.found.add_once(
                Cause::NoEndpoint,
                self.level,
                &at.key("refresh_on_back"),
                Some(INVALID_PROPERTY_VALUE),
                problem,
            );
        }
        if let Some(sensitive) = members.get("sensitive") {
            self.check_sensitive(sensitive, screen, &at.key("sensitive"));
        }
        match members.get("layout") {
            Some(Value::Object(layout)) => self.check_layout(layout, screen, &at.key("layout")),
            Some(_) => (),
            None if layout => (),
            None if self.version < Version(6, 0) => {
                self.doubtful(at, format_args!("lacks its `layout`: there is nothing on it; from version 6.0 on it must have one"));
            }
            None => {
                let problem = format_args!(
                    "lacks its `layout`, {{\"type\": \"SingleColumnLayout\", \"children\": [..]}}"
                );
                self.wrong(at, MISSING_REQUIRED_PROPERTY, problem);
            }
        }
    }

    fn check_title(&mut self, members: &Map<String, Value>, at: &Place<'_>) {
        match members.get("title") {
            None => self.wrong(
                at,
                MISSING_REQUIRED_PROPERTY,
                format_args!("lacks its `title`, the text at the top of the screen"),
            ),
            Some(Value::String(title)) if title.trim().is_empty() => {
                self.wrong(
                    &at.key("title"),
                    PATTERN_MISMATCH,
                    format_args!("is blank; write a text"),
                );
            }
            Some(_) => (),
        }
    }

    fn check_sensitive(&mut self, sensitive: &Value, screen: &ScreenOutline<'a>, at: &Place<'_>) {
        if self.version < Version(5, 1) {
            self.wrong(
                at,
                INVALID_PROPERTY_KEY,
                format_args!("`sensitive` is there from version 5.1 on"),
            );
        }
        let Value::Array(names) = sensitive else {
            let problem =
                format_args!("is {}; it must be a list of names of fields", described(sensitive));
            self.wrong(at, INVALID_PROPERTY_TYPE, problem);
            return;
        };
        if names.is_empty() {
            self.wrong(
                at,
                MIN_ITEMS_REQUIRED,
                format_args!("is empty; name a field at least, or leave it out"),
            );
        }
        for (number, name) in names.iter().enumerate() {
            match name.as_str() {
                Some(name) if screen.named.contains_key(name) || !screen.fields_are_clear => (),
                Some(name) => {
                    let problem = format_args!("no field of the screen is called {}", quoted(name));
                    self.found.add_once(
                        Cause::NoField(screen.id, name),
                        self.level,
                        &at.item(number),
                        Some(INVALID_SENSITIVE_FIELD),
                        problem,
                    );
                }
                None => {
                    let problem =
                        format_args!("is {}; it must be the name of a field", described(name));
                    self.wrong(&at.item(number), INVALID_PROPERTY_TYPE, problem);
                }
            }
        }
    }

    fn check_layout(
        &mut self,
        layout: &'a Map<String, Value>,
        screen: &ScreenOutline<'a>,
        at: &Place<'_>,
    ) {
        let seen = self.level_of_bindings();
        let scope = Scope {
            screen,
            in_form: false,
            references: seen,
            expressions: self.level,
            actions: seen,
        };
        self.members(layout, LAYOUT, "", format_args!("the layout"), scope, at);
        if let Some(children) = layout.get(CHILDREN) {
            let (at, mut tally) = (at.key(CHILDREN), Tally::default());
            self.components(children, Spot { scope, area: Areas::SCREEN, ifs: 0 }, &mut tally, &at);
            self.check_company(&tally, &at);
        }
    }
}
