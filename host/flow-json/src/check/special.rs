//! Checks the rules of single kinds of components that the table can't express.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::bound::backticked;
use super::expression::Type;
use super::{Checker, Scope};
use crate::document::{ON_CLICK, ON_SELECT, ON_UNSELECT, THEN};
use crate::finding::Level;
use crate::kind::ComponentKind;
use crate::meant::is_misspelled;
use crate::names::{
    DATA_SOURCE_ITEMS_HAVE_BOTH_IMAGE_AND_COLOR, DUPLICATE_PROPERTY_FOR_CONDITION,
    INVALID_DEPENDENCIES, INVALID_PROPERTY_KEY, INVALID_PROPERTY_TYPE, INVALID_PROPERTY_VALUE,
    INVALID_PROPERTY_VALUE_FOR_CONDITION, INVALID_UPDATE_DATA_ACTION_PAYLOAD, MAX_ITEMS_REQUIRED,
    MIN_VALUE_GREATER_THAN_MAX, MISSING_REQUIRED_PROPERTY, NOT_KEYWORD_SCHEMA_VALIDATION_FAILED,
};
use crate::place::{Place, quoted};
use crate::schema::described;
use crate::version::Version;

impl<'a> Checker<'_, 'a> {
    pub(super) fn special(
        &mut self,
        members: &'a Map<String, Value>,
        kind: ComponentKind,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        match kind {
            ComponentKind::Footer => self.check_captions(members, at),
            ComponentKind::TextInput => {
                self.check_least_and_most(members, kind, at);
                self.check_pattern(members, at);
            }
            ComponentKind::CheckboxGroup | ComponentKind::ChipsSelector => {
                self.check_least_and_most(members, kind, at);
                self.check_options(members, at);
            }
            ComponentKind::RadioButtonsGroup | ComponentKind::Dropdown => {
                self.check_options(members, at)
            }
            ComponentKind::PhotoPicker | ComponentKind::DocumentPicker => {
                self.check_least_and_most(members, kind, at)
            }
            ComponentKind::DatePicker => self.check_date_picker(members, at),
            ComponentKind::CalendarPicker => self.check_calendar_picker(members, at),
            ComponentKind::ImageCarousel => self.check_carousel(members, at),
            ComponentKind::NavigationList => {
                self.check_ids(members, "list-items", at);
                self.check_navigation_list(members, scope, at);
            }
            ComponentKind::Form => self.check_form(members, scope, at),
            ComponentKind::If => self.check_then(members, at),
            _ => (),
        }
    }

    /// Checks the condition of an `If`.
    pub(super) fn condition(&mut self, condition: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let text = match condition {
            Value::Bool(_) if self.version >= Version(6, 0) => {
                self.doubtful(
                    at,
                    format_args!("is always the same, so the If is needless, and WhatsApp may refuse it; leave it out"),
                );
                return;
            }
            Value::String(text) => text,
            other => {
                let problem = format_args!(
                    "is {}; a condition is an expression, as \"${{form.age}} >= 18\"",
                    described(other)
                );
                self.wrong(at, INVALID_PROPERTY_TYPE, problem);
                return;
            }
        };
        if text.trim().is_empty() {
            self.wrong(
                at,
                INVALID_PROPERTY_VALUE,
                format_args!("is empty; a condition is an expression, as \"${{form.age}} >= 18\""),
            );
            return;
        }
        // In 7.1 WhatsApp doesn't check conditions either.
        let (level, scope) = (scope.references, Scope { expressions: scope.references, ..scope });
        let inside = backticked(text).filter(|_| self.version >= Version(6, 0));
        let Some(reading) = self.reading(inside.unwrap_or(text), INVALID_PROPERTY_VALUE, scope, at)
        else {
            return;
        };
        if reading.literal {
            let problem = format_args!(
                "is a value that is written down; a condition looks at data or at a field"
            );
            self.found.add(level, at, Some(INVALID_PROPERTY_VALUE), problem);
        } else if !matches!(reading.gives, Type::Flag | Type::Unknown) {
            // In backticks WhatsApp accepts a text too.
            let level =
                if inside.is_some() && reading.gives == Type::Text { Level::Note } else { level };
            let problem = format_args!(
                "gives a {}; a condition gives true or false",
                reading.gives.name().unwrap_or_default()
            );
            self.found.add(level, at, Some(INVALID_PROPERTY_VALUE), problem);
        }
    }

    fn check_then(&mut self, members: &Map<String, Value>, at: &Place<'_>) {
        if members.get(THEN).and_then(Value::as_array).is_some_and(Vec::is_empty) {
            let in_backticks = members
                .get("condition")
                .and_then(Value::as_str)
                .is_none_or(|text| backticked(text).is_some());
            let level = if in_backticks { Level::Note } else { self.level };
            let problem = format_args!("is empty; put in what is shown when the condition holds");
            self.found.add(level, &at.key(THEN), Some(INVALID_PROPERTY_VALUE), problem);
        }
    }

    fn check_captions(&mut self, members: &Map<String, Value>, at: &Place<'_>) {
        let has = |side: &str| {
            let name = format!("{side}-caption");
            members.contains_key(&name) || self.misspells(members, ComponentKind::Footer, &name)
        };
        let (left, center, right) = (has("left"), has("center"), has("right"));
        if left != right {
            let (one, other) = if left { ("left", "right") } else { ("right", "left") };
            let problem = format_args!(
                "`{one}-caption` needs `{other}-caption` beside it; one alone is a `center-caption`"
            );
            self.wrong(at, INVALID_DEPENDENCIES, problem);
        }
        if center && (left || right) {
            let problem = format_args!(
                "`center-caption` stands alone, without `left-caption` and `right-caption`"
            );
            self.wrong(&at.key("center-caption"), NOT_KEYWORD_SCHEMA_VALIDATION_FAILED, problem);
        }
    }

    fn check_least_and_most(
        &mut self,
        members: &Map<String, Value>,
        kind: ComponentKind,
        at: &Place<'_>,
    ) {
        let Some([least, most]) = kind.limits() else { return };
        let number = |name: &str| members.get(name).and_then(Value::as_f64);
        if let (Some(low), Some(high)) = (number(least), number(most))
            && low > high
        {
            let problem =
                format_args!("`{least}` is {low} and more than `{most}`, which is {high}");
            self.wrong(&at.key(least), MIN_VALUE_GREATER_THAN_MAX, problem);
        }
    }

    fn check_pattern(&mut self, members: &Map<String, Value>, at: &Place<'_>) {
        if !members.contains_key("pattern") {
            return;
        }
        if !members.contains_key("helper-text")
            && !self.misspells(members, ComponentKind::TextInput, "helper-text")
        {
            let problem = format_args!(
                "a `pattern` needs a `helper-text`, which tells the user what to write"
            );
            self.wrong(at, MISSING_REQUIRED_PROPERTY, problem);
        }
        let kind = members.get("input-type").and_then(Value::as_str);
        if kind.is_some_and(|kind| ["email", "phone"].contains(&kind)) {
            let problem = format_args!(
                "a `pattern` goes with the input types text, number, password and passcode only"
            );
            self.wrong(&at.key("pattern"), INVALID_DEPENDENCIES, problem);
        }
    }

    /// Checks the ids of literal entries. WhatsApp accepts duplicates, and phones show an error in
    /// place of the component.
    fn check_ids(&mut self, members: &Map<String, Value>, list: &str, at: &Place<'_>) {
        let (at, mut seen) = (at.key(list), HashSet::new());
        let entries = members.get(list).and_then(Value::as_array).into_iter().flatten().enumerate();
        for (number, id) in
            entries.filter_map(|(number, entry)| Some((number, entry.get("id")?.as_str()?)))
        {
            if !seen.insert(id) {
                let problem = format_args!(
                    "{} is the id of another entry already; a phone can't tell them apart",
                    quoted(id)
                );
                self.doubtful(&at.item(number).key("id"), problem);
            }
        }
    }

    /// Checks literal options.
    fn check_options(&mut self, members: &Map<String, Value>, at: &Place<'_>) {
        self.check_ids(members, "data-source", at);
        let Some(options) = members.get("data-source").and_then(Value::as_array) else { return };
        let at = at.key("data-source");
        let any = |name: &str| options.iter().any(|option| option.get(name).is_some());
        if any("color") && any("image") {
            let problem = format_args!(
                "has entries with a `color` and entries with an `image`: all have the one, or all the other"
            );
            self.wrong(&at, DATA_SOURCE_ITEMS_HAVE_BOTH_IMAGE_AND_COLOR, problem);
        }
        for action in [ON_SELECT, ON_UNSELECT] {
            let both = options
                .iter()
                .position(|option| option.get(action).is_some())
                .filter(|_| members.contains_key(action));
            if let Some(number) = both {
                let problem = format_args!(
                    "the component has an `{action}` already: it is said there or in the entries"
                );
                self.wrong(
                    &at.item(number).key(action),
                    INVALID_UPDATE_DATA_ACTION_PAYLOAD,
                    problem,
                );
            }
        }
    }

    fn check_carousel(&mut self, members: &Map<String, Value>, at: &Place<'_>) {
        self.carousels += 1;
        if self.carousels == MAX_CAROUSELS + 1 {
            let problem = format_args!("is one more than the {MAX_CAROUSELS} that a Flow may have");
            self.wrong(&at.key("type"), INVALID_PROPERTY_VALUE, problem);
        }
        let Some(images) = members.get("images").and_then(Value::as_array) else { return };
        let at = at.key("images");
        if images.len() > MAX_IMAGES {
            self.wrong(
                &at,
                INVALID_PROPERTY_VALUE,
                format_args!("has {} images; the most is {MAX_IMAGES}", images.len()),
            );
        }
    }

    fn check_navigation_list(
        &mut self,
        members: &'a Map<String, Value>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        if scope.screen.terminal {
            let problem = format_args!(
                "stands on a terminal screen, which leads nowhere: a NavigationList is for screens before"
            );
            self.wrong(&at.key("type"), INVALID_PROPERTY_KEY, problem);
        }
        let Some(items) = members.get("list-items").and_then(Value::as_array) else { return };
        let has_action = members.contains_key(ON_CLICK)
            || self.misspells(members, ComponentKind::NavigationList, ON_CLICK);
        // An entry that is no object is reported.
        let entries = items.iter().filter(|item| item.is_object()).count();
        let misspells = |item: &Value| {
            let is_misspelled = |entry| is_misspelled(entry, &[ON_CLICK], ON_CLICK);
            self.outline.is_strict && item.as_object().is_some_and(is_misspelled)
        };
        let own_actions =
            items.iter().filter(|item| item.get(ON_CLICK).is_some() || misspells(item)).count();
        let place = at.key("list-items");
        if has_action && own_actions > 0 {
            let problem = format_args!(
                "has an `on-click-action`, and entries have one too: it is said here or in every entry"
            );
            self.wrong(&at.key(ON_CLICK), DUPLICATE_PROPERTY_FOR_CONDITION, problem);
        } else if !has_action && own_actions < entries {
            let problem = format_args!(
                "lacks its `on-click-action`, which it must have if not every entry has one"
            );
            self.wrong(at, MISSING_REQUIRED_PROPERTY, problem);
        }
        if items.iter().filter(|item| item.get("badge").is_some()).count() > 1 {
            self.wrong(
                &place,
                MAX_ITEMS_REQUIRED,
                format_args!("has more than one `badge`; one entry may have one"),
            );
        }
        if members.get("media-size").is_some_and(|size| size == "large")
            && items.iter().any(|item| item.get("end").is_some())
        {
            let problem = format_args!(
                "is large, but entries have an `end`, for which there is no room then"
            );
            self.wrong(&at.key("media-size"), INVALID_PROPERTY_VALUE_FOR_CONDITION, problem);
        }
        for (number, item) in items.iter().enumerate() {
            if let Some(end) = item
                .get("end")
                .and_then(Value::as_object)
                .filter(|end| end.is_empty() || end.len() > 2)
            {
                let problem = format_args!(
                    "has {} texts; it has one or two of `title`, `description` and `metadata`",
                    end.len()
                );
                self.wrong(
                    &place.item(number).key("end"),
                    DUPLICATE_PROPERTY_FOR_CONDITION,
                    problem,
                );
            }
        }
    }
}

/// From Meta's reference of components.
const MAX_CAROUSELS: usize = 3;
const MAX_IMAGES: usize = 3;
