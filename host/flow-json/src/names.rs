//! Meta's names for what can be wrong. The codes of a Flow JSON are from Meta's page "Error Codes",
//! "Static Validation Errors" (developers.facebook.com/docs/whatsapp/flows/reference/error-codes),
//! and where the page leaves one out, from WhatsApp's own Flow builder. The client's error keys are
//! from the same page and `protocol.md` section 3. A problem without a known name gets none.

/// The document is not JSON, or too large.
pub(crate) const INVALID_FLOW_JSON: &str = "INVALID_FLOW_JSON";
/// `version` is missing.
pub(crate) const MISSING_FLOW_JSON_VERSION: &str = "MISSING_FLOW_JSON_VERSION";
/// `version` is not a known version.
pub(crate) const INVALID_FLOW_JSON_VERSION: &str = "INVALID_FLOW_JSON_VERSION";
/// `data_api_version` is not a known version.
pub(crate) const INVALID_DATA_API_VERSION: &str = "INVALID_DATA_API_VERSION";
/// A required property is missing.
pub(crate) const MISSING_REQUIRED_PROPERTY: &str = "MISSING_REQUIRED_PROPERTY";
/// A component lacks its `type`.
pub(crate) const MISSING_REQUIRED_TYPE_PROPERTY: &str = "MISSING_REQUIRED_TYPE_PROPERTY";
/// A property has the wrong type.
pub(crate) const INVALID_PROPERTY_TYPE: &str = "INVALID_PROPERTY_TYPE";
/// A property has a value that is not allowed.
pub(crate) const INVALID_PROPERTY_VALUE: &str = "INVALID_PROPERTY_VALUE";
/// A list is too short.
pub(crate) const MIN_ITEMS_REQUIRED: &str = "MIN_ITEMS_REQUIRED";
/// A text is too short.
pub(crate) const MIN_CHARS_REQUIRED: &str = "MIN_CHARS_REQUIRED";
/// The Flow has too many screens.
pub(crate) const MAX_SCREENS_NUMBER: &str = "MAX_SCREENS_NUMBER";
/// A text contains characters that are not allowed.
pub(crate) const PATTERN_MISMATCH: &str = "PATTERN_MISMATCH";
/// `success` is used where it is not allowed.
pub(crate) const NOT_KEYWORD_SCHEMA_VALIDATION_FAILED: &str =
    "NOT_KEYWORD_SCHEMA_VALIDATION_FAILED";
/// The protocol reserves this screen id.
pub(crate) const SCREEN_ID_IS_RESERVED_KEYWORD: &str = "SCREEN_ID_IS_RESERVED_KEYWORD";
/// Two screens have the same id.
pub(crate) const DUPLICATE_SCREEN_IDS: &str = "DUPLICATE_SCREEN_IDS";
/// No screen ends the Flow.
pub(crate) const MISSING_TERMINAL_SCREEN: &str = "MISSING_TERMINAL_SCREEN";
/// A terminal screen has no Footer.
pub(crate) const MISSING_FOOTER_ON_TERMINAL_SCREEN: &str = "MISSING_FOOTER_ON_TERMINAL_SCREEN";
/// An `If` has a Footer in only one branch.
pub(crate) const MISSING_FOOTER_IN_IF_ELSE_BRANCHES: &str = "MISSING_FOOTER_IN_IF_ELSE_BRANCHES";
/// A `Switch` has a Footer in only some of its cases.
pub(crate) const MISSING_FOOTER_IN_SWITCH_BRANCHES: &str = "MISSING_FOOTER_IN_SWITCH_BRANCHES";
/// Any problem with the routing model.
pub(crate) const INVALID_ROUTING_MODEL: &str = "INVALID_ROUTING_MODEL";
/// A `navigate` action leads nowhere, or to its own screen.
pub(crate) const INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME: &str =
    "INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME";
/// The declaration of a screen's data is not a schema.
pub(crate) const INVALID_SCREEN_DATA: &str = "INVALID_SCREEN_DATA";
/// A key is not allowed.
pub(crate) const INVALID_PROPERTY_KEY: &str = "INVALID_PROPERTY_KEY";
/// A text has the wrong format.
pub(crate) const INVALID_PROPERTY_VALUE_FORMAT: &str = "INVALID_PROPERTY_VALUE_FORMAT";
/// A text is not one of the allowed values.
pub(crate) const INVALID_ENUM_VALUE: &str = "INVALID_ENUM_VALUE";
/// A component has an unknown `type`.
pub(crate) const INVALID_TYPE_PROPERTY_VALUE: &str = "INVALID_TYPE_PROPERTY_VALUE";
/// A value has another type than the component's mode asks for.
pub(crate) const INVALID_TYPE: &str = "INVALID_TYPE";
/// A key requires another key, or excludes it.
pub(crate) const INVALID_DEPENDENCIES: &str = "INVALID_DEPENDENCIES";
/// A list is too long.
pub(crate) const MAX_ITEMS_REQUIRED: &str = "MAX_ITEMS_REQUIRED";
/// A number is too small.
pub(crate) const MINIMUM_VALUE_REQUIRED: &str = "MINIMUM_VALUE_REQUIRED";
/// A number is too large.
pub(crate) const MAXIMUM_VALUE_REQUIRED: &str = "MAXIMUM_VALUE_REQUIRED";
/// The minimum is greater than the maximum.
pub(crate) const MIN_VALUE_GREATER_THAN_MAX: &str = "MIN_VALUE_GREATER_THAN_MAX";
/// A reference has no target, or its target has the wrong type for the key.
pub(crate) const INVALID_SCREEN_DYNAMIC_DATA: &str = "INVALID_SCREEN_DYNAMIC_DATA";
/// A list of texts contains a reference.
pub(crate) const INVALID_TEXT_DYNAMIC_DATA: &str = "INVALID_TEXT_DYNAMIC_DATA";
/// A payload refers to nothing, or to something that it can't carry.
pub(crate) const INVALID_ON_CLICK_ACTION_PAYLOAD: &str = "INVALID_ON_CLICK_ACTION_PAYLOAD";
/// A payload contains an invalid expression.
pub(crate) const INVALID_ACTION_PAYLOAD_PROPERTY: &str = "INVALID_ACTION_PAYLOAD_PROPERTY";
/// A payload does not match the data that the next screen declares.
pub(crate) const INVALID_NAVIGATE_ACTION_PAYLOAD: &str = "INVALID_NAVIGATE_ACTION_PAYLOAD";
/// The payload is missing although the next screen declares data.
pub(crate) const MISSING_NAVIGATION_ACTION_PAYLOAD: &str = "MISSING_NAVIGATION_ACTION_PAYLOAD";
/// A literal in a payload does not match what the next screen declares.
pub(crate) const INVALID_NAVIGATE_ACTION_STATIC_DATA: &str = "INVALID_NAVIGATE_ACTION_STATIC_DATA";
/// A payload does not match the data that its own screen declares.
pub(crate) const INVALID_UPDATE_DATA_ACTION_PAYLOAD: &str = "INVALID_UPDATE_DATA_ACTION_PAYLOAD";
/// A screen that is not terminal ends the Flow.
pub(crate) const INVALID_COMPLETE_ACTION: &str = "INVALID_COMPLETE_ACTION";
/// `sensitive` names a field that does not exist.
pub(crate) const INVALID_SENSITIVE_FIELD: &str = "INVALID_SENSITIVE_FIELD";
/// Two fields have the same name.
pub(crate) const DUPLICATE_FORM_COMPONENT_NAMES: &str = "DUPLICATE_FORM_COMPONENT_NAMES";
/// A field is outside of the Form although the screen has one.
pub(crate) const COMPONENTS_OUTSIDE_FORM: &str = "COMPONENTS_OUTSIDE_FORM";
/// A screen has too many components of one kind.
pub(crate) const COMPONENT_TYPE_MAX_NUMBER_PER_SCREEN: &str =
    "COMPONENT_TYPE_MAX_NUMBER_PER_SCREEN";
/// A screen has too many components.
pub(crate) const MAX_ALLOWED_COMPONENTS_PER_SCREEN: &str = "MAX_ALLOWED_COMPONENTS_PER_SCREEN";
/// `If`s are nested too deeply.
pub(crate) const MAXIMUM_IF_NESTING: &str = "MAXIMUM_IF_NESTING";
/// A RichText has other components beside it, before 6.0.
pub(crate) const INVALID_RICHTEXT_PLACEMENT: &str = "INVALID_RICHTEXT_PLACEMENT";
/// A component that must stand alone has others beside it.
pub(crate) const INVALID_COMPONENT_PLACEMENT: &str = "INVALID_COMPONENT_PLACEMENT";
/// A file picker has an initial value.
pub(crate) const NATIVE_COMPONENT_IN_FORM_INIT_VALUES: &str =
    "NATIVE_COMPONENT_IN_FORM_INIT_VALUES";
/// Some options have images and others have colours.
pub(crate) const DATA_SOURCE_ITEMS_HAVE_BOTH_IMAGE_AND_COLOR: &str =
    "DATA_SOURCE_ITEMS_HAVE_BOTH_IMAGE_AND_COLOR";
/// A date is invalid, or outside of its range.
pub(crate) const INVALID_DATE_RANGE: &str = "INVALID_DATE_RANGE";
/// An initial date is invalid.
pub(crate) const INVALID_DATE_SINGLE_INIT_VALUE_FORMAT: &str =
    "INVALID_DATE_SINGLE_INIT_VALUE_FORMAT";
/// The minimum of days is greater than the maximum.
pub(crate) const INVALID_MIN_MAX_DAYS: &str = "INVALID_MIN_MAX_DAYS";
/// A setting of a range lacks one of its ends.
pub(crate) const MISSING_CALENDAR_PICKER_RANGE_MODE_PROP: &str =
    "MISSING_CALENDAR_PICKER_RANGE_MODE_PROP";
/// A setting of a range has a member that is not an end.
pub(crate) const UNEXPECTED_CALENDAR_PICKER_RANGE_MODE_PROP: &str =
    "UNEXPECTED_CALENDAR_PICKER_RANGE_MODE_PROP";
/// A key belongs to another mode.
pub(crate) const INVALID_PROPERTY_NAME_FOR_CONDITION: &str = "INVALID_PROPERTY_NAME_FOR_CONDITION";
/// A value does not fit the value of another key.
pub(crate) const INVALID_PROPERTY_VALUE_FOR_CONDITION: &str =
    "INVALID_PROPERTY_VALUE_FOR_CONDITION";
/// Something is declared twice. The misspelling is Meta's.
pub(crate) const DUPLICATE_PROPERTY_FOR_CONDITION: &str = "DUPLICATE_PROPETY_FOR_CONDITION";

/// The client's error key: the routing model has no route to this screen.
pub(crate) const INVALID_SCREEN_TRANSITION: &str = "invalid-screen-transition";
/// The client's error key: the data does not match what the screen declares.
pub(crate) const PAYLOAD_SCHEMA_ERROR: &str = "payload-schema-error";
