//! What a call leads to, as the client sees it.

use std::fmt;

use serde_json::Value;

/// What the client gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A screen is shown.
    Screen {
        /// Its name.
        screen: String,
        /// Its data: always a JSON object.
        data: Value,
        /// The text of the snackbar.
        error: Option<String>,
    },
    /// The flow is finished, with these params in the chat's message: the plugin's and the flow token.
    Completed(Value),
    /// The flow is finished without a message.
    Closed,
    /// The button of the message is disabled and shows this text.
    TokenRejected(String),
}

impl Answer {
    /// The screen that is shown; none when the flow is over.
    pub fn screen(&self) -> Option<&str> {
        match self {
            Answer::Screen { screen, .. } => Some(screen),
            _ => None,
        }
    }

    /// The data of the screen that is shown; null when the flow is over.
    pub fn data(&self) -> &Value {
        match self {
            Answer::Screen { data, .. } => data,
            _ => &Value::Null,
        }
    }

    /// The error that the screen shows.
    pub fn error(&self) -> Option<&str> {
        match self {
            Answer::Screen { error, .. } => error.as_deref(),
            _ => None,
        }
    }

    /// The params of the finished flow.
    pub fn params(&self) -> Option<&Value> {
        match self {
            Answer::Completed(params) => Some(params),
            _ => None,
        }
    }
}

/// Why the client gets an error instead of an answer. The session is what it was before the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The plugin failed: the message of its internal error.
    Internal(String),
    /// The token takes no further calls (status 427): the flow was finished, or the plugin rejected the token.
    TokenRefused(String),
    /// The host would not take what the plugin returned.
    TooLarge {
        /// `state` or `reply`.
        what: &'static str,
        /// Its size as JSON.
        bytes: usize,
        /// What the host takes by default.
        limit: usize,
    },
    /// The test is at fault.
    Test(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Internal(message) => write!(formatter, "the plugin failed: {message}"),
            Failure::TokenRefused(reason) => write!(formatter, "the flow token is refused: {reason}"),
            Failure::TooLarge { what, bytes, limit } => {
                write!(formatter, "the {what} has {bytes} bytes, but the host takes {limit}")
            }
            Failure::Test(message) => write!(formatter, "the test is at fault: {message}"),
        }
    }
}

impl std::error::Error for Failure {}
