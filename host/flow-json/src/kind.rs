//! What there is in a Flow JSON, by its names: the kinds of components, what each gives its form, and the kinds of actions.

use serde_json::Value;

/// The kinds of components, in the order of Meta's reference
/// (developers.facebook.com/docs/whatsapp/flows/reference/components).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComponentKind {
    /// The largest heading.
    TextHeading,
    /// A smaller heading.
    TextSubheading,
    /// A text.
    TextBody,
    /// A small text.
    TextCaption,
    /// A text with Markdown in it.
    RichText,
    /// A line to type into.
    TextInput,
    /// Several lines to type into.
    TextArea,
    /// Choices of which several can be picked.
    CheckboxGroup,
    /// Choices of which one can be picked.
    RadioButtonsGroup,
    /// Choices in a list that opens, of which one can be picked.
    Dropdown,
    /// Choices side by side of which several can be picked.
    ChipsSelector,
    /// A day.
    DatePicker,
    /// A day, or a range of days.
    CalendarPicker,
    /// Something to agree to.
    OptIn,
    /// Photos.
    PhotoPicker,
    /// Files of other kinds.
    DocumentPicker,
    /// The button at the foot of the screen.
    Footer,
    /// A link in the text.
    EmbeddedLink,
    /// A picture.
    Image,
    /// Several pictures.
    ImageCarousel,
    /// A list whose entries lead on.
    NavigationList,
    /// What holds fields and says their first values and their errors.
    Form,
    /// Components that are shown if a condition holds, and others if not.
    If,
    /// Components for each value that something can have.
    Switch,
}

/// What a component gives the form that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A text.
    Text,
    /// A text, or a number where the `input-type` says so.
    Input,
    /// Whether something is agreed to.
    Flag,
    /// The id of one choice.
    Choice,
    /// The ids of several choices.
    Choices,
    /// A day.
    Day,
    /// A day, or two of them, by [`CalendarMode`].
    Calendar,
    /// Files.
    Media,
    /// The entry of a list that was tapped.
    Entry,
}

/// What a `CalendarPicker` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarMode {
    /// One day.
    Single,
    /// A first and a last day, by the names of [`RANGE_ENDS`].
    Range,
}

/// The kinds of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// The flow ends, without asking the endpoint.
    Complete,
    /// The endpoint is asked.
    DataExchange,
    /// Another screen is shown, without asking the endpoint.
    Navigate,
    /// A page outside is opened.
    OpenUrl,
    /// The screen's data changes, without asking the endpoint.
    UpdateData,
}

impl ComponentKind {
    /// How many there are: the last one's number tells.
    pub(crate) const COUNT: usize = Self::Switch as usize + 1;

    /// The kind whose `type` is written so.
    pub fn named(name: &str) -> Option<Self> {
        COMPONENTS.iter().find(|(_, known, _)| *known == name).map(|(kind, ..)| *kind)
    }

    /// How its `type` is written.
    pub fn name(self) -> &'static str {
        COMPONENTS[self as usize].1
    }

    /// What it gives its form, if anything.
    pub fn field(self) -> Option<Field> {
        COMPONENTS[self as usize].2
    }

    /// The members that say how little and how much can be entered, where there are both.
    pub fn limits(self) -> Option<[&'static str; 2]> {
        match self {
            Self::TextInput => Some(["min-chars", "max-chars"]),
            Self::CheckboxGroup | Self::ChipsSelector => Some(["min-selected-items", "max-selected-items"]),
            Self::CalendarPicker => Some(["min-days", "max-days"]),
            Self::PhotoPicker => Some(["min-uploaded-photos", "max-uploaded-photos"]),
            Self::DocumentPicker => Some(["min-uploaded-documents", "max-uploaded-documents"]),
            _ => None,
        }
    }
}

impl CalendarMode {
    /// What a member `mode` says: single where there is none, nothing where it can't be known.
    pub fn of(mode: Option<&Value>) -> Option<Self> {
        match mode.map(Value::as_str) {
            None | Some(Some("single")) => Some(Self::Single),
            Some(Some("range")) => Some(Self::Range),
            Some(_) => None,
        }
    }
}

impl ActionKind {
    /// The kind whose `name` is written so.
    pub fn named(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// How its `name` is written.
    pub fn name(self) -> &'static str {
        ACTIONS[self as usize].1
    }
}

/// How the two days of a range are called, in what is said of them and in what is sent.
pub const RANGE_ENDS: [&str; 2] = ["start-date", "end-date"];

/// In the order of the kinds.
const COMPONENTS: [(ComponentKind, &str, Option<Field>); ComponentKind::COUNT] = [
    (ComponentKind::TextHeading, "TextHeading", None),
    (ComponentKind::TextSubheading, "TextSubheading", None),
    (ComponentKind::TextBody, "TextBody", None),
    (ComponentKind::TextCaption, "TextCaption", None),
    (ComponentKind::RichText, "RichText", None),
    (ComponentKind::TextInput, "TextInput", Some(Field::Input)),
    (ComponentKind::TextArea, "TextArea", Some(Field::Text)),
    (ComponentKind::CheckboxGroup, "CheckboxGroup", Some(Field::Choices)),
    (ComponentKind::RadioButtonsGroup, "RadioButtonsGroup", Some(Field::Choice)),
    (ComponentKind::Dropdown, "Dropdown", Some(Field::Choice)),
    (ComponentKind::ChipsSelector, "ChipsSelector", Some(Field::Choices)),
    (ComponentKind::DatePicker, "DatePicker", Some(Field::Day)),
    (ComponentKind::CalendarPicker, "CalendarPicker", Some(Field::Calendar)),
    (ComponentKind::OptIn, "OptIn", Some(Field::Flag)),
    (ComponentKind::PhotoPicker, "PhotoPicker", Some(Field::Media)),
    (ComponentKind::DocumentPicker, "DocumentPicker", Some(Field::Media)),
    (ComponentKind::Footer, "Footer", None),
    (ComponentKind::EmbeddedLink, "EmbeddedLink", None),
    (ComponentKind::Image, "Image", None),
    (ComponentKind::ImageCarousel, "ImageCarousel", None),
    (ComponentKind::NavigationList, "NavigationList", Some(Field::Entry)),
    (ComponentKind::Form, "Form", None),
    (ComponentKind::If, "If", None),
    (ComponentKind::Switch, "Switch", None),
];

/// In the order of the kinds.
const ACTIONS: [(ActionKind, &str); ActionKind::UpdateData as usize + 1] = [
    (ActionKind::Complete, "complete"),
    (ActionKind::DataExchange, "data_exchange"),
    (ActionKind::Navigate, "navigate"),
    (ActionKind::OpenUrl, "open_url"),
    (ActionKind::UpdateData, "update_data"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_has_its_own_row() {
        for (row, (kind, name, field)) in COMPONENTS.into_iter().enumerate() {
            assert_eq!((kind as usize, kind.name(), kind.field(), ComponentKind::named(name)), (row, name, field, Some(kind)));
        }
        for (row, (kind, name)) in ACTIONS.into_iter().enumerate() {
            assert_eq!((kind as usize, kind.name(), ActionKind::named(name)), (row, name, Some(kind)));
        }
        let limited = COMPONENTS.iter().filter(|(kind, ..)| kind.limits().is_some()).map(|(_, name, _)| *name);
        let expected = ["TextInput", "CheckboxGroup", "ChipsSelector", "CalendarPicker", "PhotoPicker", "DocumentPicker"];
        assert_eq!(limited.collect::<Vec<_>>(), expected);
        assert_eq!((ComponentKind::named("textbody"), ActionKind::named("")), (None, None));
    }

    #[test]
    fn a_calendar_asks_for_one_day_unless_it_says_otherwise() {
        let mode = |mode: Value| CalendarMode::of(Some(&mode));
        assert_eq!((CalendarMode::of(None), mode(json!("single"))), (Some(CalendarMode::Single), Some(CalendarMode::Single)));
        assert_eq!(mode(json!("range")), Some(CalendarMode::Range));
        assert_eq!((mode(json!("${data.mode}")), mode(json!(null))), (None, None));
    }
}
