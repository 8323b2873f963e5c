//! The decrypted payload: what `FlowRequest::parse` accepts is a JSON object, and it parses to the
//! same request after it is written out again. Half of a surrogate pair is replaced; everything
//! else is kept as it was written.
//!
//! Input: the payload.

use std::collections::BTreeMap;

use flowhost_protocol::flow::{ClientError, Exchange, FlowRequest, FlowToken};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// Returns whether the host accepted the payload as a request.
///
/// If the host accepts what is not a JSON object, or if a request breaks what its type promises or
/// changes on the way to JSON and back.
pub fn check(data: &[u8]) -> bool {
    let Ok(request) = FlowRequest::parse(data) else { return false };
    let text = std::str::from_utf8(data).expect("a request is UTF-8");
    if is_all_text(text) {
        let fields: BTreeMap<String, &RawValue> =
            serde_json::from_str(text).expect("a request is a JSON object");
        match &request {
            FlowRequest::Ping => assert_eq!(text_of(fields.get("action")), "ping"),
            FlowRequest::ClientError(error) => assert_client_error(error, &fields),
            FlowRequest::Exchange(exchange) => assert_exchange(exchange, &fields),
        }
    } else if let FlowRequest::Exchange(exchange) = &request {
        assert!(is_all_text(&exchange.data), "the plugin gets what can be read");
    }
    let again =
        FlowRequest::parse(&written(&request)).expect("a request that was written out is one");
    assert_eq!(shown(&again), shown(&request), "a request changes when it is read again");
    true
}

/// Whether no escape stands for half of a surrogate pair, which `serde_json` refuses.
fn is_all_text(json: &str) -> bool {
    serde_json::from_str::<Value>(json).is_ok()
}

/// A screen's name in the form that can be stored.
fn stored(name: String) -> String {
    name.replace('\0', "\u{fffd}")
}

/// A request with everything that its `Debug` hides, for comparisons.
pub fn shown(request: &FlowRequest) -> String {
    let token = match request {
        FlowRequest::Ping => None,
        FlowRequest::ClientError(error) => error.flow_token.as_ref(),
        FlowRequest::Exchange(exchange) => exchange.flow_token.as_ref(),
    };
    format!("{request:?} {:?}", token.map(FlowToken::expose))
}

fn assert_client_error(error: &ClientError, fields: &BTreeMap<String, &RawValue>) {
    let data = object(fields["data"]);
    assert!(is_error_notification(&data));
    assert_eq!(error.screen.as_deref().unwrap_or_default(), stored(text_of(fields.get("screen"))));
    assert_eq!(
        error.flow_token.as_ref().map_or("", FlowToken::expose),
        text_of(fields.get("flow_token"))
    );
}

fn assert_exchange(exchange: &Exchange, fields: &BTreeMap<String, &RawValue>) {
    assert_eq!(exchange.action.as_str(), text_of(fields.get("action")));
    assert_eq!(
        exchange.screen.as_deref().unwrap_or_default(),
        stored(text_of(fields.get("screen")))
    );
    assert_eq!(
        exchange.flow_token.as_ref().map_or("", FlowToken::expose),
        text_of(fields.get("flow_token"))
    );
    assert_eq!(
        exchange.flow_token_signature.as_deref().unwrap_or_default(),
        text_of(fields.get("flow_token_signature"))
    );
    match fields.get("data").map(|data| data.get()) {
        None | Some("null") => assert_eq!(exchange.data, "{}"),
        Some(data) => {
            assert_eq!(exchange.data, data, "the plugin gets the data as the client wrote it")
        }
    }
    let data: Map<String, Value> =
        serde_json::from_str(&exchange.data).expect("a request's data is a JSON object");
    assert!(
        !is_error_notification(&data),
        "an error notification went to the plugin as an exchange"
    );
}

/// `protocol.md` section 3: `error` or `error_key` is there, and nothing else but `error_message`.
fn is_error_notification(data: &Map<String, Value>) -> bool {
    let known = |name: &str| ["error", "error_key", "error_message"].contains(&name);
    (data.contains_key("error") || data.contains_key("error_key"))
        && data.keys().all(|name| known(name))
}

fn object(raw: &RawValue) -> Map<String, Value> {
    serde_json::from_str(raw.get()).expect("`data` is a JSON object")
}

/// A field's text; empty if the field is absent or null.
fn text_of(field: Option<&&RawValue>) -> String {
    let text: Option<Option<String>> =
        field.map(|raw| serde_json::from_str(raw.get()).expect("the field is text or null"));
    text.flatten().unwrap_or_default()
}

fn written(request: &FlowRequest) -> Vec<u8> {
    let token = |token: &Option<FlowToken>| token.as_ref().map(|token| token.expose().to_owned());
    let json = match request {
        FlowRequest::Ping => json!({"action": "ping"}),
        FlowRequest::ClientError(error) => json!({
            "screen": error.screen,
            "flow_token": token(&error.flow_token),
            "data": {"error": error.key, "error_message": error.message},
        }),
        FlowRequest::Exchange(exchange) => {
            let rest = json!({
                "action": exchange.action.as_str(),
                "version": exchange.version,
                "screen": exchange.screen,
                "flow_token": token(&exchange.flow_token),
                "flow_token_signature": exchange.flow_token_signature,
            });
            // Spliced in as text, since the data is kept as it was written and may have duplicate
            // keys.
            return format!(
                "{},\"data\":{}}}",
                rest.to_string().trim_end_matches('}'),
                exchange.data
            )
            .into_bytes();
        }
    };
    json.to_string().into_bytes()
}
