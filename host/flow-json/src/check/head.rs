//! Checks the top level of a document: its versions and keys.

use serde_json::{Map, Value};

use crate::finding::{Collector, Level};
use crate::meant::{instead, is_misspelled};
use crate::names::{
    INVALID_DATA_API_VERSION, INVALID_FLOW_JSON_VERSION, INVALID_PROPERTY_KEY,
    INVALID_PROPERTY_TYPE, MISSING_FLOW_JSON_VERSION, MISSING_REQUIRED_PROPERTY,
};
use crate::place::{Place, quoted};
use crate::schema::described;
use crate::version::{self, Version};

pub(super) fn check_version(
    document: &Map<String, Value>,
    found: &mut Collector,
) -> Option<Version> {
    let at = Place::WHOLE.key("version");
    let version = match document.get("version") {
        // Without a version, an unknown key is an error.
        None if is_misspelled(document, &KEYS, "version") => return None,
        None => {
            found.error(
                &Place::WHOLE,
                Some(MISSING_FLOW_JSON_VERSION),
                format_args!("lacks `version`, for example \"7.3\""),
            );
            return None;
        }
        Some(Value::String(text)) => Version::parse(text).or_else(|| {
            let problem = format_args!(
                "{} is no version of Flow JSON; there are {}",
                quoted(text),
                version::known()
            );
            found.error(&at, Some(INVALID_FLOW_JSON_VERSION), problem);
            None
        })?,
        Some(other) => {
            let problem =
                format_args!("is {}; a version is a text, for example \"7.3\"", described(other));
            found.error(&at, Some(INVALID_FLOW_JSON_VERSION), problem);
            return None;
        }
    };
    if version.is_retired() {
        let problem = format_args!(
            "Flows of version {version} can't be published any more, only sent where they were; those that can are {}",
            version::published_names()
        );
        found.note(&at, None, problem);
    } else if version.is_later() {
        found.note(
            &at,
            None,
            format_args!(
                "version {version} is later than this check: what is new in it is not known here"
            ),
        );
    }
    Some(version)
}

/// Checks the document's top-level keys.
pub(super) fn check_keys(
    document: &Map<String, Value>,
    version: Option<Version>,
    found: &mut Collector,
) {
    for name in document.keys().filter(|name| !KEYS.contains(&name.as_str())) {
        let at = Place::WHOLE.key(name);
        match name.as_str() {
            "data_channel_uri" if version.is_some_and(|version| version < Version(3, 0)) => (),
            "data_channel_uri" => {
                let problem = format_args!(
                    "is no part of a Flow JSON from version 3.0 on: the endpoint's address is set for the Flow, as `endpoint_uri`; take it out"
                );
                found.error(&at, Some(INVALID_PROPERTY_KEY), problem);
            }
            _ => {
                let level =
                    if version.is_some_and(|version| version.is_retired() || version.is_later()) {
                        Level::Note
                    } else {
                        Level::Error
                    };
                let advice = instead(name, KEYS.into_iter());
                let problem = format_args!("a Flow JSON has no {}; {advice}", quoted(name));
                found.add(level, &at, Some(INVALID_PROPERTY_KEY), problem);
            }
        }
    }
}

pub(super) fn check_data_api_version(
    document: &Map<String, Value>,
    version: Option<Version>,
    found: &mut Collector,
) {
    let Some(value) = document.get("data_api_version") else { return };
    let is_strict = version.is_none_or(|version| !version.is_retired() && !version.is_later());
    let is_misspelled = is_strict && is_misspelled(document, &KEYS, "routing_model");
    if !document.contains_key("routing_model") && !is_misspelled {
        let problem = format_args!(
            "lacks `routing_model`, which `data_api_version` needs: for each screen the list of those that may follow"
        );
        found.error(&Place::WHOLE, Some(MISSING_REQUIRED_PROPERTY), problem);
    }
    let at = Place::WHOLE.key("data_api_version");
    let Some(text) = value.as_str() else {
        let problem =
            format_args!("is {}; it must be a text: \"3.0\" or \"4.0\"", described(value));
        found.error(&at, Some(INVALID_PROPERTY_TYPE), problem);
        return;
    };
    if version.is_some_and(|version| !version.speaks(text)) {
        let problem = format_args!(
            "{} is none of the data API's versions: \"3.0\", or \"4.0\" from Flow JSON 7.3 on",
            quoted(text)
        );
        found.error(&at, Some(INVALID_DATA_API_VERSION), problem);
    }
}

/// All keys of a document.
pub(super) const KEYS: [&str; 4] = ["version", "data_api_version", "routing_model", "screens"];
