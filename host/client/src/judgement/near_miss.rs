//! Guesses what the author of a reply may have meant: fields under another name, in another place,
//! or encoded as JSON once too often.

use serde_json::{Map, Value};

use flowhost_flow_json::{ERROR_MESSAGE, EXTENSION_MESSAGE_RESPONSE, SUCCESS};

/// Likely slips in a reply to a turn, whether it is shown or not. They may quote the reply, which
/// is untrusted text.
pub(super) fn hints(reply: &Value) -> Vec<String> {
    let fields = match (wrapped(reply), reply) {
        (None, Value::Object(fields)) => fields,
        (hint, _) => return hint.into_iter().collect(),
    };
    let data = fields.get("data").and_then(Value::as_object);
    let found = [
        ending(fields),
        screen_elsewhere(fields),
        fields.get("data").and_then(data_as_text),
        params_elsewhere(fields).or_else(|| data_elsewhere(fields)),
        params_as_text(data),
        params_too_early(fields),
        message_elsewhere(fields),
    ];
    found.into_iter().flatten().collect()
}

/// The text of a refusal under another name.
pub(super) fn of_refusal(reply: &Value) -> Option<String> {
    let places = [ERROR_MESSAGE, "error", "message", "errorMsg", "msg"].into_iter();
    let name = places.into_iter().find(|name| reply.get(name).is_some_and(Value::is_string))?;
    Some(format!("`{name}` is called `error_msg` in a 427"))
}

/// JSON within JSON, or one more layer around it.
pub(super) fn wrapped(reply: &Value) -> Option<String> {
    match reply {
        Value::String(text) => object_in(text).map(|_| {
            "it was made JSON twice: encrypt the JSON itself, not a JSON string of it".to_owned()
        }),
        Value::Array(elements) => matches!(elements.as_slice(), [Value::Object(_)])
            .then(|| "the reply is the object itself, not a list with it".to_owned()),
        Value::Object(fields) if !fields.contains_key("screen") => {
            let is_reply =
                |value: &Value| value.get("screen").is_some() && value.get("data").is_some();
            let layer = LAYERS.into_iter().find(|name| fields.get(*name).is_some_and(is_reply))?;
            Some(format!("what is within `{layer}` is the reply: leave `{layer}` out"))
        }
        _ => None,
    }
}

/// A reply that is meant to end the Flow but shows a screen.
fn ending(fields: &Map<String, Value>) -> Option<String> {
    let screen = fields.get("screen").and_then(Value::as_str).unwrap_or_default();
    if screen == SUCCESS {
        return None;
    }
    if screen.trim().eq_ignore_ascii_case(SUCCESS) {
        return Some(format!(
            "what ends a Flow is called {SUCCESS}, in capitals and with nothing around it; {screen:?} is a screen like any other"
        ));
    }
    let action = fields.get("action")?.as_str()?;
    Some(match action {
        "complete" | "close" | "success" | "finish" => format!(
            "`action` means nothing in a reply. To end the Flow, the screen is {SUCCESS}: \
             {{\"screen\":\"{SUCCESS}\",\"data\":{{\"{EXTENSION_MESSAGE_RESPONSE}\":{{\"params\":{{\"flow_token\":..}}}}}}}}"
        ),
        _ => "`action` means nothing in a reply: `screen` says what is shown".to_owned(),
    })
}

/// The screen's name under another name, or within the data.
fn screen_elsewhere(fields: &Map<String, Value>) -> Option<String> {
    match fields.get("screen") {
        Some(Value::String(name)) if !name.is_empty() => return None,
        Some(Value::Object(_)) => {
            return Some("`screen` is the name alone, such as \"screen\":\"DETAILS\"".to_owned());
        }
        _ => (),
    }
    let is_name = |value: &Value| value.as_str().or_else(|| value["name"].as_str()).is_some();
    if let Some(name) = SCREEN_NAMES.into_iter().find(|name| fields.get(*name).is_some_and(is_name))
    {
        return Some(format!(
            "`{name}` is no field of a reply: the name of the screen is in `screen`"
        ));
    }
    let data = fields.get("data")?;
    // Forms have a `name` too, so only names count that mention a screen.
    let name = std::iter::once("screen")
        .chain(SCREEN_NAMES)
        .filter(|name| name.contains("screen") || name.contains("Screen"))
        .find(|name| data.get(name).is_some_and(is_name))?;
    Some(format!("`{name}` is within `data`: `screen` stands beside it"))
}

fn data_as_text(data: &Value) -> Option<String> {
    object_in(data.as_str()?)
        .map(|_| "`data` is JSON as a text, made JSON twice: it is an object".to_owned())
}

/// Data under another name, or directly beside `screen`.
fn data_elsewhere(fields: &Map<String, Value>) -> Option<String> {
    if fields.contains_key("data") || !fields.contains_key("screen") {
        return None;
    }
    if let Some(name) =
        DATA_NAMES.into_iter().find(|name| fields.get(*name).is_some_and(Value::is_object))
    {
        return Some(format!("`{name}` is called `data` in a reply"));
    }
    let outside = fields
        .keys()
        .find(|name| !["screen", "version", "action", "flow_token"].contains(&name.as_str()))?;
    Some(format!("`{outside}` belongs into `data`"))
}

/// The response for the chat, in a place where the phone does not look.
fn params_elsewhere(fields: &Map<String, Value>) -> Option<String> {
    let data = fields.get("data");
    if data.is_some_and(|data| data.get(EXTENSION_MESSAGE_RESPONSE).is_some()) {
        return None;
    }
    let place = if fields.contains_key(EXTENSION_MESSAGE_RESPONSE) {
        format!("`{EXTENSION_MESSAGE_RESPONSE}` stands beside `data`")
    } else if fields.get("params").is_some_and(Value::is_object) {
        "`params` stands beside `data`".to_owned()
    } else if fields.get("screen").is_some_and(|screen| screen == SUCCESS) {
        let within = ["params", "flow_token"]
            .into_iter()
            .find(|name| data.is_some_and(|data| data.get(name).is_some()))?;
        format!("`{within}` stands in `data` itself")
    } else {
        return None;
    };
    Some(format!(
        "{place}, where it is not looked for: what the chat gets is data.{EXTENSION_MESSAGE_RESPONSE}.params"
    ))
}

fn params_as_text(data: Option<&Map<String, Value>>) -> Option<String> {
    let response = data?.get(EXTENSION_MESSAGE_RESPONSE)?;
    let text = response.as_str().or_else(|| response["params"].as_str())?;
    object_in(text)
        .map(|_| format!("`{EXTENSION_MESSAGE_RESPONSE}` has JSON as a text in it, made JSON twice: `params` is an object"))
}

/// A response for the chat on a screen that does not end the Flow.
fn params_too_early(fields: &Map<String, Value>) -> Option<String> {
    let screen = fields.get("screen")?.as_str()?;
    let is_there =
        fields.get("data").is_some_and(|data| data.get(EXTENSION_MESSAGE_RESPONSE).is_some());
    (is_there && screen != SUCCESS)
        .then(|| format!("`{EXTENSION_MESSAGE_RESPONSE}` counts with the screen {SUCCESS} alone; the chat gets nothing"))
}

/// The text that pops up on a screen, in a place where the phone does not look.
fn message_elsewhere(fields: &Map<String, Value>) -> Option<String> {
    if let Some(name) =
        [ERROR_MESSAGE, "error_msg"].into_iter().find(|name| fields.contains_key(*name))
    {
        let refusal =
            if name == "error_msg" { "; with it alone, a 427 refuses the flow token" } else { "" };
        return Some(format!(
            "`{name}` stands beside `data`; the message on a screen is data.{ERROR_MESSAGE}{refusal}"
        ));
    }
    let data = fields.get("data").filter(|data| data.get(ERROR_MESSAGE).is_none())?;
    let name = ["error_msg", "errorMessage", "error-message"]
        .into_iter()
        .find(|name| data.get(name).is_some_and(Value::is_string))?;
    Some(format!("`{name}` shows nothing: the message on a screen is `{ERROR_MESSAGE}`"))
}

/// The object that a text holds as JSON, if any. A text that was encoded repeatedly is decoded up
/// to [`MAX_LAYERS`] times more.
fn object_in(text: &str) -> Option<Value> {
    let mut value = serde_json::from_str::<Value>(text).ok()?;
    for _ in 0..MAX_LAYERS {
        let Value::String(inner) = &value else { break };
        value = serde_json::from_str(inner).ok()?;
    }
    value.is_object().then_some(value)
}

const LAYERS: [&str; 8] =
    ["response", "body", "payload", "reply", "result", "data", "message", "flow"];
const SCREEN_NAMES: [&str; 9] = [
    "next_screen",
    "nextScreen",
    "next",
    "screen_name",
    "screenName",
    "screen_id",
    "screenId",
    "Screen",
    "SCREEN",
];
const DATA_NAMES: [&str; 6] = ["Data", "DATA", "payload", "fields", "body", "values"];

/// Nobody encodes JSON more often by mistake.
const MAX_LAYERS: usize = 3;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_slip_has_its_hint() {
        let success = |data: Value| json!({"screen": "SUCCESS", "data": data});
        for (reply, part) in [
            (
                json!({"version": "3.0", "action": "complete", "screen": "MY_SCREEN", "data": {}}),
                "the screen is SUCCESS",
            ),
            (json!({"action": "navigate", "screen": "A", "data": {}}), "`action` means nothing"),
            (json!({"screen": "success", "data": {}}), "in capitals"),
            (json!({"screen": "SUCCESS ", "data": {}}), "nothing around it"),
            (json!({"next_screen": "A", "data": {}}), "`next_screen` is no field"),
            (json!({"next": {"type": "screen", "name": "A"}, "data": {}}), "`next` is no field"),
            (json!({"screen": {"name": "A"}, "data": {}}), "the name alone"),
            (json!({"data": {"screen": "A"}}), "`screen` is within `data`"),
            (json!({"data": {"screen_name": "A"}}), "`screen_name` is within `data`"),
            (json!({"screen": "A", "data": "{\"x\":1}"}), "`data` is JSON as a text"),
            (json!({"screen": "A", "payload": {"x": 1}}), "`payload` is called `data`"),
            (json!({"screen": "A", "x": 1}), "`x` belongs into `data`"),
            (
                json!({"screen": "SUCCESS", "params": {"flow_token": "t"}}),
                "`params` stands beside `data`",
            ),
            (success(json!({"params": {"flow_token": "t"}})), "`params` stands in `data` itself"),
            (success(json!({"flow_token": "t"})), "`flow_token` stands in `data` itself"),
            (
                json!({"screen": "SUCCESS", "data": {}, "params": {}}),
                "`params` stands beside `data`",
            ),
            (
                json!({"screen": "SUCCESS", "data": {}, "extension_message_response": {}}),
                "stands beside `data`",
            ),
            (
                success(json!({"extension_message_response": {"params": "{\"a\":1}"}})),
                "has JSON as a text",
            ),
            (
                success(json!({"extension_message_response": "{\"params\":{}}"})),
                "has JSON as a text",
            ),
            (
                json!({"screen": "A", "data": {"extension_message_response": {"params": {}}}}),
                "SUCCESS alone",
            ),
            (json!({"screen": "A", "data": {}, "error_message": "No."}), "data.error_message"),
            (json!({"error_msg": "No."}), "427"),
            (json!({"screen": "A", "data": {"error_msg": "No."}}), "shows nothing"),
            (json!("{\"screen\":\"A\",\"data\":{}}"), "JSON twice"),
            (json!("\"{\\\"screen\\\":\\\"A\\\"}\""), "JSON twice"),
            (json!([{"screen": "A", "data": {}}]), "not a list"),
            (json!({"response": {"screen": "A", "data": {}}}), "leave `response` out"),
            (json!({"data": {"screen": "A", "data": {}}}), "leave `data` out"),
        ] {
            let hints = hints(&reply);
            assert!(
                matches!(hints.as_slice(), [hint] if hint.contains(part)),
                "{reply}: {hints:?}"
            );
        }
    }

    #[test]
    fn a_right_reply_has_none() {
        for reply in [
            json!({"screen": "A", "data": {}}),
            json!({"version": "3.0", "screen": "A", "data": {"screen": "x", "params": {}, "error_message": "No."}}),
            json!({"screen": "SUCCESS", "data": {}}),
            json!({"data": {"name": "Ana", "next": "x"}}),
            json!({"screen": "SUCCESS", "data": {"extension_message_response": {"params": {"flow_token": "t"}}}, "action": "x"}),
            json!([]),
            json!("text"),
            json!(7),
        ] {
            assert_eq!(hints(&reply), Vec::<String>::new(), "{reply}");
        }
    }

    #[test]
    fn a_refusals_text_may_have_another_name() {
        assert_eq!(
            of_refusal(&json!({"message": "over"})).as_deref(),
            Some("`message` is called `error_msg` in a 427")
        );
        assert_eq!((of_refusal(&json!({})), of_refusal(&json!([]))), (None, None));
    }
}
