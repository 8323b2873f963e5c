//! How Meta calls what can be wrong. Codes of a Flow JSON: Meta's page "Error Codes", "Static Validation Errors"
//! (developers.facebook.com/docs/whatsapp/flows/reference/error-codes), and, where the page leaves one out, the codes that WhatsApp's own
//! Flow builder shows. Error keys of the client: the same page, and `protocol.md` section 3. What has no known name gets none.

/// The document is no JSON, or too large.
pub(crate) const INVALID_FLOW_JSON: &str = "INVALID_FLOW_JSON";
/// There is no `version`.
pub(crate) const MISSING_FLOW_JSON_VERSION: &str = "MISSING_FLOW_JSON_VERSION";
/// `version` is none that there is.
pub(crate) const INVALID_FLOW_JSON_VERSION: &str = "INVALID_FLOW_JSON_VERSION";
/// `data_api_version` is none that there is.
pub(crate) const INVALID_DATA_API_VERSION: &str = "INVALID_DATA_API_VERSION";
/// A property that must be there is not.
pub(crate) const MISSING_REQUIRED_PROPERTY: &str = "MISSING_REQUIRED_PROPERTY";
/// A component without a `type`.
pub(crate) const MISSING_REQUIRED_TYPE_PROPERTY: &str = "MISSING_REQUIRED_TYPE_PROPERTY";
/// A property has another type than it may have.
pub(crate) const INVALID_PROPERTY_TYPE: &str = "INVALID_PROPERTY_TYPE";
/// A property has a value that it may not have.
pub(crate) const INVALID_PROPERTY_VALUE: &str = "INVALID_PROPERTY_VALUE";
/// A list is too short.
pub(crate) const MIN_ITEMS_REQUIRED: &str = "MIN_ITEMS_REQUIRED";
/// A text is too short.
pub(crate) const MIN_CHARS_REQUIRED: &str = "MIN_CHARS_REQUIRED";
/// More screens than a Flow may have.
pub(crate) const MAX_SCREENS_NUMBER: &str = "MAX_SCREENS_NUMBER";
/// A text has characters that it may not have.
pub(crate) const PATTERN_MISMATCH: &str = "PATTERN_MISMATCH";
/// `success` where it may not be.
pub(crate) const NOT_KEYWORD_SCHEMA_VALIDATION_FAILED: &str = "NOT_KEYWORD_SCHEMA_VALIDATION_FAILED";
/// A screen's id that is taken by the protocol.
pub(crate) const SCREEN_ID_IS_RESERVED_KEYWORD: &str = "SCREEN_ID_IS_RESERVED_KEYWORD";
/// Two screens of one id.
pub(crate) const DUPLICATE_SCREEN_IDS: &str = "DUPLICATE_SCREEN_IDS";
/// No screen ends the Flow.
pub(crate) const MISSING_TERMINAL_SCREEN: &str = "MISSING_TERMINAL_SCREEN";
/// A terminal screen has nothing to press.
pub(crate) const MISSING_FOOTER_ON_TERMINAL_SCREEN: &str = "MISSING_FOOTER_ON_TERMINAL_SCREEN";
/// An `If` has a Footer in one branch only.
pub(crate) const MISSING_FOOTER_IN_IF_ELSE_BRANCHES: &str = "MISSING_FOOTER_IN_IF_ELSE_BRANCHES";
/// A `Switch` has a Footer in some of its cases only.
pub(crate) const MISSING_FOOTER_IN_SWITCH_BRANCHES: &str = "MISSING_FOOTER_IN_SWITCH_BRANCHES";
/// All that can be wrong with the routing model.
pub(crate) const INVALID_ROUTING_MODEL: &str = "INVALID_ROUTING_MODEL";
/// A `navigate` action that leads nowhere, or to its own screen.
pub(crate) const INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME: &str = "INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME";
/// What a screen declares as its data is no schema.
pub(crate) const INVALID_SCREEN_DATA: &str = "INVALID_SCREEN_DATA";
/// A key that may not be there.
pub(crate) const INVALID_PROPERTY_KEY: &str = "INVALID_PROPERTY_KEY";
/// A text that has not the form of what it should be.
pub(crate) const INVALID_PROPERTY_VALUE_FORMAT: &str = "INVALID_PROPERTY_VALUE_FORMAT";
/// A text that is none of those that may be there.
pub(crate) const INVALID_ENUM_VALUE: &str = "INVALID_ENUM_VALUE";
/// A component of a `type` that there is not.
pub(crate) const INVALID_TYPE_PROPERTY_VALUE: &str = "INVALID_TYPE_PROPERTY_VALUE";
/// A value of another type than the component's mode asks for.
pub(crate) const INVALID_TYPE: &str = "INVALID_TYPE";
/// A key that needs another, or excludes it.
pub(crate) const INVALID_DEPENDENCIES: &str = "INVALID_DEPENDENCIES";
/// A list is too long.
pub(crate) const MAX_ITEMS_REQUIRED: &str = "MAX_ITEMS_REQUIRED";
/// A number is too small.
pub(crate) const MINIMUM_VALUE_REQUIRED: &str = "MINIMUM_VALUE_REQUIRED";
/// A number is too large.
pub(crate) const MAXIMUM_VALUE_REQUIRED: &str = "MAXIMUM_VALUE_REQUIRED";
/// The least is more than the most.
pub(crate) const MIN_VALUE_GREATER_THAN_MAX: &str = "MIN_VALUE_GREATER_THAN_MAX";
/// A reference to nothing, or to another type than the key takes.
pub(crate) const INVALID_SCREEN_DYNAMIC_DATA: &str = "INVALID_SCREEN_DYNAMIC_DATA";
/// A reference in a list of texts.
pub(crate) const INVALID_TEXT_DYNAMIC_DATA: &str = "INVALID_TEXT_DYNAMIC_DATA";
/// A payload that refers to nothing, or to what it can't carry.
pub(crate) const INVALID_ON_CLICK_ACTION_PAYLOAD: &str = "INVALID_ON_CLICK_ACTION_PAYLOAD";
/// An expression in a payload that is none.
pub(crate) const INVALID_ACTION_PAYLOAD_PROPERTY: &str = "INVALID_ACTION_PAYLOAD_PROPERTY";
/// A payload that doesn't agree with what the next screen declares.
pub(crate) const INVALID_NAVIGATE_ACTION_PAYLOAD: &str = "INVALID_NAVIGATE_ACTION_PAYLOAD";
/// No payload, where the next screen declares data.
pub(crate) const MISSING_NAVIGATION_ACTION_PAYLOAD: &str = "MISSING_NAVIGATION_ACTION_PAYLOAD";
/// The same, of a value that is written down.
pub(crate) const INVALID_NAVIGATE_ACTION_STATIC_DATA: &str = "INVALID_NAVIGATE_ACTION_STATIC_DATA";
/// A payload that doesn't agree with what the own screen declares.
pub(crate) const INVALID_UPDATE_DATA_ACTION_PAYLOAD: &str = "INVALID_UPDATE_DATA_ACTION_PAYLOAD";
/// The end of the Flow on a screen that is not terminal.
pub(crate) const INVALID_COMPLETE_ACTION: &str = "INVALID_COMPLETE_ACTION";
/// A sensitive field that there is not.
pub(crate) const INVALID_SENSITIVE_FIELD: &str = "INVALID_SENSITIVE_FIELD";
/// Two fields of one name.
pub(crate) const DUPLICATE_FORM_COMPONENT_NAMES: &str = "DUPLICATE_FORM_COMPONENT_NAMES";
/// A field outside of the Form that the screen has.
pub(crate) const COMPONENTS_OUTSIDE_FORM: &str = "COMPONENTS_OUTSIDE_FORM";
/// More of a component than a screen may have.
pub(crate) const COMPONENT_TYPE_MAX_NUMBER_PER_SCREEN: &str = "COMPONENT_TYPE_MAX_NUMBER_PER_SCREEN";
/// More components than a screen may have.
pub(crate) const MAX_ALLOWED_COMPONENTS_PER_SCREEN: &str = "MAX_ALLOWED_COMPONENTS_PER_SCREEN";
/// An `If` in too many others.
pub(crate) const MAXIMUM_IF_NESTING: &str = "MAXIMUM_IF_NESTING";
/// A RichText beside others, before 6.0.
pub(crate) const INVALID_RICHTEXT_PLACEMENT: &str = "INVALID_RICHTEXT_PLACEMENT";
/// A component beside others that stands alone.
pub(crate) const INVALID_COMPONENT_PLACEMENT: &str = "INVALID_COMPONENT_PLACEMENT";
/// A first value for a picker of files.
pub(crate) const NATIVE_COMPONENT_IN_FORM_INIT_VALUES: &str = "NATIVE_COMPONENT_IN_FORM_INIT_VALUES";
/// Options with images and options with colours.
pub(crate) const DATA_SOURCE_ITEMS_HAVE_BOTH_IMAGE_AND_COLOR: &str = "DATA_SOURCE_ITEMS_HAVE_BOTH_IMAGE_AND_COLOR";
/// A date that is none, or outside of its range.
pub(crate) const INVALID_DATE_RANGE: &str = "INVALID_DATE_RANGE";
/// A first date that is none.
pub(crate) const INVALID_DATE_SINGLE_INIT_VALUE_FORMAT: &str = "INVALID_DATE_SINGLE_INIT_VALUE_FORMAT";
/// More days at the least than at the most.
pub(crate) const INVALID_MIN_MAX_DAYS: &str = "INVALID_MIN_MAX_DAYS";
/// An end of a range that nothing is said of.
pub(crate) const MISSING_CALENDAR_PICKER_RANGE_MODE_PROP: &str = "MISSING_CALENDAR_PICKER_RANGE_MODE_PROP";
/// Something that is no end of a range.
pub(crate) const UNEXPECTED_CALENDAR_PICKER_RANGE_MODE_PROP: &str = "UNEXPECTED_CALENDAR_PICKER_RANGE_MODE_PROP";
/// A key that goes with another mode.
pub(crate) const INVALID_PROPERTY_NAME_FOR_CONDITION: &str = "INVALID_PROPERTY_NAME_FOR_CONDITION";
/// A value that doesn't go with another key.
pub(crate) const INVALID_PROPERTY_VALUE_FOR_CONDITION: &str = "INVALID_PROPERTY_VALUE_FOR_CONDITION";
/// Something that is said twice. Meta writes it so.
pub(crate) const DUPLICATE_PROPERTY_FOR_CONDITION: &str = "DUPLICATE_PROPETY_FOR_CONDITION";

/// The client's error key for a screen that the routing model has no way to.
pub(crate) const INVALID_SCREEN_TRANSITION: &str = "invalid-screen-transition";
/// The client's error key for data that a screen does not take.
pub(crate) const PAYLOAD_SCHEMA_ERROR: &str = "payload-schema-error";
