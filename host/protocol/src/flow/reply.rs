//! What goes back to the client, before it is encrypted.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{FlowToken, PluginReply};
use flowhost_flow_json::{ERROR_MESSAGE, EXTENSION_MESSAGE_RESPONSE, SUCCESS};

/// A reply in clear: its kind, which decides the HTTP status, and its JSON. The JSON is kept as
/// bytes, so that a repeated request gets the same bytes.
///
/// Its `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowReply {
    kind: ReplyKind,
    payload: Vec<u8>,
}

impl fmt::Debug for FlowReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlowReply({:?}, {} bytes)", self.kind, self.payload.len())
    }
}

/// What a reply means to the client; each has a status of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// An answer to show.
    Answer,
    /// The flow token is no longer valid.
    TokenRejected,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The flow ended: the session is over.
    Completed,
    /// The plugin failed; the user saw the flow's failure text.
    Failed,
    /// The session was over already: the user saw that the token is no longer valid.
    Refused,
    /// The plugin refused the token: the session is over.
    Rejected,
    /// The user saw a screen.
    Screen,
}

impl Outcome {
    /// The outcome as the database and the API spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Screen => "screen",
        }
    }
}

impl FlowReply {
    /// The kind of the reply, which decides its HTTP status.
    pub fn kind(&self) -> ReplyKind {
        self.kind
    }

    /// The reply's JSON.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The answer to a health check of a flow that can serve.
    pub fn active() -> Self {
        Self::answer(&json!({"data": {"status": "active"}}))
    }

    /// The answer to an error notification, however it was handled.
    pub fn acknowledged() -> Self {
        Self::answer(&json!({"data": {"acknowledged": true}}))
    }

    /// A reply that was stored with its exchange. The caller asserts that: a reply that was never
    /// committed could be answered differently the next time.
    pub fn assert_stored(kind: ReplyKind, payload: Vec<u8>) -> Self {
        Self { kind, payload }
    }

    /// Says that the token is no longer valid. `text` is shown to the user.
    pub(super) fn token_rejected(text: &str) -> Self {
        let payload =
            serde_json::to_vec(&json!({"error_msg": text})).expect("a string map is JSON");
        Self { kind: ReplyKind::TokenRejected, payload }
    }

    /// A screen, with an error for the user if there is one.
    pub(super) fn screen(
        name: &str,
        mut data: Map<String, Value>,
        error_message: Option<&str>,
    ) -> Self {
        if let Some(text) = error_message {
            data.insert(ERROR_MESSAGE.to_owned(), Value::from(text));
        }
        Self::answer(&Screen { screen: name, data })
    }

    /// A plugin's reply. A completion always carries the flow token.
    pub(super) fn of_plugin(reply: PluginReply, token: Option<&FlowToken>) -> Self {
        match reply {
            PluginReply::Close => Self::screen(SUCCESS, Map::new(), None),
            PluginReply::Complete(mut params) => {
                let token = token.map_or("", FlowToken::expose);
                params.entry("flow_token").or_insert_with(|| Value::from(token));
                let data = Map::from_iter([(
                    EXTENSION_MESSAGE_RESPONSE.to_owned(),
                    json!({"params": params}),
                )]);
                Self::screen(SUCCESS, data, None)
            }
            PluginReply::RejectToken(text) => Self::token_rejected(&text),
            PluginReply::Screen { screen, data, error_message } => {
                Self::screen(&screen, data, error_message.as_deref())
            }
        }
    }

    fn answer(payload: &impl Serialize) -> Self {
        let payload = serde_json::to_vec(payload).expect("maps with string keys are JSON");
        Self { kind: ReplyKind::Answer, payload }
    }
}

#[derive(Serialize)]
struct Screen<'a> {
    screen: &'a str,
    data: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_own_replies_are_as_meta_documents_them() {
        assert_eq!(FlowReply::active().payload(), br#"{"data":{"status":"active"}}"#);
        assert_eq!(FlowReply::acknowledged().payload(), br#"{"data":{"acknowledged":true}}"#);
        assert_eq!(FlowReply::acknowledged().kind(), ReplyKind::Answer);
    }

    /// The database has these texts.
    #[test]
    fn outcomes_are_spelled_as_they_are_stored() {
        use Outcome::*;
        let all = [Completed, Failed, Refused, Rejected, Screen].map(Outcome::as_str);
        assert_eq!(all, ["completed", "failed", "refused", "rejected", "screen"]);
    }
}
