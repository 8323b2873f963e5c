//! How Meta calls what can be wrong. Codes of a Flow JSON: Meta's page "Error Codes", "Static Validation Errors"
//! (developers.facebook.com/docs/whatsapp/flows/reference/error-codes), and, where the page leaves one out, the codes that WhatsApp's own
//! Flow builder shows. Error keys of the client: the same page, and `protocol.md` section 3. What has no known name gets none.

/// The document is no JSON, or too large.
pub(super) const INVALID_FLOW_JSON: &str = "INVALID_FLOW_JSON";
/// There is no `version`.
pub(super) const MISSING_FLOW_JSON_VERSION: &str = "MISSING_FLOW_JSON_VERSION";
/// `version` is none that there is.
pub(super) const INVALID_FLOW_JSON_VERSION: &str = "INVALID_FLOW_JSON_VERSION";
/// `data_api_version` is none that there is.
pub(super) const INVALID_DATA_API_VERSION: &str = "INVALID_DATA_API_VERSION";
/// A property that must be there is not.
pub(super) const MISSING_REQUIRED_PROPERTY: &str = "MISSING_REQUIRED_PROPERTY";
/// A component without a `type`.
pub(super) const MISSING_REQUIRED_TYPE_PROPERTY: &str = "MISSING_REQUIRED_TYPE_PROPERTY";
/// A property has another type than it may have.
pub(super) const INVALID_PROPERTY_TYPE: &str = "INVALID_PROPERTY_TYPE";
/// A property has a value that it may not have.
pub(super) const INVALID_PROPERTY_VALUE: &str = "INVALID_PROPERTY_VALUE";
/// A list is too short.
pub(super) const MIN_ITEMS_REQUIRED: &str = "MIN_ITEMS_REQUIRED";
/// A text is too short.
pub(super) const MIN_CHARS_REQUIRED: &str = "MIN_CHARS_REQUIRED";
/// More screens than a Flow may have.
pub(super) const MAX_SCREENS_NUMBER: &str = "MAX_SCREENS_NUMBER";
/// A text has characters that it may not have.
pub(super) const PATTERN_MISMATCH: &str = "PATTERN_MISMATCH";
/// `success` where it may not be.
pub(super) const NOT_KEYWORD_SCHEMA_VALIDATION_FAILED: &str = "NOT_KEYWORD_SCHEMA_VALIDATION_FAILED";
/// A screen's id that is taken by the protocol.
pub(super) const SCREEN_ID_IS_RESERVED_KEYWORD: &str = "SCREEN_ID_IS_RESERVED_KEYWORD";
/// Two screens of one id.
pub(super) const DUPLICATE_SCREEN_IDS: &str = "DUPLICATE_SCREEN_IDS";
/// No screen ends the Flow.
pub(super) const MISSING_TERMINAL_SCREEN: &str = "MISSING_TERMINAL_SCREEN";
/// A terminal screen has nothing to press.
pub(super) const MISSING_FOOTER_ON_TERMINAL_SCREEN: &str = "MISSING_FOOTER_ON_TERMINAL_SCREEN";
/// All that can be wrong with the routing model.
pub(super) const INVALID_ROUTING_MODEL: &str = "INVALID_ROUTING_MODEL";
/// A `navigate` action that leads nowhere, or to its own screen.
pub(super) const INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME: &str = "INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME";
/// What a screen declares as its data is no schema.
pub(super) const INVALID_SCREEN_DATA: &str = "INVALID_SCREEN_DATA";

/// The client's error key for a screen that the routing model has no way to.
pub(super) const INVALID_SCREEN_TRANSITION: &str = "invalid-screen-transition";
/// The client's error key for data that a screen does not take.
pub(super) const PAYLOAD_SCHEMA_ERROR: &str = "payload-schema-error";
