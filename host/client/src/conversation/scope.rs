//! What expressions can refer to: `data.x` and `form.x` of the screen, and `screen.NAME.data.x` and
//! `screen.NAME.form.x` of another.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use flowhost_flow_json::{Reference, Store};

use super::expression::value_of;
use super::weight::{self, weight};

/// What a screen was shown with, what was entered on it, and the last values that it gave its
/// fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) data: Map<String, Value>,
    pub(super) form: Map<String, Value>,
    pub(super) initial: Map<String, Value>,
    /// Whether it came with more data than there was room for, so that it has none.
    pub(super) is_cut: bool,
}

impl Seen {
    /// What it takes in memory, in bytes.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>()
            + [&self.data, &self.form, &self.initial].map(weight::of_members).iter().sum::<usize>()
    }
}

/// What the expressions on a screen can refer to, in one evaluation of the screen: all that is copied
/// or read in it is counted.
pub(super) struct Scope<'a> {
    here: &'a Seen,
    elsewhere: &'a BTreeMap<String, Arc<Seen>>,
    /// How many bytes may still be copied.
    left: Cell<usize>,
}

impl<'a> Scope<'a> {
    /// `most` is how many bytes may be copied.
    pub(super) fn new(
        here: &'a Seen,
        elsewhere: &'a BTreeMap<String, Arc<Seen>>,
        most: usize,
    ) -> Self {
        Self { here, elsewhere, left: Cell::new(most) }
    }

    /// How many bytes may still be copied.
    pub(super) fn left(&self) -> usize {
        self.left.get()
    }

    /// Whether more was to be copied than may be. Then nothing is copied any more.
    pub(super) fn is_used_up(&self) -> bool {
        self.left.get() == 0
    }

    /// A copy of a value; `None` if that is too much for this evaluation.
    pub(super) fn copy(&self, value: &Value) -> Option<Value> {
        if self.is_used_up() {
            return None;
        }
        self.spend(weight(value)).then(|| value.clone())
    }

    /// The same for a text.
    pub(super) fn copy_text(&self, text: &str) -> Option<Value> {
        self.spend(size_of::<Value>() + text.len()).then(|| Value::from(text))
    }

    /// Counts what takes as long as copying so many bytes. False if that was too much.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        self.left.set(self.left.get().saturating_sub(bytes));
        !self.is_used_up()
    }

    /// The value that a reference leads to.
    pub(super) fn look_up(&self, reference: Reference<'_>) -> Option<&Value> {
        let elsewhere = |screen| self.elsewhere.get(screen).map(Arc::as_ref);
        let seen = reference.screen.map_or(Some(self.here), elsewhere)?;
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
    /// expression leads nowhere are left out, and so is what is too much for this evaluation.
    pub(super) fn fill(&self, template: &Value) -> Option<Value> {
        match template {
            Value::String(text) => value_of(text, self),
            Value::Array(elements) => {
                Some(elements.iter().filter_map(|element| self.fill(element)).collect())
            }
            Value::Object(members) => Some(Value::Object(self.fill_members(members))),
            other => self.copy(other),
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

/// Of one evaluation. A reply has at most 256 KiB by default and 1 MiB at the very most, and a usual
/// screen copies each part of it once.
pub(super) const MAX_COPIED: usize = 4 << 20;

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
            Arc::new(Seen { form: map(json!({"a": 1})), ..Seen::default() }),
        )]);
        call(&Scope::new(&here, &elsewhere, MAX_COPIED))
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
    fn one_evaluation_copies_only_so_much() {
        let text = "x".repeat(256 << 10);
        for template in [
            json!(vec!["${data.x}"; 10_000]),
            json!(vec![format!("`{}`", "${data.x}".repeat(10)); 1_000]),
            json!(format!("`{}`", "${data.x} ".repeat(10_000))),
            json!(vec![json!(text); 100]),
        ] {
            with_scope(json!({"x": text}), json!({}), |scope| {
                let filled = scope.fill(&template).unwrap_or_default();
                let length = filled.to_string().len();
                assert!((1..=MAX_COPIED + 30_000).contains(&length), "{length}");
                assert!(scope.is_used_up());
                assert_eq!(scope.fill(&json!({"a": "${data.x}", "b": 1})), Some(json!({})));
            });
        }
    }

    #[test]
    fn templates_are_filled_all_the_way_down() {
        let template = json!({"a": "${data.n}", "b": ["${form.x}", {"c": "${screen.OTHER.form.a}"}], "d": "${data.none}", "e": 7});

        let filled = with_scope(json!({"n": 1}), json!({"x": true}), |scope| scope.fill(&template));

        assert_eq!(filled, Some(json!({"a": 1, "b": [true, {"c": 1}], "e": 7})));
    }
}
