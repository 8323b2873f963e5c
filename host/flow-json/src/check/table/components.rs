//! The table.

use super::{Areas, Blank, Component, FIRST, Field, Key, Takes, may, must};
use crate::version::Version;

use Takes::*;

const V6_0: Version = Version(6, 0);
const V6_1: Version = Version(6, 1);
const V6_2: Version = Version(6, 2);
const V6_3: Version = Version(6, 3);
const V7_0: Version = Version(7, 0);
const V7_1: Version = Version(7, 1);

const fn component(name: &'static str, keys: &'static [Key]) -> Component {
    Component { name, since: FIRST, keys, areas: Areas::ALL, in_branches_since: FIRST, most: None, field: None }
}

const fn field(name: &'static str, field: Field, keys: &'static [Key]) -> Component {
    Component { field: Some(field), ..component(name, keys) }
}

/// The layout of a screen.
pub(in crate::check) const LAYOUT: &[Key] =
    &[must("type", OneOf(&["SingleColumnLayout"])), must("children", Components(Areas::SCREEN))];

/// All components.
pub(in crate::check) const COMPONENTS: &[Component] = &[
    component("TextHeading", &[must("text", Text(Blank::Always)).up_to(80), VISIBLE]),
    component("TextSubheading", &[must("text", Text(Blank::Always)).up_to(80), VISIBLE]),
    component("TextBody", STYLED_TEXT),
    component("TextCaption", STYLED_TEXT),
    Component { areas: Areas::SCREEN, ..component("RichText", &[must("text", Texts), VISIBLE]) },
    field(
        "TextInput",
        Field::Input,
        &[
            must("name", Name),
            must("label", Text(Blank::Empty)).up_to(20),
            may("input-type", OneOf(&["text", "number", "password", "passcode", "phone", "email"])),
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
    field(
        "TextArea",
        Field::Text,
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
    field(
        "CheckboxGroup",
        Field::Texts,
        &[
            must("name", Name),
            must("label", TEXT).up_to(30),
            must("data-source", Records(OPTION)).up_to(20),
            may("description", TEXT).up_to(300),
            may("media-size", OneOf(MEDIA_SIZES)),
            may("min-selected-items", Number(0.0)),
            may("max-selected-items", Number(2.0)),
            may("on-select-action", Select(EXCHANGE_OR_UPDATE)),
            may("on-unselect-action", Select(UPDATE)).since(V6_0),
            REQUIRED,
            ENABLED,
            VISIBLE,
            may("init-value", List).outside_form(),
            ERROR_TEXT,
        ],
    ),
    field(
        "RadioButtonsGroup",
        Field::Text,
        &[
            must("name", Name),
            must("label", TEXT).up_to(30),
            must("data-source", Records(OPTION)).up_to(20),
            may("description", TEXT).up_to(300),
            may("media-size", OneOf(MEDIA_SIZES)),
            may("on-select-action", Select(EXCHANGE_OR_UPDATE)),
            may("on-unselect-action", Select(UPDATE)).since(V6_0),
            REQUIRED,
            ENABLED,
            VISIBLE,
            INIT_TEXT,
            ERROR_TEXT,
        ],
    ),
    field(
        "Dropdown",
        Field::Text,
        &[
            must("name", Name),
            must("label", Text(Blank::Empty)).up_to(20),
            must("data-source", Records(OPTION)).up_to(200),
            may("on-select-action", Select(EXCHANGE_OR_UPDATE)),
            may("on-unselect-action", Select(UPDATE)).since(V6_0),
            REQUIRED,
            ENABLED,
            VISIBLE,
            INIT_TEXT,
            ERROR_TEXT,
        ],
    ),
    Component {
        since: V6_3,
        in_branches_since: V7_1,
        ..field(
            "ChipsSelector",
            Field::Texts,
            &[
                must("name", Name),
                must("label", TEXT).up_to(80),
                must("data-source", Records(CHIP)).up_to(20),
                may("description", TEXT).up_to(300),
                may("min-selected-items", Number(0.0)),
                may("max-selected-items", Number(1.0)),
                may("on-select-action", Select(EXCHANGE_OR_UPDATE)).since(V7_1),
                may("on-unselect-action", Select(UPDATE)).since(V7_1),
                REQUIRED,
                ENABLED,
                VISIBLE,
                may("init-value", List).outside_form(),
                ERROR_TEXT,
            ],
        )
    },
    field(
        "DatePicker",
        Field::Text,
        &[
            must("name", Name),
            must("label", Text(Blank::Empty)).up_to(40),
            may("helper-text", TEXT).up_to(80),
            may("min-date", TEXT),
            may("max-date", TEXT),
            may("unavailable-dates", List),
            may("on-select-action", Select(EXCHANGE)),
            REQUIRED,
            ENABLED,
            VISIBLE,
            INIT_TEXT,
            ERROR_TEXT,
        ],
    ),
    Component {
        since: V6_1,
        ..field(
            "CalendarPicker",
            Field::Dates,
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
                may("on-select-action", Select(EXCHANGE)),
                ENABLED,
                VISIBLE,
                may("init-value", Ends(&TEXT)).outside_form(),
                may("error-message", Ends(&TEXT)).outside_form(),
            ],
        )
    },
    Component {
        most: Some(5),
        ..field(
            "OptIn",
            Field::Flag,
            &[
                must("name", Name),
                must("label", Text(Blank::Empty)).up_to(300),
                may("on-click-action", Click(TAP)),
                may("on-select-action", Select(UPDATE)).since(V6_0),
                may("on-unselect-action", Select(UPDATE)).since(V6_0),
                REQUIRED,
                VISIBLE,
                may("init-value", Flag).outside_form(),
            ],
        )
    },
    Component {
        most: Some(1),
        ..field(
            "PhotoPicker",
            Field::Media,
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
    Component {
        most: Some(1),
        ..field(
            "DocumentPicker",
            Field::Media,
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
    Component {
        most: Some(1),
        ..component(
            "Footer",
            &[
                must("label", Text(Blank::Empty)).up_to(35),
                must("on-click-action", Click(&[("data_exchange", FIRST), ("navigate", FIRST), ("complete", FIRST)])),
                may("left-caption", TEXT).up_to(15),
                may("center-caption", TEXT).up_to(15),
                may("right-caption", TEXT).up_to(15),
                ENABLED,
            ],
        )
    },
    Component {
        most: Some(2),
        ..component("EmbeddedLink", &[must("text", Text(Blank::Always)).up_to(30), must("on-click-action", Click(TAP)), VISIBLE])
    },
    Component {
        most: Some(3),
        ..component(
            "Image",
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
    Component {
        since: V7_1,
        areas: Areas::SCREEN.and(Areas::FORM),
        most: Some(2),
        ..component(
            "ImageCarousel",
            &[
                must("images", Records(&[must("src", Image), must("alt-text", TEXT)])),
                may("aspect-ratio", OneOf(&["4:3", "16:9"])),
                may("scale-type", OneOf(&["cover", "contain"])),
                VISIBLE,
            ],
        )
    },
    Component {
        since: V6_2,
        areas: Areas::SCREEN.and(Areas::FORM),
        most: Some(2),
        ..field(
            "NavigationList",
            Field::Text,
            &[
                must("name", Name),
                must("list-items", Records(LIST_ITEM)).up_to(20),
                may("label", TEXT).up_to(80),
                may("description", TEXT).up_to(300),
                may("media-size", OneOf(MEDIA_SIZES)),
                may("on-click-action", Click(LIST_TAP)),
            ],
        )
    },
    Component {
        areas: Areas::SCREEN,
        ..component(
            "Form",
            &[
                must("name", Text(Blank::Empty)),
                must("children", Components(Areas::FORM)),
                may("init-values", Object),
                may("error-messages", Object),
            ],
        )
    },
    Component {
        areas: Areas::SCREEN.and(Areas::FORM).and(Areas::BRANCH),
        ..component(
            "If",
            &[must("condition", Condition), must("then", Components(Areas::BRANCH)), may("else", Components(Areas::BRANCH))],
        )
    },
    Component {
        areas: Areas::SCREEN.and(Areas::FORM).and(Areas::BRANCH),
        ..component("Switch", &[must("value", Bound), must("cases", Cases)])
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
    may("on-select-action", Select(UPDATE)).since(V6_0),
    may("on-unselect-action", Select(UPDATE)).since(V6_0),
];

const CHIP: &[Key] = &[
    must("id", Text(Blank::Always)),
    must("title", Text(Blank::Always)),
    ENABLED,
    may("on-select-action", Select(UPDATE)),
    may("on-unselect-action", Select(UPDATE)),
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
        Record(&[may("title", Text(Blank::Always)), may("description", Text(Blank::Always)), may("metadata", Text(Blank::Always))]),
    ),
    may("start", Record(&[must("image", Image), may("alt-text", Text(Blank::Always))])),
    may("badge", Text(Blank::Always)).up_to(15),
    may("tags", ShortList(3)),
    may("enabled", FixedFlag),
    may("on-click-action", Click(LIST_TAP)),
];

const MEDIA_SIZES: &[&str] = &["regular", "large"];

const EXCHANGE: &[(&str, Version)] = &[("data_exchange", FIRST)];
const UPDATE: &[(&str, Version)] = &[("update_data", V6_0)];
const EXCHANGE_OR_UPDATE: &[(&str, Version)] = &[("data_exchange", FIRST), ("update_data", V6_0)];
const TAP: &[(&str, Version)] = &[("data_exchange", FIRST), ("navigate", FIRST), ("open_url", V6_0)];
const LIST_TAP: &[(&str, Version)] = &[("data_exchange", FIRST), ("navigate", FIRST)];

/// What a `DocumentPicker` can be asked for.
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
