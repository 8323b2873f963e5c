//! The names that a Flow JSON uses: the kinds of components, the value that each gives its form,
//! and the kinds of actions.

use serde_json::Value;

/// Declares kinds that know their doc comments, which editors show.
macro_rules! documented {
    ($(#[$about:meta])* pub enum $name:ident { $(#[doc = $doc:literal] $kind:ident,)* }) => {
        $(#[$about])*
        pub enum $name {
            $(#[doc = $doc] $kind,)*
        }

        impl $name {
            /// The sentence of its documentation.
            pub(crate) fn doc(self) -> &'static str {
                match self {
                    $(Self::$kind => $doc.trim_ascii(),)*
                }
            }
        }
    };
}

documented! {
    /// The kinds of components, in the order of Meta's reference
    /// (developers.facebook.com/docs/whatsapp/flows/reference/components).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum ComponentKind {
        /// The largest heading.
        TextHeading,
        /// A smaller heading.
        TextSubheading,
        /// A paragraph of text.
        TextBody,
        /// Small text.
        TextCaption,
        /// Text with Markdown.
        RichText,
        /// A single-line text input.
        TextInput,
        /// A multi-line text input.
        TextArea,
        /// Options of which several can be picked.
        CheckboxGroup,
        /// Options of which one can be picked.
        RadioButtonsGroup,
        /// A list that opens, with options of which one can be picked.
        Dropdown,
        /// Options side by side, of which several can be picked.
        ChipsSelector,
        /// Picks a day.
        DatePicker,
        /// Picks a day or a range of days.
        CalendarPicker,
        /// A box to tick for consent.
        OptIn,
        /// Uploads photos.
        PhotoPicker,
        /// Uploads files that are not photos.
        DocumentPicker,
        /// The button at the foot of the screen.
        Footer,
        /// A link within the text.
        EmbeddedLink,
        /// A picture.
        Image,
        /// Several pictures.
        ImageCarousel,
        /// A list whose entries lead to other screens.
        NavigationList,
        /// Holds fields, and declares their initial values and their error messages.
        Form,
        /// Shows one list of components if a condition holds, and another if not.
        If,
        /// Shows a list of components for each possible value.
        Switch,
    }
}

/// The type of value that a component gives its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A string.
    Text,
    /// A string, or a number if `input-type` says so.
    Input,
    /// A boolean.
    Flag,
    /// The id of the picked option.
    Choice,
    /// The ids of the picked options.
    Choices,
    /// A day.
    Day,
    /// A day, or a first and a last day, depending on [`CalendarMode`].
    Calendar,
    /// The uploaded files.
    Media,
    /// The list entry that was tapped.
    Entry,
}

/// Whether a `CalendarPicker` asks for a day or a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarMode {
    /// One day.
    Single,
    /// A first and a last day, under the names in [`RANGE_ENDS`].
    Range,
}

documented! {
    /// The kinds of actions.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ActionKind {
        /// Ends the flow without asking the endpoint.
        Complete,
        /// Asks the endpoint.
        DataExchange,
        /// Shows another screen without asking the endpoint.
        Navigate,
        /// Opens a web page.
        OpenUrl,
        /// Changes the screen's data without asking the endpoint.
        UpdateData,
    }
}

impl ComponentKind {
    /// How many there are: the last one's number tells.
    pub(crate) const COUNT: usize = Self::Switch as usize + 1;

    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        COMPONENTS.iter().map(|(kind, ..)| *kind)
    }

    /// The kind whose `type` is written so.
    pub fn named(name: &str) -> Option<Self> {
        COMPONENTS.iter().find(|(_, known, _)| *known == name).map(|(kind, ..)| *kind)
    }

    /// The `type` as a document writes it.
    pub fn name(self) -> &'static str {
        COMPONENTS[self as usize].1
    }

    /// The type of value that it gives its form; `None` if it is not a field.
    pub fn field(self) -> Option<Field> {
        COMPONENTS[self as usize].2
    }

    /// The members that hold its minimum and maximum, for kinds that have both.
    pub fn limits(self) -> Option<[&'static str; 2]> {
        match self {
            Self::TextInput => Some(["min-chars", "max-chars"]),
            Self::CheckboxGroup | Self::ChipsSelector => {
                Some(["min-selected-items", "max-selected-items"])
            }
            Self::CalendarPicker => Some(["min-days", "max-days"]),
            Self::PhotoPicker => Some(["min-uploaded-photos", "max-uploaded-photos"]),
            Self::DocumentPicker => Some(["min-uploaded-documents", "max-uploaded-documents"]),
            _ => None,
        }
    }
}

impl CalendarMode {
    /// Reads a member `mode`. A missing one means single; `None` if the value is not a known mode.
    pub fn of(mode: Option<&Value>) -> Option<Self> {
        match mode.map(Value::as_str) {
            None | Some(Some("single")) => Some(Self::Single),
            Some(Some("range")) => Some(Self::Range),
            Some(_) => None,
        }
    }
}

impl ActionKind {
    /// The kind with this `name`, if this release knows it.
    pub fn named(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The `name` as a document writes it.
    pub fn name(self) -> &'static str {
        ACTIONS[self as usize].1
    }
}

/// The names of the two days of a range, in the document and in what the phone sends.
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
            assert_eq!(
                (kind as usize, kind.name(), kind.field(), ComponentKind::named(name)),
                (row, name, field, Some(kind))
            );
        }
        for (row, (kind, name)) in ACTIONS.into_iter().enumerate() {
            assert_eq!(
                (kind as usize, kind.name(), ActionKind::named(name)),
                (row, name, Some(kind))
            );
        }
        let limited = COMPONENTS
            .iter()
            .filter(|(kind, ..)| kind.limits().is_some())
            .map(|(_, name, _)| *name);
        let expected = [
            "TextInput",
            "CheckboxGroup",
            "ChipsSelector",
            "CalendarPicker",
            "PhotoPicker",
            "DocumentPicker",
        ];
        assert_eq!(limited.collect::<Vec<_>>(), expected);
        assert_eq!((ComponentKind::named("textbody"), ActionKind::named("")), (None, None));
    }

    #[test]
    fn a_calendar_asks_for_one_day_unless_it_says_otherwise() {
        let mode = |mode: Value| CalendarMode::of(Some(&mode));
        assert_eq!(
            (CalendarMode::of(None), mode(json!("single"))),
            (Some(CalendarMode::Single), Some(CalendarMode::Single))
        );
        assert_eq!(mode(json!("range")), Some(CalendarMode::Range));
        assert_eq!((mode(json!("${data.mode}")), mode(json!(null))), (None, None));
    }
}
