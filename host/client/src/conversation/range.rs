//! A calendar for a range of two days, each of which may be required on its own.

use serde_json::{Map, Value, json};

use flowhost_flow_json::RANGE_ENDS;

use super::entry::read_typed_day;
use super::expression::shown;
use super::field::{Days, Properties};

/// Two days, from and to.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The label of both together. May be empty.
    pub title: String,
    /// The first day.
    pub start: End,
    /// The last day.
    pub end: End,
    /// Which days can be selected.
    pub days: Days,
}

/// One of the two days of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// The label on the screen.
    pub label: String,
    /// Whether it must be selected.
    pub required: bool,
}

impl Range {
    pub(super) fn of(component: &Properties<'_>, days: Days) -> Self {
        let (labels, required) = (component.value("label"), component.value("required"));
        let end = |part: &str, otherwise: &str| {
            let label = labels
                .as_ref()
                .and_then(|labels| labels.get(part))
                .map(shown)
                .filter(|label| !label.is_empty());
            let required = match &required {
                Some(Value::Object(two)) => two.get(part) == Some(&Value::Bool(true)),
                both => *both == Some(Value::Bool(true)),
            };
            End { label: label.unwrap_or_else(|| otherwise.to_owned()), required }
        };
        let of_both = labels.as_ref().and_then(Value::as_str).unwrap_or_default();
        let title = Some(component.text("title"))
            .filter(|title| !title.is_empty())
            .unwrap_or_else(|| of_both.to_owned());
        Self { title, start: end(START, "first day"), end: end(END, "last day"), days }
    }

    /// Whether at least one of the days must be selected.
    pub fn is_required(&self) -> bool {
        self.start.required || self.end.required
    }

    /// Reads two days, or one; a dash stands for a day that is not selected.
    pub(super) fn read(&self, typed: &str) -> Result<Value, String> {
        let mut days = typed.split_whitespace().map(|day| match day {
            "-" => Ok(Value::from("")),
            day => Ok(self.days.written(read_typed_day(day)?)),
        });
        let (start, end) = (days.next(), days.next());
        if days.next().is_some() {
            return Err(
                "Type two days, 2026-11-23 2026-11-25, or one; - stands for none".to_owned()
            );
        }
        let written =
            |day: Option<Result<Value, String>>| day.unwrap_or_else(|| Ok(Value::from("")));
        Ok(json!({START: written(start)?, END: written(end)?}))
    }

    /// Whether the phone would let the user go on with these days.
    pub(super) fn check(&self, two: &Map<String, Value>) -> Result<(), String> {
        let day =
            |part: &str, end: &End| match two.get(part).map(shown).filter(|day| !day.is_empty()) {
                Some(day) => read_typed_day(&day).map(Some),
                None if end.required => Err(format!("{} is required", end.label)),
                None => Ok(None),
            };
        match (day(START, &self.start)?, day(END, &self.end)?) {
            (Some(start), Some(end)) => self.days.check_range(start, end),
            (start, end) => start.or(end).map_or(Ok(()), |day| self.days.check(day)),
        }
    }
}

pub(super) fn is_empty(two: &Map<String, Value>) -> bool {
    [START, END].iter().all(|part| two.get(*part).map(shown).unwrap_or_default().is_empty())
}

/// Two days in one line, as a user types them.
pub(super) fn show(two: &Map<String, Value>) -> String {
    let [start, end] = [START, END].map(|part| two.get(part).map(shown).unwrap_or_default());
    match (start.as_str(), end.as_str()) {
        (start, "") => start.to_owned(),
        ("", end) => format!("- {end}"),
        (start, end) => format!("{start} {end}"),
    }
}

/// The texts of a property: one, or one for each of the two days, prefixed with the day's label.
pub(super) fn texts(said: &Value, labels: &Value) -> Vec<String> {
    let Value::Object(two) = said else {
        return Some(shown(said)).filter(|text| !text.is_empty()).into_iter().collect();
    };
    let text = |part: &str| {
        let text = two.get(part).map(shown).filter(|text| !text.is_empty())?;
        let label = labels.get(part).map(shown).filter(|label| !label.is_empty());
        Some(label.map_or_else(|| text.clone(), |label| format!("{label}: {text}")))
    };
    [START, END].into_iter().filter_map(text).collect()
}

// The names of the two days in a picker's value.
const START: &str = RANGE_ENDS[0];
const END: &str = RANGE_ENDS[1];

#[cfg(test)]
mod tests {
    use super::super::field::{Field, FieldKind, FormSays};
    use super::super::scope::tests::with_scope;
    use super::*;
    use flowhost_flow_json::Component;

    /// A picker with this `required`, on a screen with the data
    /// `{"must":{"start-date":true},"known":{"end-date":"2026-11-25"}}`.
    fn picker(required: Value) -> Field {
        let written = json!({
            "type": "CalendarPicker", "mode": "range", "name": "days", "title": "Your stay", "required": required,
            "label": {"start-date": "Arrival", "end-date": "Departure"}, "init-value": "${data.known}", "min-days": 2,
            "helper-text": {"end-date": "By noon", "start-date": "From three"}, "error-message": {"end-date": "Too late", "start-date": ""},
        });
        let data = json!({"must": {"start-date": true}, "known": {"end-date": "2026-11-25"}});
        let written = Component::of(&written).unwrap();
        with_scope(data, json!({}), |scope| {
            Field::of(&Properties { written, scope }, &FormSays::default(), true)
        })
        .unwrap()
    }

    fn entered(field: &Field, typed: &str) -> Result<Value, String> {
        let value = field.read(typed)?;
        field.check(Some(&value)).map(|()| value)
    }

    fn two(start: &str, end: &str) -> Value {
        json!({"start-date": start, "end-date": end})
    }

    #[test]
    fn one_day_will_do_where_the_other_is_not_required() {
        for required in [
            json!({"start-date": true, "end-date": false}),
            json!({"start-date": true}),
            json!("${data.must}"),
        ] {
            let field = picker(required);

            assert!(field.required);
            assert_eq!(entered(&field, "2026-11-23"), Ok(two("2026-11-23", "")));
            assert_eq!(entered(&field, "2026-11-23 -"), Ok(two("2026-11-23", "")));
            assert_eq!(
                entered(&field, "2026-11-23  2026-11-25"),
                Ok(two("2026-11-23", "2026-11-25"))
            );
            assert_eq!(entered(&field, "- 2026-11-25"), Err("Arrival is required".to_owned()));
            for nothing in [two("", ""), json!({}), json!({"start-date": null}), json!(null)] {
                assert_eq!(
                    field.check(Some(&nothing)),
                    Err("Arrival is required".to_owned()),
                    "{nothing}"
                );
            }
            assert_eq!(field.check(None), Err("Arrival is required".to_owned()));
        }
    }

    #[test]
    fn no_day_or_both_where_it_says_so() {
        for required in [json!(false), json!({}), json!({"start-date": false, "end-date": false})] {
            let field = picker(required);
            assert!(
                !field.required
                    && field.check(None).is_ok()
                    && field.check(Some(&two("", ""))).is_ok()
            );
            assert_eq!(entered(&field, "- 2026-11-25"), Ok(two("", "2026-11-25")));
        }
        for required in [json!(true), json!({"start-date": true, "end-date": true})] {
            let field = picker(required);
            assert_eq!(entered(&field, "2026-11-23"), Err("Departure is required".to_owned()));
            assert_eq!(
                entered(&field, "2026-11-25 2026-11-23"),
                Err("The second day comes before the first".to_owned())
            );
            assert!(entered(&field, "2026-11-23 soon").unwrap_err().contains("soon is no day"));
            assert!(entered(&field, "2026-11-23 to 2026-11-25").unwrap_err().contains("two days"));
        }
        assert!(picker(json!({"end-date": true})).check(Some(&two("2026-11-23", ""))).is_err());
    }

    #[test]
    fn texts_say_which_day_they_are_about() {
        let field = picker(json!({"start-date": true}));

        assert_eq!(field.label, "Your stay: Arrival – Departure");
        assert_eq!(
            (field.hints(), field.errors),
            (
                vec!["Arrival: From three".to_owned(), "Departure: By noon".to_owned()],
                vec!["Departure: Too late".to_owned()]
            )
        );
    }

    #[test]
    fn half_a_range_is_filled_in_and_shown() {
        let field = picker(json!(false));

        assert_eq!(field.initial, Some(json!({"end-date": "2026-11-25"})));
        assert_eq!(field.show(field.initial.as_ref().unwrap()), "- 2026-11-25");
        assert_eq!(
            field.show(&json!({"end-date": "2026-11-25", "start-date": "2026-11-23"})),
            "2026-11-23 2026-11-25"
        );
        assert_eq!(field.show(&two("", "")), "");
        assert!(matches!(field.kind, FieldKind::DateRange(_)));
    }
}
