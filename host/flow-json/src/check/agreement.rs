//! Checks that the data an action sends matches what the receiving screen declares.

use std::fmt::{self, Display as _};

use serde_json::{Map, Value};

use super::bound::backticked;
use super::reference::{Target, contradicts_itself, known_type};
use super::{Checker, Scope};
use crate::document::Reference;
use crate::finding::Level;
use crate::place::{Place, quoted};
use crate::schema::{Types, described};

impl<'a> Checker<'_, 'a> {
    /// Checks a value against a declaration on `screen`. `names` holds Meta's codes: for a bound
    /// value, then for a literal.
    pub(super) fn agree(
        &mut self,
        value: &'a Value,
        declared: &'a Value,
        names: [&'static str; 2],
        screen: &str,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let Value::Object(declared) = declared else { return };
        if contradicts_itself(declared) {
            return;
        }
        let Some(reference) = value.as_str().and_then(Reference::of) else {
            let expected = Expected { name: names[1], screen, level: scope.actions };
            return self.written_agrees(value, declared, &expected, at);
        };
        if let Ok(target) = reference.resolve_anywhere(scope.screen, self.outline)
            && let Some(differs) = self.difference(target, declared)
        {
            self.say(&differs, names[0], screen, scope.actions, at);
        }
    }

    fn say(
        &mut self,
        differs: &Differs<'_>,
        name: &'static str,
        screen: &str,
        level: Level,
        at: &Place<'_>,
    ) {
        let level = if differs.surely { level } else { Level::Note };
        let problem = match differs.what {
            What::Types(is, due) => {
                format!(
                    "what is referred to is of the type {}, but screen {} declares {}",
                    quoted(is),
                    quoted(screen),
                    quoted(due)
                )
            }
            What::Properties => format!(
                "what is referred to has other properties than screen {} declares",
                quoted(screen)
            ),
            What::Unsaid(what) => {
                format!(
                    "`{what}` is missing on one side, here or on screen {}: declare both alike",
                    quoted(screen)
                )
            }
        };
        self.found.add(level, at, Some(name), format_args!("{problem}"));
    }

    /// The difference between a declaration and the target of a reference.
    fn difference<'t>(
        &mut self,
        target: Target<'t>,
        due: &'t Map<String, Value>,
    ) -> Option<Differs<'t>> {
        match target {
            Target::Unknown => None,
            Target::Data(schema) => self.schemas_differ(schema, due),
            Target::Field(component, field) => {
                let is = field.type_name(component);
                let due = known_type(due)?;
                (is != due).then(|| Differs::types(is, due))
            }
        }
    }

    fn schemas_differ<'t>(
        &mut self,
        is: &'t Map<String, Value>,
        due: &'t Map<String, Value>,
    ) -> Option<Differs<'t>> {
        if std::ptr::eq(is, due) || !self.burn() {
            return None;
        }
        let (is_type, due_type) = (known_type(is)?, known_type(due)?);
        match (is_type, due_type) {
            _ if is_type != due_type => Some(Differs::types(is_type, due_type)),
            ("array", _) => match (part(is, "items"), part(due, "items")) {
                (Some(is), Some(due)) => self.schemas_differ(is, due),
                _ => Some(Differs { what: What::Unsaid("items"), surely: true }),
            },
            ("object", _) => match (part(is, "properties"), part(due, "properties")) {
                (Some(is), Some(due)) => self.properties_differ(is, due),
                (None, None) => None,
                _ => Some(Differs { what: What::Unsaid("properties"), surely: true }),
            },
            _ => None,
        }
    }

    fn properties_differ<'t>(
        &mut self,
        is: &'t Map<String, Value>,
        due: &'t Map<String, Value>,
    ) -> Option<Differs<'t>> {
        if is.len() != due.len() {
            return Some(Differs { what: What::Properties, surely: true });
        }
        for (name, is) in is {
            let Some(due) = due.get(name) else {
                return Some(Differs { what: What::Properties, surely: true });
            };
            if let (Value::Object(is), Value::Object(due)) = (is, due)
                && let Some(differs) = self.schemas_differ(is, due)
            {
                return Some(differs);
            }
        }
        None
    }

    /// Checks a literal against a declaration. References inside it are not checked, and neither is
    /// an expression: how WhatsApp types concatenations and computed values differs by version.
    fn written_agrees(
        &mut self,
        value: &'a Value,
        declared: &'a Map<String, Value>,
        expected: &Expected<'_>,
        at: &Place<'_>,
    ) {
        let bound = value
            .as_str()
            .is_some_and(|text| Reference::of(text).is_some() || backticked(text).is_some());
        let Some(due) = declared.get("type").and_then(Value::as_str).filter(|_| !bound) else {
            return;
        };
        if Types::named(due).is_some_and(|types| !types.contain(value)) {
            let problem = format_args!(
                "is {}, but screen {} declares {}",
                described(value),
                quoted(expected.screen),
                quoted(due)
            );
            self.found.add(expected.level, at, Some(expected.name), problem);
            return;
        }
        match value {
            Value::Array(elements) => {
                let Some(items) = part(declared, "items") else { return };
                let each = elements.iter().enumerate();
                each.for_each(|(number, element)| {
                    self.written_agrees(element, items, expected, &at.item(number))
                });
            }
            Value::Object(members) => {
                let Some(properties) = part(declared, "properties") else { return };
                self.written_properties_agree(members, properties, expected, at);
            }
            _ => (),
        }
    }

    fn written_properties_agree(
        &mut self,
        members: &'a Map<String, Value>,
        properties: &'a Map<String, Value>,
        expected: &Expected<'_>,
        at: &Place<'_>,
    ) {
        let Expected { name, screen, level } = *expected;
        let mut matched = 0;
        for (key, value) in members {
            let at = at.key(key);
            match properties.get(key) {
                Some(declared) => {
                    matched += 1;
                    if let Value::Object(declared) = declared {
                        self.written_agrees(value, declared, expected, &at);
                    }
                }
                None => {
                    let problem =
                        format_args!("screen {} declares no {} there", quoted(screen), quoted(key));
                    self.found.add(level, &at, Some(name), problem);
                }
            }
        }
        if matched < properties.len() {
            let missing = fmt::from_fn(|f| {
                let missing = properties.keys().find(|key| !members.contains_key(*key));
                missing.map_or(Ok(()), |missing| quoted(missing).fmt(f))
            });
            let problem = format_args!("lacks {missing}, which screen {} declares", quoted(screen));
            self.found.add(level, at, Some(name), problem);
        }
    }
}

/// The screen whose declaration applies, and how to report a mismatch.
struct Expected<'e> {
    name: &'static str,
    screen: &'e str,
    level: Level,
}

/// How two sides differ, and whether WhatsApp certainly refuses it.
struct Differs<'t> {
    what: What<'t>,
    surely: bool,
}

#[derive(Clone, Copy)]
enum What<'t> {
    /// The actual type and the expected one.
    Types(&'t str, &'t str),
    Properties,
    /// A keyword that only one side has.
    Unsaid(&'static str),
}

impl<'t> Differs<'t> {
    /// Integer and number may pass for each other, so a mismatch of those two is not certain.
    fn types(is: &'t str, due: &'t str) -> Self {
        let numbers = ["number", "integer"];
        Self {
            what: What::Types(is, due),
            surely: !(numbers.contains(&is) && numbers.contains(&due)),
        }
    }
}

fn part<'t>(schema: &'t Map<String, Value>, name: &str) -> Option<&'t Map<String, Value>> {
    schema.get(name)?.as_object()
}
