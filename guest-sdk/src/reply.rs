//! Replies to the client.

use crate::{Error, Screen};
use serde::Serialize;

/// The reply to one exchange.
///
/// ```
/// use flowhost_sdk::{Reply, json};
///
/// let next = Reply::screen("DETAILS").data(json!({"name": "Ana"}));
/// let same_again = Reply::screen("DETAILS").data(json!({"name": ""})).error("Please enter your name.");
/// let done = Reply::complete(json!({"booking": "B-17"}));
/// # let _ = (next, same_again, done);
/// ```
#[derive(Debug)]
#[must_use = "a reply does nothing until it is returned"]
pub struct Reply(Kind);

#[derive(Debug)]
enum Kind {
    Screen {
        screen: String,
        /// A JSON object.
        data: String,
        error: Option<String>,
    },
    /// A JSON object.
    Complete(String),
    Close,
    RejectToken(String),
    /// A mistake in building the reply. It surfaces when the call ends, so that the builder methods
    /// need no `?`.
    Broken(String),
}

/// A reply whose data is serialized.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FinishedReply {
    Screen { screen: String, data: String, error: Option<String> },
    Complete(String),
    Close,
    RejectToken(String),
}

impl Reply {
    /// Shows this screen. Its data is `{}` until [`Reply::data`] sets it.
    pub fn screen(name: impl Into<String>) -> Self {
        Reply(Kind::Screen { screen: name.into(), data: "{}".to_owned(), error: None })
    }

    /// Shows this screen of the Flow JSON. [`screens!`](crate::screens) generates its type, which
    /// holds the screen's name and data.
    pub fn show<S: Screen>(screen: S) -> Self {
        Reply::screen(S::ID).data(screen)
    }

    /// Sets the screen's data to anything that serializes to a JSON object. Other data makes the
    /// call an internal error.
    pub fn data(self, value: impl ReplyData) -> Self {
        match self.0 {
            Kind::Screen { screen, error, .. } => {
                match to_object(&format!("the data of screen \"{screen}\""), value) {
                    Ok(data) => Reply(Kind::Screen { screen, data, error }),
                    Err(reason) => Reply(Kind::Broken(reason)),
                }
            }
            other => Reply(other.refuse("data")),
        }
    }

    /// Sets a text that the screen shows to the user as an error.
    pub fn error(self, text: impl Into<String>) -> Self {
        match self.0 {
            Kind::Screen { screen, data, .. } => {
                Reply(Kind::Screen { screen, data, error: Some(text.into()) })
            }
            other => Reply(other.refuse("error")),
        }
    }

    /// Finishes the flow. `params`, a JSON object, reach the business with the message in the chat.
    /// The host adds the flow token.
    pub fn complete(params: impl ReplyData) -> Self {
        match to_object("the params of the completed flow", params) {
            Ok(params) => Reply(Kind::Complete(params)),
            Err(reason) => Reply(Kind::Broken(reason)),
        }
    }

    /// Finishes the flow without a message.
    pub fn close() -> Self {
        Reply(Kind::Close)
    }

    /// Refuses the flow token. The button of the message is disabled for good, and the user reads
    /// `text`.
    pub fn reject_token(text: impl Into<String>) -> Self {
        Reply(Kind::RejectToken(text.into()))
    }

    pub(crate) fn finish(self) -> Result<FinishedReply, Error> {
        Ok(match self.0 {
            Kind::Screen { screen, data, error } => FinishedReply::Screen { screen, data, error },
            Kind::Complete(params) => FinishedReply::Complete(params),
            Kind::Close => FinishedReply::Close,
            Kind::RejectToken(text) => FinishedReply::RejectToken(text),
            Kind::Broken(reason) => return Err(Error::internal(reason)),
        })
    }
}

impl Kind {
    fn refuse(self, method: &str) -> Kind {
        match self {
            Kind::Broken(reason) => Kind::Broken(reason),
            _ => Kind::Broken(format!("`.{method}(..)` is for `Reply::screen(..)` only")),
        }
    }
}

/// Serializes directly to text. Going through a `Value` would compile every type for that as well.
fn to_object<T: Serialize>(what: &str, value: T) -> Result<String, String> {
    match serde_json::to_string(&value) {
        Ok(object) if object.starts_with('{') => Ok(object),
        Ok(other) => Err(format!("{what} must be a JSON object, but is {}", kind_of(&other))),
        Err(error) => Err(format!("{what} cannot be written as JSON: {error}")),
    }
}

/// The type of a JSON text, judged by its first character.
fn kind_of(json: &str) -> &'static str {
    match json.bytes().next() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        Some(b'"') => "a text",
        Some(b'[') => "an array",
        _ => "a number",
    }
}

/// Data that a reply can carry: any type with `#[derive(Serialize)]` that becomes a JSON object, or
/// `json!({..})`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent in a reply",
    label = "this type has no `Serialize`",
    note = "write `#[derive(serde::Serialize)]` above `{Self}`, or use `json!({{..}})`"
)]
pub trait ReplyData: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize> ReplyData for T {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mistake(reply: Reply) -> String {
        reply.finish().unwrap_err().to_string()
    }

    #[test]
    fn a_screen_without_data_sends_an_empty_object() {
        let FinishedReply::Screen { data, .. } = Reply::screen("A").finish().unwrap() else {
            panic!("not a screen")
        };

        assert_eq!(data, "{}");
    }

    #[test]
    fn data_that_is_no_object_is_an_error() {
        assert_eq!(
            mistake(Reply::screen("A").data([1])),
            "the data of screen \"A\" must be a JSON object, but is an array"
        );
        assert_eq!(
            mistake(Reply::complete(())),
            "the params of the completed flow must be a JSON object, but is null"
        );
    }

    #[test]
    fn data_that_does_not_serialize_is_an_error() {
        let broken = std::collections::BTreeMap::from([((1, 2), 3)]);

        assert_eq!(
            mistake(Reply::screen("A").data(broken).error("kept out")),
            "the data of screen \"A\" cannot be written as JSON: key must be a string"
        );
    }

    #[test]
    fn only_screens_take_data_and_errors() {
        assert_eq!(
            mistake(Reply::close().data(json!({}))),
            "`.data(..)` is for `Reply::screen(..)` only"
        );
        assert_eq!(
            mistake(Reply::close().error("no")),
            "`.error(..)` is for `Reply::screen(..)` only"
        );
    }
}
