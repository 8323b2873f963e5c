//! What a client asks: the decrypted payload, parsed as leniently as `protocol.md` section 3
//! requires.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{RequestError, json_text};
use crate::ids::TokenHash;
use flowhost_flow_json::Origin;

/// One decrypted request.
#[derive(Debug)]
pub enum FlowRequest {
    /// Meta's health check.
    Ping,
    /// A client reports that it could not use an earlier reply.
    ClientError(ClientError),
    /// A user did something; the plugin answers it.
    Exchange(Exchange),
}

/// A user's step in a flow. Its `Debug` shows no user data.
#[derive(Clone)]
pub struct Exchange {
    /// Why the client calls.
    pub action: Action,
    /// The screen that the user is on. `None` if the client sent none or an empty one.
    pub screen: Option<String>,
    /// The form's fields: the JSON object as the client wrote it, except that halves of surrogate
    /// pairs are replaced. `{}` if the client sent none.
    pub data: String,
    /// The conversation's token; some devices leave it out.
    pub flow_token: Option<FlowToken>,
    /// The version of the data API, as sent; empty if absent.
    pub version: String,
    /// The JWT that signs the token, if the client sent one.
    pub flow_token_signature: Option<String>,
}

/// What a client reported about an earlier reply.
///
/// Its `Debug` shows only the key.
#[derive(Clone)]
pub struct ClientError {
    /// The screen that was shown. `None` if the client sent none or an empty one.
    pub screen: Option<String>,
    /// Meta's error key. It may be empty, and the set of keys is open.
    pub key: String,
    /// Meta's explanation; may be empty.
    pub message: String,
    /// The conversation's token. `None` if the client sent none.
    pub flow_token: Option<FlowToken>,
}

impl Exchange {
    /// Where the user is, from the client's view when the reply arrives.
    pub fn origin(&self) -> Origin<'_> {
        match (self.action, &self.screen) {
            (Action::Back | Action::DataExchange, Some(screen)) => Origin::Screen(screen),
            (Action::Init, _) | (_, None) => Origin::Init,
        }
    }
}

impl ClientError {
    /// Whether it says that the public key at Meta is missing or not signed, so that no client can
    /// encrypt for this endpoint.
    pub fn is_about_the_public_key(&self) -> bool {
        is_about_the_public_key(&self.key)
    }
}

/// Whether Meta's key of an error says that the public key there is missing or not signed.
pub fn is_about_the_public_key(key: &str) -> bool {
    // The second is spelled as Meta spells it.
    matches!(key, "public-key-missing" | "public-key-signiture-verification")
}

/// Why a client calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The user pressed back on a screen that refreshes.
    Back,
    /// The user submitted a screen or changed a component that asks for data.
    DataExchange,
    /// The user opened the flow.
    Init,
}

impl Action {
    /// The action as it is spelled on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Back => "BACK",
            Self::DataExchange => "data_exchange",
            Self::Init => "INIT",
        }
    }
}

/// The secret name of one conversation. Only its hash is stored, and it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowToken(String);

impl FlowToken {
    /// Takes the token as the client sent it. An empty token counts as absent.
    pub fn new(token: String) -> Option<Self> {
        (!token.is_empty()).then_some(Self(token))
    }

    /// The token in clear, for the plugin and for the final reply.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The hash by which the database knows the token.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("action", &self.action)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientError").field("key", &self.key).finish_non_exhaustive()
    }
}

impl fmt::Debug for FlowToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowToken(..)")
    }
}

impl FlowRequest {
    /// Parses a decrypted payload. Half of a surrogate pair is read as U+FFFD anywhere. The
    /// alternative would be to answer that the payload cannot be decrypted, which is wrong: no
    /// other key would turn it into text.
    pub fn parse(plaintext: &[u8]) -> Result<Self, RequestError> {
        let text = std::str::from_utf8(plaintext).map_err(|_| RequestError::Malformed)?;
        let text = json_text::readable(text);
        let payload: Payload = serde_json::from_str(&text).map_err(|_| RequestError::Malformed)?;
        let fields = payload.fields()?;
        if let Some(error) = payload.client_error(&fields) {
            return Ok(Self::ClientError(error));
        }
        let action = match payload.action.as_str() {
            "ping" => return Ok(Self::Ping),
            "INIT" => Action::Init,
            "BACK" => Action::Back,
            "data_exchange" => Action::DataExchange,
            _ => return Err(RequestError::UnknownAction),
        };
        Ok(Self::Exchange(payload.into_exchange(action)))
    }
}

/// The payload on the wire. A repeated field is an error, an unknown one is ignored.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(default)]
    action: String,
    #[serde(default)]
    version: Version,
    screen: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    flow_token: Option<String>,
    flow_token_signature: Option<String>,
}

/// Devices send the version as a string or as a number.
#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Version {
    Text(String),
    Number(serde_json::Number),
    #[default]
    Absent,
}

impl Payload<'_> {
    /// `data` as an object: empty if it is absent or null.
    fn fields(&self) -> Result<Map<String, Value>, RequestError> {
        match self.data {
            None => Ok(Map::new()),
            Some(raw) => serde_json::from_str::<Option<Map<String, Value>>>(raw.get())
                .map(Option::unwrap_or_default)
                .map_err(|_| RequestError::Malformed),
        }
    }

    /// Recognises an error notification by its `data` alone: `error` or `error_key` is present,
    /// even if empty, and nothing else but `error_message`. A form may have a field called `error`.
    fn client_error(&self, fields: &Map<String, Value>) -> Option<ClientError> {
        let key = fields.get("error").or_else(|| fields.get("error_key"))?;
        if fields.keys().any(|name| !ERROR_FIELDS.contains(&name.as_str())) {
            return None;
        }
        Some(ClientError {
            screen: name(self.screen.clone()),
            key: storable(text_of(key)),
            message: fields.get("error_message").map(text_of).unwrap_or_default(),
            flow_token: self.flow_token.clone().and_then(FlowToken::new),
        })
    }

    fn into_exchange(self, action: Action) -> Exchange {
        Exchange {
            action,
            screen: name(self.screen),
            data: match self.data.map(RawValue::get) {
                None | Some("null") => "{}".to_owned(),
                Some(data) => data.to_owned(),
            },
            flow_token: self.flow_token.and_then(FlowToken::new),
            version: match self.version {
                Version::Text(text) => text,
                Version::Number(number) => number.to_string(),
                Version::Absent => String::new(),
            },
            flow_token_signature: self.flow_token_signature,
        }
    }
}

fn name(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(storable)
}

/// Replaces U+0000, which a text column of the database cannot hold. Sealed values are not
/// affected.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

const ERROR_FIELDS: [&str; 3] = ["error", "error_key", "error_message"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn empty_and_absent_screen_and_data_are_the_same() {
        for payload in [
            r#"{"version":"3.0","action":"INIT","screen":"","data":{},"flow_token":"t"}"#,
            r#"{"version":"3.0","action":"INIT","flow_token":"t"}"#,
            r#"{"version":"3.0","action":"INIT","screen":null,"data":null,"flow_token":"t","new":[1]}"#,
        ] {
            let exchange = exchange(payload);
            assert_eq!((exchange.screen, exchange.data.as_str()), (None, "{}"), "{payload}");
        }
    }

    #[test]
    fn actions_are_read_as_they_are_spelled() {
        for action in [Action::Init, Action::Back, Action::DataExchange] {
            let read = exchange(&format!(r#"{{"action":"{}","screen":"A"}}"#, action.as_str()));
            assert_eq!((read.action, read.screen.as_deref()), (action, Some("A")));
            let expected = if action == Action::Init { Origin::Init } else { Origin::Screen("A") };
            assert_eq!(read.origin(), expected);
        }
        assert_eq!(exchange(r#"{"action":"data_exchange"}"#).origin(), Origin::Init);
        let ping = FlowRequest::parse(br#"{"action":"ping","version":"3.0"}"#).unwrap();
        assert!(matches!(ping, FlowRequest::Ping), "{ping:?}");
    }

    #[test]
    fn an_error_about_the_public_key_is_told_from_others() {
        for (key, is_about_it) in [
            ("public-key-missing", true),
            ("public-key-signiture-verification", true),
            ("payload-schema-error", false),
        ] {
            let payload = format!(r#"{{"data":{{"error":"{key}"}}}}"#);
            let FlowRequest::ClientError(error) = FlowRequest::parse(payload.as_bytes()).unwrap()
            else {
                panic!("{payload}")
            };
            assert_eq!(error.is_about_the_public_key(), is_about_it, "{key}");
        }
    }

    #[test]
    fn hands_on_the_data_as_it_was_written() {
        let exchange = exchange(
            r#"{"action":"data_exchange","screen":"A","data":{"n": 12345678901234567890123, "s":"é"},"version":4.0}"#,
        );
        assert_eq!(exchange.data, r#"{"n": 12345678901234567890123, "s":"é"}"#);
        assert_eq!(exchange.version, "4.0");
        assert!(exchange.flow_token.is_none());
    }

    #[test]
    fn what_is_no_text_is_read_as_a_replacement_character_everywhere() {
        let data = r#"{"na\ud83cme":"Ana \ud83c","list":["\udf89\ud83c"],"pair":"\ud83c\udf89","escaped":"\\ud83c","nul":"\u0000"}"#;
        let repaired = r#"{"na\ufffdme":"Ana \ufffd","list":["\ufffd\ufffd"],"pair":"\ud83c\udf89","escaped":"\\ud83c","nul":"\u0000"}"#;
        let payload = |data: &str| {
            format!(
                r#"{{"action":"data_exchange","screen":"A\u0000","flow_token":"t\ud83c","version":"\udf89","new\ud83c":"\ud83c","data":{data}}}"#
            )
        };

        let exchange = exchange(&payload(data));

        assert_eq!(exchange.data, repaired);
        assert_eq!(
            (exchange.screen.as_deref(), exchange.version.as_str()),
            (Some("A\u{fffd}"), "\u{fffd}")
        );
        assert_eq!(exchange.flow_token.unwrap().expose(), "t\u{fffd}");
        let error = payload(r#"{"error":"\u0000key","error_message":"Ana \ud83c"}"#);
        let FlowRequest::ClientError(error) = FlowRequest::parse(error.as_bytes()).unwrap() else {
            panic!("{error}")
        };
        assert_eq!((error.key.as_str(), error.message.as_str()), ("\u{fffd}key", "Ana \u{fffd}"));
    }

    #[test]
    fn tells_error_notifications_from_forms() {
        for (data, key) in [
            (r#"{"error":"payload-schema-error","error_message":"m"}"#, "payload-schema-error"),
            (r#"{"error":"","error_message":"m"}"#, ""),
            (r#"{"error_key":"x"}"#, "x"),
            (r#"{"error":null}"#, "null"),
        ] {
            match FlowRequest::parse(format!(r#"{{"action":"navigate","data":{data}}}"#).as_bytes())
                .unwrap()
            {
                FlowRequest::ClientError(error) => assert_eq!(error.key, key, "{data}"),
                other => panic!("{data}: {other:?}"),
            }
        }
        for form in [r#"{"error":"it broke","name":"Ana"}"#, r#"{"error_message":"m"}"#, "{}"] {
            exchange(&format!(r#"{{"action":"data_exchange","data":{form}}}"#));
        }
    }

    #[test]
    fn refuses_what_is_no_request() {
        use RequestError::*;
        let deep = format!(
            r#"{{"action":"INIT","data":{{"a":{}{}}}}}"#,
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        for (payload, why) in [
            ("", Malformed),
            ("[]", Malformed),
            ("{", Malformed),
            (r#"{"action":5}"#, Malformed),
            (r#"{"action":"INIT","action":"BACK"}"#, Malformed),
            (r#"{"action":"INIT","data":[]}"#, Malformed),
            (r#"{"action":"INIT","data":"x"}"#, Malformed),
            (r#"{"action":"INIT","screen":7}"#, Malformed),
            (r#"{"action":"INIT","flow_token":7}"#, Malformed),
            (&deep, Malformed),
            (r#"{"action":"navigate"}"#, UnknownAction),
            ("{}", UnknownAction),
        ] {
            assert_eq!(FlowRequest::parse(payload.as_bytes()).unwrap_err(), why, "{payload:.60}");
        }
        assert_eq!(FlowRequest::parse(b"{\"action\":\"\xff\"}").unwrap_err(), Malformed);
    }

    #[test]
    fn debug_shows_neither_a_token_nor_what_was_said() {
        assert_eq!(format!("{:?}", FlowToken::new("secret".to_owned())), "Some(FlowToken(..))");
        for payload in [
            r#"{"action":"INIT","screen":"secret","data":{"a":"secret"},"flow_token":"secret","flow_token_signature":"secret"}"#,
            r#"{"action":"INIT","screen":"secret","data":{"error":"timeout_error","error_message":"secret"},"flow_token":"secret"}"#,
        ] {
            let shown = format!("{:?}", FlowRequest::parse(payload.as_bytes()).unwrap());
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.contains("Init") || shown.contains("timeout_error"), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = FlowRequest::parse(&bytes);
        }
    }

    fn exchange(payload: &str) -> Exchange {
        match FlowRequest::parse(payload.as_bytes()).unwrap() {
            FlowRequest::Exchange(exchange) => exchange,
            other => panic!("{payload}: {other:?}"),
        }
    }
}
