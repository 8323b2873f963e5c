//! The requests that a phone sends, before encryption.
//!
//! Each function returns the JSON object for [`FlowClient::call`](super::FlowClient::call), in the
//! shape that current WhatsApp clients send with data API 3.0.

use serde_json::{Value, json};

/// The data API version that these functions write. Clients send it as a string.
pub const DATA_API_VERSION: &str = "3.0";

/// Meta's health check. It carries no flow token.
pub fn ping() -> Value {
    json!({"version": DATA_API_VERSION, "action": "ping"})
}

/// The user opens the flow.
pub fn init(flow_token: &str) -> Value {
    action("INIT", "", json!({}), flow_token)
}

/// The user submits `screen`, or a component's on-select-action fires on it; `data` is the form.
pub fn data_exchange(screen: &str, data: Value, flow_token: &str) -> Value {
    action("data_exchange", screen, data, flow_token)
}

/// The user goes back from `screen`, on a screen with `refresh_on_back`.
pub fn back(screen: &str, flow_token: &str) -> Value {
    action("BACK", screen, json!({}), flow_token)
}

/// The client reports that it could not use the last reply: `key` is Meta's error key, `message`
/// its text.
pub fn error_notification(screen: &str, key: &str, message: &str, flow_token: &str) -> Value {
    let data = json!({"error": key, "error_message": message});
    action("data_exchange", screen, data, flow_token)
}

/// The same payload with another data API version, such as `"4.0"`. Anything but an object comes
/// back unchanged.
pub fn with_version(payload: Value, version: &str) -> Value {
    with_field(payload, "version", version)
}

/// The same payload with the token's JWT, as clients send it from data API 4.0 on (see
/// [`FlowClient::flow_token_signature`](super::FlowClient::flow_token_signature)). Anything but an
/// object comes back unchanged.
pub fn with_flow_token_signature(payload: Value, signature: &str) -> Value {
    with_field(payload, "flow_token_signature", signature)
}

fn action(action: &str, screen: &str, data: Value, flow_token: &str) -> Value {
    json!({
        "version": DATA_API_VERSION,
        "action": action,
        "screen": screen,
        "data": data,
        "flow_token": flow_token,
    })
}

fn with_field(mut payload: Value, name: &str, text: &str) -> Value {
    if let Some(fields) = payload.as_object_mut() {
        fields.insert(name.to_owned(), Value::from(text));
    }
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_notification_has_no_other_keys_in_its_data() {
        let payload = error_notification("WELCOME", "timeout_error", "too slow", "token-1");

        let keys: Vec<_> = payload["data"].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["error", "error_message"]);
        assert_eq!(payload["flow_token"], "token-1");
    }

    #[test]
    fn the_version_can_be_replaced() {
        let payload = with_version(init("token-1"), "4.0");

        assert_eq!(payload["version"], "4.0");
        assert_eq!(payload["action"], "INIT");
    }
}
