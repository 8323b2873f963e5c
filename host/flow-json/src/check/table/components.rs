//! The rows of the table.

use super::{Areas, Blank, FIRST, Key, Row, Takes, may, must};
use crate::document::{CASES, CHILDREN, ELSE, ON_CLICK, ON_SELECT, ON_UNSELECT, THEN};
use crate::kind::{ActionKind, ComponentKind};
use crate::version::Version;

use ActionKind::{Complete, DataExchange, Navigate, OpenUrl, UpdateData};
use Takes::*;

const V6_0: Version = Version(6, 0);
const V6_1: Version = Version(6, 1);
const V6_2: Version = Version(6, 2);
const V6_3: Version = Version(6, 3);
const V7_0: Version = Version(7, 0);
const V7_1: Version = Version(7, 1);

const fn component(kind: ComponentKind, keys: &'static [Key]) -> Row {
    Row { kind, since: FIRST, keys, areas: Areas::ALL, in_branches_since: FIRST, most: None }
}

pub(in crate::check) const LAYOUT: &[Key] =
    &[must("type", OneOf(&["SingleColumnLayout"])), must(CHILDREN, Components(Areas::SCREEN))];

/// All components, in the order of their kinds.
pub(in crate::check) const COMPONENTS: &[Row; ComponentKind::COUNT] = &[
    component(ComponentKind::TextHeading, &[must("text", Text(Blank::Always)).up_to(80), VISIBLE]),
    component(
        ComponentKind::TextSubheading,
        &[must("text", Text(Blank::Always)).up_to(80), VISIBLE],
    ),
    component(ComponentKind::TextBody, STYLED_TEXT),
    component(ComponentKind::TextCaption, STYLED_TEXT),
    Row {
        areas: Areas::SCREEN,
        ..component(ComponentKind::RichText, &[must("text", Texts), VISIBLE])
    },
    component(
        ComponentKind::TextInput,
        &[
            must("name", Name),
            must("label", Text(Blank::Empty)).up_to(20),
            may("input-type", OneOf(INPUT_TYPES)),
            may("label-variant", OneOf(&["large"])).since(V7_0),
            may("pattern", Pattern).since(V6_2),
            may("helper-text", TEXT).up_to(80),
            may("min-chars", Number(f64::MIN)),
            may("max-chars", Number(f64::MIN)),
            REQUIRED,
            ENABLED,
            VISIBLE,
            INIT_TEXT,
            ERROR_TEXT,
        ],
    ),
    component(
        ComponentKind::TextArea,
        &[
            must("name", Name),
            must("label", TEXT).up_to(20),
            may("label-variant", OneOf(&["large"])).since(V7_0),
            may("helper-text", TEXT).up_to(80),
            may("max-length", Integer),
            REQUIRED,
            ENABLED,
            VISIBLE,
            INIT_TEXT,
            ERROR_TEXT,
        ],
    ),
    component(
        ComponentKind::CheckboxGroup,
        &[
            must("name", Name),
            must("label", TEXT).up_to(30),
            must("data-source", Records(OPTION)).up_to(20),
            may("description", TEXT).up_to(300),
            may("media-size", OneOf(MEDIA_SIZES)),
            may("min-selected-items", Number(0.0)),
            may("max-selected-items", Number(2.0)),
            may(ON_SELECT, Select(EXCHANGE_OR_UPDATE)),
            may(ON_UNSELECT, Select(UPDATE)).since(V6_0),
            REQUIRED,
            ENABLED,
            VISIBLE,
            may("init-value", List).outside_form(),
            ERROR_TEXT,
        ],
    ),
    component(
        ComponentKind::RadioButtonsGroup,
        &[
            must("name", Name),
            must("label", TEXT).up_to(30),
            must("data-source", Records(OPTION)).up_to(20),
            may("description", TEXT).up_to(300),
            may("media-size", OneOf(MEDIA_SIZES)),
            may(ON_SELECT, Select(EXCHANGE_OR_UPDATE)),
            may(ON_UNSELECT, Select(UPDATE)).since(V6_0),
            REQUIRED,
            ENABLED,
            VISIBLE,
            INIT_TEXT,
            ERROR_TEXT,
        ],
    ),
    component(
        ComponentKind::Dropdown,
        &[
            must("name", Name),
            must("label", Text(Blank::Empty)).up_to(20),
            must("data-source", Records(OPTION)).up_to(200),
            may(ON_SELECT, Select(EXCHANGE_OR_UPDATE)),
            may(ON_UNSELECT, Select(UPDATE)).since(V6_0),
            REQUIRED,
            ENABLED,
            VISIBLE,
            INIT_TEXT,
            ERROR_TEXT,
        ],
    ),
    Row {
        since: V6_3,
        in_branches_since: V7_1,
        ..component(
            ComponentKind::ChipsSelector,
            &[
                must("name", Name),
                must("label", TEXT).up_to(80),
                must("data-source", Records(CHIP)).up_to(20),
                may("description", TEXT).up_to(300),
                may("min-selected-items", Number(0.0)),
                may("max-selected-items", Number(1.0)),
                may(ON_SELECT, Select(EXCHANGE_OR_UPDATE)).since(V7_1),
                may(ON_UNSELECT, Select(UPDATE)).since(V7_1),
                REQUIRED,
                ENABLED,
                VISIBLE,
                may("init-value", List).outside_form(),
                ERROR_TEXT,
            ],
        )
    },
    component(
        ComponentKind::DatePicker,
        &[
            must("name", Name),
            must("label", Text(Blank::Empty)).up_to(40),
            may("helper-text", TEXT).up_to(80),
            may("min-date", TEXT),
            may("max-date", TEXT),
            may("unavailable-dates", List),
            may(ON_SELECT, Select(EXCHANGE)),
            REQUIRED,
            ENABLED,
            VISIBLE,
            INIT_TEXT,
            ERROR_TEXT,
        ],
    ),
    Row {
        since: V6_1,
        ..component(
            ComponentKind::CalendarPicker,
            &[
                must("name", Name),
                must("label", Ends(&TEXT)).up_to(40),
                may("title", TEXT).up_to(80),
                may("description", TEXT).up_to(300),
                may("helper-text", Ends(&TEXT)).up_to(80),
                may("required", Ends(&Flag)),
                may("mode", OneOfOrBound(&["single", "range"])),
                may("min-date", TEXT),
                may("max-date", TEXT),
                may("unavailable-dates", List),
                may("include-days", ListOf(&["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])),
                may("min-days", Integer),
                may("max-days", Integer),
                may(ON_SELECT, Select(EXCHANGE)),
                ENABLED,
                VISIBLE,
                may("init-value", Ends(&TEXT)).outside_form(),
                may("error-message", Ends(&TEXT)).outside_form(),
            ],
        )
    },
    Row {
        most: Some(5),
        ..component(
            ComponentKind::OptIn,
            &[
                must("name", Name),
                must("label", Text(Blank::Empty)).up_to(300),
                may(ON_CLICK, Click(TAP)),
                may(ON_SELECT, Select(UPDATE)).since(V6_0),
                may(ON_UNSELECT, Select(UPDATE)).since(V6_0),
                REQUIRED,
                VISIBLE,
                may("init-value", Flag).outside_form(),
            ],
        )
    },
    Row {
        most: Some(1),
        ..component(
            ComponentKind::PhotoPicker,
            &[
                must("name", Name),
                must("label", Text(Blank::Always)).up_to(80),
                may("description", Text(Blank::Always)).up_to(300),
                may("photo-source", OneOf(&["camera_gallery", "camera", "gallery"])),
                may("min-uploaded-photos", Count(0, 30)),
                may("max-uploaded-photos", Count(1, 30)),
                may("max-file-size-kb", Count(1, 25_600)),
                ENABLED,
                VISIBLE,
                may("error-message", Messages).outside_form(),
            ],
        )
    },
    Row {
        most: Some(1),
        ..component(
            ComponentKind::DocumentPicker,
            &[
                must("name", Name),
                must("label", Text(Blank::Always)).up_to(80),
                may("description", Text(Blank::Always)).up_to(300),
                may("min-uploaded-documents", Count(0, 30)),
                may("max-uploaded-documents", Count(1, 30)),
                may("max-file-size-kb", Count(1, 25_600)),
                may("allowed-mime-types", FixedListOf(MIME_TYPES)),
                ENABLED,
                VISIBLE,
                may("error-message", Messages).outside_form(),
            ],
        )
    },
    Row {
        most: Some(1),
        ..component(
            ComponentKind::Footer,
            &[
                must("label", Text(Blank::Empty)).up_to(35),
                must(
                    ON_CLICK,
                    Click(&[(DataExchange, FIRST), (Navigate, FIRST), (Complete, FIRST)]),
                ),
                may("left-caption", TEXT).up_to(15),
                may("center-caption", TEXT).up_to(15),
                may("right-caption", TEXT).up_to(15),
                ENABLED,
            ],
        )
    },
    Row {
        most: Some(2),
        ..component(
            ComponentKind::EmbeddedLink,
            &[must("text", Text(Blank::Always)).up_to(30), must(ON_CLICK, Click(TAP)), VISIBLE],
        )
    },
    Row {
        most: Some(3),
        ..component(
            ComponentKind::Image,
            &[
                must("src", Image),
                may("width", Number(f64::MIN)),
                may("height", Number(f64::MIN)),
                may("aspect-ratio", Number(f64::MIN)),
                may("scale-type", OneOf(&["cover", "contain"])),
                may("alt-text", TEXT),
                VISIBLE,
            ],
        )
    },
    Row {
        since: V7_1,
        areas: Areas::SCREEN.and(Areas::FORM),
        most: Some(2),
        ..component(
            ComponentKind::ImageCarousel,
            &[
                must("images", Records(&[must("src", Image), must("alt-text", TEXT)])),
                may("aspect-ratio", OneOf(&["4:3", "16:9"])),
                may("scale-type", OneOf(&["cover", "contain"])),
                VISIBLE,
            ],
        )
    },
    Row {
        since: V6_2,
        areas: Areas::SCREEN.and(Areas::FORM),
        most: Some(2),
        ..component(
            ComponentKind::NavigationList,
            &[
                must("name", Name),
                must("list-items", Records(LIST_ITEM)).up_to(20),
                may("label", TEXT).up_to(80),
                may("description", TEXT).up_to(300),
                may("media-size", OneOf(MEDIA_SIZES)),
                may(ON_CLICK, Click(LIST_TAP)),
            ],
        )
    },
    Row {
        areas: Areas::SCREEN,
        ..component(
            ComponentKind::Form,
            &[
                must("name", Text(Blank::Empty)),
                must(CHILDREN, Components(Areas::FORM)),
                may("init-values", Object),
                may("error-messages", FieldTexts),
            ],
        )
    },
    Row {
        areas: Areas::SCREEN.and(Areas::FORM).and(Areas::BRANCH),
        ..component(
            ComponentKind::If,
            &[
                must("condition", Condition),
                must(THEN, Components(Areas::BRANCH)),
                may(ELSE, Components(Areas::BRANCH)),
            ],
        )
    },
    Row {
        areas: Areas::SCREEN.and(Areas::FORM).and(Areas::BRANCH),
        ..component(ComponentKind::Switch, &[must("value", Bound), must(CASES, Cases)])
    },
];

const TEXT: Takes = Text(Blank::Since6);
const REQUIRED: Key = may("required", Flag);
const ENABLED: Key = may("enabled", Flag);
const VISIBLE: Key = may("visible", Flag);
const INIT_TEXT: Key = may("init-value", TEXT).outside_form();
const ERROR_TEXT: Key = may("error-message", TEXT).outside_form();

const STYLED_TEXT: &[Key] = &[
    must("text", Texts).up_to(4096),
    may("font-weight", OneOfOrBound(&["bold", "italic", "bold_italic", "normal"])),
    may("strikethrough", Flag),
    may("markdown", FixedFlag),
    VISIBLE,
];

/// An entry of a `data-source`.
const OPTION: &[Key] = &[
    must("id", TEXT),
    must("title", TEXT).up_to(80),
    may("description", TEXT).up_to(300),
    may("metadata", TEXT).up_to(80),
    ENABLED,
    may("color", Colour),
    may("image", Image),
    may("alt-text", Text(Blank::Always)),
    may(ON_SELECT, Select(UPDATE)).since(V6_0),
    may(ON_UNSELECT, Select(UPDATE)).since(V6_0),
];

const CHIP: &[Key] = &[
    must("id", Text(Blank::Always)),
    must("title", Text(Blank::Always)),
    ENABLED,
    may(ON_SELECT, Select(UPDATE)),
    may(ON_UNSELECT, Select(UPDATE)),
];

const LIST_ITEM: &[Key] = &[
    must("id", Text(Blank::Always)),
    must(
        "main-content",
        Record(&[
            must("title", Text(Blank::Always)).up_to(30),
            may("description", Text(Blank::Always)).up_to(20),
            may("metadata", Text(Blank::Always)).up_to(80),
        ]),
    ),
    may(
        "end",
        Record(&[
            may("title", Text(Blank::Always)),
            may("description", Text(Blank::Always)),
            may("metadata", Text(Blank::Always)),
        ]),
    ),
    may("start", Record(&[must("image", Image), may("alt-text", Text(Blank::Always))])),
    may("badge", Text(Blank::Always)).up_to(15),
    may("tags", ShortList(3)),
    may("enabled", FixedFlag),
    may(ON_CLICK, Click(LIST_TAP)),
];

/// What a `TextInput` asks for.
pub(in crate::check) const INPUT_TYPES: &[&str] =
    &["text", "number", "password", "passcode", "phone", "email"];

const MEDIA_SIZES: &[&str] = &["regular", "large"];

const EXCHANGE: &[(ActionKind, Version)] = &[(DataExchange, FIRST)];
const UPDATE: &[(ActionKind, Version)] = &[(UpdateData, V6_0)];
const EXCHANGE_OR_UPDATE: &[(ActionKind, Version)] = &[(DataExchange, FIRST), (UpdateData, V6_0)];
const TAP: &[(ActionKind, Version)] = &[(DataExchange, FIRST), (Navigate, FIRST), (OpenUrl, V6_0)];
const LIST_TAP: &[(ActionKind, Version)] = &[(DataExchange, FIRST), (Navigate, FIRST)];

/// The types that a `DocumentPicker` can accept.
const MIME_TYPES: &[&str] = &[
    "application/gzip",
    "application/msword",
    "application/pdf",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/x-7z-compressed",
    "application/xml",
    "application/zip",
    "image/avif",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "text/plain",
    "video/mp4",
    "video/mpeg",
];
