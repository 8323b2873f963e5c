//! What is wrong with an answer.

use serde::Serialize;

/// One thing that is wrong with an answer, so that the user sees an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which of the phone's checks failed.
    pub check: Check,
    /// The details, for the author of the endpoint. They may quote the answer, which is untrusted
    /// text.
    pub message: String,
    /// Where in the decrypted answer, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The key under which the phone or Meta would report it: in an error notification to the
    /// endpoint, or in Meta's metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_as: Option<String>,
}

/// The checks that an answer has to pass, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// An answer arrived in time.
    Arrival,
    /// The status is the expected one.
    Status,
    /// The body can be decrypted with the request's key.
    Sealing,
    /// The decrypted reply has the expected form.
    Shape,
    /// The screen exists, and can be reached from where the user is.
    Routing,
    /// The data fits what the screen declares.
    Schema,
}

impl Problem {
    pub(super) fn new(check: Check, message: impl Into<String>) -> Self {
        let reported_as = check.error_key().map(str::to_owned);
        Self { check, message: message.into(), pointer: None, reported_as }
    }

    pub(super) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    pub(super) fn reported_as(mut self, key: &str) -> Self {
        self.reported_as = Some(key.to_owned());
        self
    }

    /// The whole problem in one line, for people. It may quote the answer, which is untrusted text.
    pub fn line(&self) -> String {
        let place = match self.pointer.as_deref() {
            // The pointer to the whole answer is empty.
            Some("") | None => String::new(),
            Some(pointer) => format!("{pointer}: "),
        };
        let report = self
            .reported_as
            .as_ref()
            .map(|key| format!(" (reported as {key})"))
            .unwrap_or_default();
        format!("{place}{}{report}", self.message)
    }
}

impl Check {
    /// Meta's key for a failure, out of those listed in `protocol.md` section 3. `None` if the list
    /// leaves open which it is.
    pub(super) fn error_key(self) -> Option<&'static str> {
        match self {
            Self::Arrival => None,
            Self::Status => Some("unexpected_http_status_code"),
            Self::Sealing => Some("response-decryption-error"),
            Self::Shape | Self::Schema => Some("payload-schema-error"),
            Self::Routing => Some("invalid-screen-transition"),
        }
    }
}
