//! The fields of a form, of every kind that Flow JSON has.

use serde_json::Value;

use flowhost_flow_json::{CalendarMode, Component, ComponentKind, ON_SELECT, ON_UNSELECT};

use super::action::Trigger;
use super::expression::shown;
use super::pattern::{self, Pattern};
use super::picture::Picture;
use super::range::{self, Range};
use super::scope::Scope;

/// A component that the user fills in.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The field's name in the form's data.
    pub name: String,
    /// The component's kind: `TextInput`, `Dropdown`, ..
    pub component: ComponentKind,
    /// The label on the screen. May be empty.
    pub label: String,
    /// What can be entered.
    pub kind: FieldKind,
    /// Whether it must be filled in.
    pub required: bool,
    /// Whether the user can change it.
    pub enabled: bool,
    /// A text below the label. May be empty.
    pub description: String,
    /// Texts that help to fill it in.
    pub helper: Vec<String>,
    /// What a text must match.
    pub pattern: Option<Pattern>,
    /// Whether the label is large.
    pub large_label: bool,
    /// Whether the pictures of choices are large.
    pub large_media: bool,
    /// What the endpoint or the form says is wrong with it.
    pub errors: Vec<String>,
    /// The value before the user enters anything.
    pub(super) initial: Option<Value>,
    /// What happens when something is selected, and when nothing is selected any more.
    pub(super) on_select: Trigger,
    pub(super) on_unselect: Trigger,
}

/// What can be entered.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// A day such as `2026-11-23`; the oldest versions send it in milliseconds since 1970.
    Date(Days),
    /// Two days, from and to.
    DateRange(Range),
    /// Any number of choices, within bounds.
    Many {
        /// The choices.
        choices: Vec<Choice>,
        /// The least number of selected choices.
        min: Option<u64>,
        /// The greatest number of selected choices.
        max: Option<u64>,
    },
    /// Files, any number within bounds.
    Media {
        /// The least number of files.
        min: Option<u64>,
        /// The greatest number of files.
        max: Option<u64>,
        /// The greatest size of a file, in KiB.
        max_kib: u64,
        /// The types that are taken, such as `application/pdf`. Empty if all are.
        mime_types: Vec<String>,
    },
    /// One of these choices.
    One(Vec<Choice>),
    /// Yes or no.
    OptIn,
    /// A text.
    Text {
        /// `text`, `number`, `email`, `password`, `passcode` or `phone`.
        input: String,
        /// The least number of characters.
        min: Option<u64>,
        /// The greatest number of characters.
        max: Option<u64>,
    },
}

/// One of the things to choose from.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What is sent.
    pub id: String,
    /// What is shown.
    pub title: String,
    /// A text below the title. May be empty.
    pub description: String,
    /// A further text. May be empty.
    pub metadata: String,
    /// The picture beside it.
    pub picture: Option<Picture>,
    /// The colour beside it, such as `#1DA1F2`.
    pub color: Option<String>,
    /// Whether it can be selected.
    pub enabled: bool,
    /// What happens when it is selected, and when it is no longer selected.
    pub(super) on_select: Trigger,
    pub(super) on_unselect: Trigger,
}

/// Which days can be selected.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Days {
    /// The first day, if there is one.
    pub first: Option<String>,
    /// The last day, if there is one.
    pub last: Option<String>,
    /// Days between them that can't be selected.
    pub except: Vec<String>,
    /// Days of the week that can be selected, such as `Mon`. Empty if all can.
    pub weekdays: Vec<String>,
    /// The least number of days in a range.
    pub min_days: Option<u64>,
    /// The greatest number of days in a range.
    pub max_days: Option<u64>,
    /// Whether the day is sent in milliseconds since 1970.
    pub in_milliseconds: bool,
}

/// A component's properties, with every expression replaced by its value.
pub(super) struct Properties<'a> {
    pub(super) written: Component<'a>,
    pub(super) scope: &'a Scope<'a>,
}

/// What the form around a component says about its fields, by their names.
#[derive(Default)]
pub(super) struct FormSays {
    /// Its `init-values`.
    pub(super) initial: Value,
    /// Its `error-messages`.
    pub(super) errors: Value,
}

/// An entry of a list: its properties and its actions.
pub(super) struct Entry<'a> {
    pub(super) filled: &'a Value,
    /// Returns the action of this name.
    pub(super) trigger: &'a dyn Fn(&str) -> Trigger,
}

impl Field {
    /// Reads a component. `None` if the user can't fill it in.
    pub(super) fn of(
        component: &Properties<'_>,
        form: &FormSays,
        dates_are_days: bool,
    ) -> Option<Self> {
        let kind = kind_of(component, dates_are_days)?;
        let name = component.text("name");
        let said = |own: &str, of_form: &Value| {
            let own = component.value(own).filter(|value| !value.is_null());
            own.or_else(|| {
                let of_form = of_form.get(&name).filter(|value| !value.is_null())?;
                component.scope.copy(of_form)
            })
        };
        let labels = component.value("label").unwrap_or_default();
        let texts = |said: Value| range::texts(&said, &labels);
        Some(Self {
            component: component.written.kind()?,
            label: label(component),
            required: is_required(component, &kind),
            kind,
            enabled: component.flag("enabled", true),
            description: component.text("description"),
            helper: component.value("helper-text").map(texts).unwrap_or_default(),
            pattern: pattern_of(component),
            large_label: is_large(component, "label-variant"),
            large_media: is_large(component, "media-size"),
            errors: said("error-message", &form.errors).map(texts).unwrap_or_default(),
            initial: said("init-value", &form.initial),
            on_select: Trigger::written(component.written.member(ON_SELECT), component.scope),
            on_unselect: Trigger::written(component.written.member(ON_UNSELECT), component.scope),
            name,
        })
    }

    /// The label, or the name of a field that has none.
    pub fn title(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }

    /// The texts that accompany it, in the order in which they are read.
    pub fn hints(&self) -> Vec<String> {
        let description = Some(self.description.clone()).filter(|text| !text.is_empty());
        let pattern = self.unchecked_pattern();
        let pattern =
            pattern.map(|pattern| format!("must match {pattern}, which is not checked here"));
        description.into_iter().chain(self.helper.iter().cloned()).chain(pattern).collect()
    }

    /// The pattern, if texts are not checked by it: it has something that only phones know.
    pub fn unchecked_pattern(&self) -> Option<&Pattern> {
        self.pattern.as_ref().filter(|pattern| !pattern.is_known())
    }

    /// What the form holds before the user enters anything: an empty text, or nothing selected.
    pub(super) fn empty(&self) -> Option<Value> {
        match self.kind {
            FieldKind::Text { .. } => Some(Value::from("")),
            FieldKind::OptIn => Some(Value::from(false)),
            FieldKind::Many { .. } | FieldKind::Media { .. } => Some(Value::Array(Vec::new())),
            FieldKind::One(_) | FieldKind::Date(_) | FieldKind::DateRange(_) => None,
        }
    }

    /// What there is to choose from.
    pub fn choices(&self) -> &[Choice] {
        match &self.kind {
            FieldKind::One(choices) | FieldKind::Many { choices, .. } => choices,
            _ => &[],
        }
    }
}

impl Choice {
    /// The texts beside the title in one line. May be empty.
    pub fn about(&self) -> String {
        let texts = [self.description.as_str(), &self.metadata];
        texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

impl Properties<'_> {
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.scope.fill(self.written.member(name)?)
    }

    /// A property as text; empty if it is absent.
    pub(super) fn text(&self, name: &str) -> String {
        self.value(name).map(|value| shown(&value)).unwrap_or_default()
    }

    pub(super) fn flag(&self, name: &str, otherwise: bool) -> bool {
        self.value(name).and_then(|value| value.as_bool()).unwrap_or(otherwise)
    }

    /// Reads each entry of a list that the Flow JSON or the endpoint wrote.
    pub(super) fn entries<T>(&self, name: &str, read: impl Fn(Entry<'_>) -> T) -> Vec<T> {
        let written = self.written.member(name).and_then(Value::as_array);
        let filled = self.value(name).unwrap_or_default();
        let entry = |(number, filled): (usize, &Value)| match written {
            Some(written) => read(Entry {
                filled,
                trigger: &|name| {
                    let entry = written.get(number);
                    Trigger::written(entry.and_then(|entry| entry.get(name)), self.scope)
                },
            }),
            None => {
                read(Entry { filled, trigger: &|name| Trigger::sent(filled.get(name), self.scope) })
            }
        };
        filled.as_array().into_iter().flatten().enumerate().map(entry).collect()
    }

    fn number(&self, name: &str) -> Option<u64> {
        let value = self.value(name)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// A length in the phone's units.
    pub(super) fn measure(&self, name: &str) -> Option<f64> {
        let value = self.value(name)?;
        let measure = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
        Some(measure).filter(|measure| measure.is_finite() && *measure > 0.0)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.value(name)
            .and_then(|value| Some(value.as_array()?.iter().map(shown).collect()))
            .unwrap_or_default()
    }
}

fn kind_of(component: &Properties<'_>, dates_are_days: bool) -> Option<FieldKind> {
    let kind = component.written.kind()?;
    let [min, max] =
        kind.limits().map_or([None, None], |limits| limits.map(|name| component.number(name)));
    Some(match kind.field()? {
        flowhost_flow_json::Field::Text => FieldKind::Text {
            input: "text".to_owned(),
            min,
            max: component.number("max-length").or(Some(TEXT_AREA_MAX)),
        },
        flowhost_flow_json::Field::Input => {
            let input = Some(component.text("input-type")).filter(|input| !input.is_empty());
            FieldKind::Text {
                input: input.unwrap_or_else(|| "text".to_owned()),
                min,
                max: max.or(Some(TEXT_INPUT_MAX)),
            }
        }
        flowhost_flow_json::Field::Flag => FieldKind::OptIn,
        flowhost_flow_json::Field::Choice => FieldKind::One(choices(component)),
        flowhost_flow_json::Field::Choices => {
            FieldKind::Many { choices: choices(component), min, max }
        }
        flowhost_flow_json::Field::Day => {
            FieldKind::Date(Days { in_milliseconds: !dates_are_days, ..days(component) })
        }
        flowhost_flow_json::Field::Calendar => {
            let days = Days { min_days: min, max_days: max, ..days(component) };
            match CalendarMode::of(component.value("mode").as_ref()) {
                Some(CalendarMode::Range) => FieldKind::DateRange(Range::of(component, days)),
                Some(CalendarMode::Single) | None => FieldKind::Date(days),
            }
        }
        flowhost_flow_json::Field::Media => FieldKind::Media {
            min,
            max: max.or(Some(MAX_FILES)),
            max_kib: component.number("max-file-size-kb").unwrap_or(MAX_FILE_KIB),
            mime_types: component.texts("allowed-mime-types"),
        },
        flowhost_flow_json::Field::Entry => return None,
    })
}

fn choices(component: &Properties<'_>) -> Vec<Choice> {
    let choice = |Entry { filled, trigger }: Entry<'_>| {
        let text = |name: &str| filled.get(name).map(shown).unwrap_or_default();
        Choice {
            id: text("id"),
            title: text("title"),
            description: text("description"),
            metadata: text("metadata"),
            picture: Picture::within(filled, "image"),
            color: Some(text("color")).filter(|color| is_color(color)),
            enabled: filled.get("enabled") != Some(&Value::Bool(false)),
            on_select: trigger(ON_SELECT),
            on_unselect: trigger(ON_UNSELECT),
        }
    };
    component.entries("data-source", choice)
}

fn days(component: &Properties<'_>) -> Days {
    let bound = |name| Some(component.text(name)).filter(|day| !day.is_empty());
    Days {
        first: bound("min-date"),
        last: bound("max-date"),
        except: component.texts("unavailable-dates"),
        weekdays: component.texts("include-days"),
        ..Days::default()
    }
}

/// A calendar for a range has a label for each of its two days.
fn label(component: &Properties<'_>) -> String {
    let title = component.text("title");
    let label = match component.value("label") {
        Some(Value::Object(two)) => [two.get("start-date"), two.get("end-date")]
            .map(|day| day.map(shown).unwrap_or_default())
            .join(" – "),
        Some(label) => shown(&label),
        None => String::new(),
    };
    [title, label].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

/// The pattern that texts must match. To compile one takes as long as to copy what it becomes.
fn pattern_of(component: &Properties<'_>) -> Option<Pattern> {
    let pattern = Some(component.text("pattern")).filter(|pattern| !pattern.is_empty())?;
    component.scope.spend(pattern::MAX_COMPILED_BYTES).then(|| Pattern::new(pattern))
}

fn is_required(component: &Properties<'_>, kind: &FieldKind) -> bool {
    match kind {
        FieldKind::DateRange(range) => range.is_required(),
        // File pickers may have a least number instead.
        FieldKind::Media { min: Some(least), .. } if *least > 0 => true,
        _ => component.flag("required", false),
    }
}

/// Whether a size or a variant is the larger of two.
pub(super) fn is_large(component: &Properties<'_>, name: &str) -> bool {
    component.text(name) == "large"
}

/// Whether a text is `#` and six hexadecimal digits, which is what phones take.
fn is_color(text: &str) -> bool {
    text.len() == 7
        && text
            .strip_prefix('#')
            .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// The most characters of a `TextInput` that sets no limit (Meta's reference of components).
const TEXT_INPUT_MAX: u64 = 80;

/// The same for a `TextArea`.
const TEXT_AREA_MAX: u64 = 600;

/// The most files of a picker that sets no limit.
const MAX_FILES: u64 = 30;

/// The size of a file where a picker sets none, which is also the greatest that it may set.
const MAX_FILE_KIB: u64 = 25_600;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scope::tests::with_scope;
    use super::*;

    fn field(written: Value) -> Field {
        let written = Component::of(&written).unwrap();
        with_scope(json!({"help": "Ask us"}), json!({}), |scope| {
            Field::of(&Properties { written, scope }, &FormSays::default(), true)
        })
        .unwrap()
    }

    #[test]
    fn a_field_says_what_it_is_and_all_that_stands_around_it() {
        let input = field(json!({
            "type": "TextInput", "name": "x", "label": "", "helper-text": "${data.help}", "pattern": "^(?=a)", "label-variant": "large",
            "min-chars": 1, "max-chars": 3,
        }));
        let photos = field(json!({
            "type": "DocumentPicker", "name": "y", "label": "Papers", "description": "Any", "max-uploaded-documents": 2,
            "allowed-mime-types": ["application/pdf"],
        }));

        assert_eq!((input.component, input.title()), (ComponentKind::TextInput, "x"));
        assert!(input.large_label && !input.large_media);
        assert_eq!(input.hints(), ["Ask us", "must match ^(?=a), which is not checked here"]);
        assert_eq!(input.limits(), ["at least 1 character", "at most 3 characters"]);
        assert_eq!((photos.title(), photos.description.as_str()), ("Papers", "Any"));
        assert_eq!(photos.limits(), ["at most 2 files"]);
        let FieldKind::Media { mime_types, max_kib, .. } = photos.kind else { panic!("no files") };
        assert_eq!((mime_types, max_kib), (vec!["application/pdf".to_owned()], MAX_FILE_KIB));
    }

    #[test]
    fn a_choice_has_its_texts_apart_its_picture_and_a_colour() {
        let source = json!([
            {"id": "a", "title": "A", "description": "first", "metadata": "new", "color": "#12abEF", "image": "aGk=", "alt-text": "one"},
            {"id": "b", "title": "B", "color": "red"},
        ]);
        let group = field(
            json!({"type": "CheckboxGroup", "name": "x", "media-size": "large", "data-source": source}),
        );

        let [first, second] = group.choices() else { panic!("{group:?}") };
        assert_eq!((first.description.as_str(), first.metadata.as_str()), ("first", "new"));
        assert_eq!((first.about(), second.about()), ("first, new".to_owned(), String::new()));
        assert_eq!((first.color.as_deref(), &second.color), (Some("#12abEF"), &None));
        assert_eq!(first.picture.as_ref().unwrap().alternative, "one");
        assert!(group.large_media && second.picture.is_none());
    }
}
