//! What expressions can refer to: `data.x` and `form.x` of the screen, and `screen.NAME.data.x` and
//! `screen.NAME.form.x` of another.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use flowhost_flow_json::{Reference, Store};

use super::expression::value_of;

/// What a screen was shown with, what was entered on it, and the last values that it gave its
/// fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) data: Map<String, Value>,
    pub(super) form: Map<String, Value>,
    pub(super) initial: Map<String, Value>,
}

/// What the expressions on a screen can refer to.
pub(super) struct Scope<'a> {
    pub(super) here: &'a Seen,
    pub(super) elsewhere: &'a BTreeMap<String, Seen>,
}

impl Scope<'_> {
    /// The value that a reference leads to.
    pub(super) fn look_up(&self, reference: Reference<'_>) -> Option<&Value> {
        let seen = reference.screen.map_or(Some(self.here), |screen| self.elsewhere.get(screen))?;
        let members = match reference.store {
            Store::Data => &seen.data,
            Store::Form => &seen.form,
        };
        let mut names = reference.path.split('.');
        let first = members.get(names.next()?)?;
        names.try_fold(first, |value, name| match value {
            Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
            other => other.get(name),
        })
    }

    /// A part of a Flow JSON with every expression in it replaced by its value. Members whose
    /// expression leads nowhere are left out.
    pub(super) fn fill(&self, template: &Value) -> Option<Value> {
        match template {
            Value::String(text) => value_of(text, self),
            Value::Array(elements) => {
                Some(elements.iter().filter_map(|element| self.fill(element)).collect())
            }
            Value::Object(members) => Some(Value::Object(self.fill_members(members))),
            other => Some(other.clone()),
        }
    }

    /// The same for an object.
    pub(super) fn fill_members(&self, members: &Map<String, Value>) -> Map<String, Value> {
        members
            .iter()
            .filter_map(|(name, member)| Some((name.clone(), self.fill(member)?)))
            .collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// Calls with a screen that has this data and this form; the screen `OTHER` has the form
    /// `{"a":1}`.
    pub(in super::super) fn with_scope<T>(
        data: Value,
        form: Value,
        call: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        let map = |value: Value| value.as_object().unwrap().clone();
        let here = Seen { data: map(data), form: map(form), ..Seen::default() };
        let elsewhere = BTreeMap::from([(
            "OTHER".to_owned(),
            Seen { form: map(json!({"a": 1})), ..Seen::default() },
        )]);
        call(&Scope { here: &here, elsewhere: &elsewhere })
    }

    #[test]
    fn paths_lead_into_this_screen_and_into_others() {
        with_scope(json!({"a": {"b": [5, {"c": 6}]}}), json!({"x": "y"}), |scope| {
            let look_up = |path: &'static str| scope.look_up(Reference::inside(path)?);
            assert_eq!(look_up("data.a.b.1.c"), Some(&json!(6)));
            assert_eq!(look_up("form.x"), Some(&json!("y")));
            assert_eq!(look_up("screen.OTHER.form.a"), Some(&json!(1)));
            for nowhere in [
                "data",
                "form.y",
                "screen.NONE.form.a",
                "screen.OTHER.data.a",
                "global.a",
                "",
                "data.a.b.9",
            ] {
                assert_eq!(look_up(nowhere), None, "{nowhere}");
            }
        });
    }

    #[test]
    fn templates_are_filled_all_the_way_down() {
        let template = json!({"a": "${data.n}", "b": ["${form.x}", {"c": "${screen.OTHER.form.a}"}], "d": "${data.none}", "e": 7});

        let filled = with_scope(json!({"n": 1}), json!({"x": true}), |scope| scope.fill(&template));

        assert_eq!(filled, Some(json!({"a": 1, "b": [true, {"c": 1}], "e": 7})));
    }
}
