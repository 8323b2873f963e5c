//! Checks what a Form declares for its fields: initial values and error messages.

use serde_json::{Map, Value};

use super::bound::{Wanted, backticked};
use super::reference::Dangling;
use super::{Checker, Scope};
use crate::document::Reference;
use crate::finding::{Cause, Level};
use crate::kind::Field;
use crate::names::{
    INVALID_PROPERTY_VALUE, INVALID_SCREEN_DYNAMIC_DATA, NATIVE_COMPONENT_IN_FORM_INIT_VALUES,
};
use crate::place::{Place, quoted};
use crate::schema::Types;
use crate::version::Version;

impl<'a> Checker<'_, 'a> {
    pub(super) fn check_form(
        &mut self,
        members: &'a Map<String, Value>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        for part in ["init-values", "error-messages"] {
            let Some(Value::Object(values)) = members.get(part) else { continue };
            let at = at.key(part);
            for (name, value) in values {
                self.check_of_field(part, name, value, scope, &at.key(name));
            }
        }
    }

    /// Checks the texts that a Form shows at its fields. `protocol.md` section 5 says that a
    /// reference refers to something of the right type. WhatsApp's builder does not look at this
    /// one, but a phone can do nothing with anything else.
    pub(super) fn field_texts(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let reference = value.as_str().and_then(Reference::of);
        let name = Some(INVALID_SCREEN_DYNAMIC_DATA);
        match reference.map(|reference| reference.resolve(scope.screen, self.outline)) {
            Some(Err(
                missing @ (Dangling::NoProperty(screen, path) | Dangling::NoData(screen, path)),
            )) => {
                let problem = format_args!(
                    "there is no {} in the `data` that is referred to: a phone ignores that, and shows no error at any field; declare it there \
                     as an object with a text for each field (this is screen {})",
                    quoted(path),
                    quoted(scope.screen.id)
                );
                let cause = match missing {
                    Dangling::NoData(..) => Cause::NoData(screen),
                    _ => Cause::NoProperty(screen, path),
                };
                self.found.add_once(cause, self.level, at, name, problem);
            }
            Some(Ok(target)) if target.type_name().is_some_and(|is| is != "object") => {
                let problem = format_args!(
                    "what is referred to is of the type {}: a phone ignores that, and shows no error at any field; an object with a text for \
                     each field is due",
                    quoted(target.type_name().unwrap_or_default())
                );
                self.found.add(self.level, at, name, problem);
            }
            Some(Err(Dangling::NoField(..) | Dangling::NoScreen(_))) => {
                let scope = Scope { references: self.level, ..scope };
                self.is_bound(value, Wanted::Types(&["object"]), scope, at);
            }
            _ => self.object(value, scope, at),
        }
    }

    fn check_of_field(
        &mut self,
        part: &str,
        name: &str,
        value: &'a Value,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        // WhatsApp checks the names and the types from 7.0 on.
        let level = if self.version >= Version(7, 0) { self.level } else { Level::Note };
        let component = scope.screen.named.get(name);
        let Some((component, field)) =
            component.and_then(|component| Some((*component, component.field()?)))
        else {
            // A component of no known kind has a name already, and its kind is reported.
            let is_known = scope.screen.named.get(name).is_some_and(|it| it.kind().is_none());
            if scope.screen.fields_are_clear && !(is_known && self.outline.is_strict) {
                let level = if part == "init-values" { level } else { Level::Note };
                let problem = format_args!("no field of the screen is called {}", quoted(name));
                let cause = Cause::NoField(scope.screen.id, name);
                self.found.add_once(cause, level, at, Some(INVALID_PROPERTY_VALUE), problem);
            }
            return;
        };
        if part == "init-values" && field == Field::Media {
            let problem = format_args!(
                "{} picks files, which it can't begin with; take it out",
                quoted(name)
            );
            self.wrong(at, NATIVE_COMPONENT_IN_FORM_INIT_VALUES, problem);
            return;
        }
        if !field.is_clear(component, self.outline.is_strict) {
            return;
        }
        let is_range = field.type_name(component) == "object";
        let due = match part {
            "init-values" => field.type_name(component),
            _ if is_range => "object",
            // A file picker takes a text or one text for each kind of error.
            _ if field == Field::Media => return,
            _ => "string",
        };
        self.check_value_of_field(value, due, level, scope, at);
    }

    fn check_value_of_field(
        &mut self,
        value: &'a Value,
        due: &'static str,
        level: Level,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let scope = Scope {
            references: level.max(scope.references),
            expressions: level.max(scope.expressions),
            ..scope
        };
        let differs = |is: &str| format!("is of the type {}; {due} is due", quoted(is));
        let bound = value.as_str().map(|text| {
            (Reference::of(text), backticked(text).filter(|_| self.version >= Version(6, 0)))
        });
        match bound {
            Some((Some(reference), _)) => {
                match reference.resolve_anywhere(scope.screen, self.outline) {
                    Ok(target) => {
                        // An integer is a number, so a refusal is not certain.
                        let level = if target.type_name() == Some("integer") && due == "number" {
                            Level::Note
                        } else {
                            level
                        };
                        if let Some(is) = target.type_name().filter(|is| *is != due) {
                            self.found.add(
                                level,
                                at,
                                Some(INVALID_PROPERTY_VALUE),
                                format_args!("what is referred to {}", differs(is)),
                            );
                        }
                    }
                    Err(dangling) => self.dangling(
                        &dangling,
                        INVALID_SCREEN_DYNAMIC_DATA,
                        scope.references,
                        scope,
                        at,
                    ),
                }
            }
            Some((_, Some(inside))) => {
                let gives = self
                    .expression(inside, INVALID_PROPERTY_VALUE, scope, at)
                    .and_then(|gives| gives.name());
                if let Some(is) = gives.filter(|is| *is != due) {
                    self.found.add(
                        level,
                        at,
                        Some(INVALID_PROPERTY_VALUE),
                        format_args!("the expression {}", differs(is)),
                    );
                }
            }
            _ if !Types::named(due).unwrap_or_default().contain(value) => {
                let problem = format_args!("{}", differs(crate::schema::type_name(value)));
                self.found.add(level, at, Some(INVALID_PROPERTY_VALUE), problem);
            }
            _ => (),
        }
    }
}
