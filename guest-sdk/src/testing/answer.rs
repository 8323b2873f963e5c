//! The result of a call as the client sees it.

use std::fmt;

use serde_json::Value;

/// What the client receives.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The client shows a screen.
    Screen {
        /// The screen's id in the Flow JSON.
        screen: String,
        /// The screen's data; always a JSON object.
        data: Value,
        /// The error text of the snackbar, if any.
        error: Option<String>,
    },
    /// The flow is finished, and the chat's message carries these params: the plugin's and the flow
    /// token.
    Completed(Value),
    /// The flow is finished without a message.
    Closed,
    /// The button of the message is disabled and this text is shown.
    TokenRejected(String),
}

impl Answer {
    /// The screen to show; `None` if the flow is over.
    pub fn screen(&self) -> Option<&str> {
        match self {
            Answer::Screen { screen, .. } => Some(screen),
            _ => None,
        }
    }

    /// The data of the screen to show; null if the flow is over.
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

    /// The params of the completed flow.
    pub fn params(&self) -> Option<&Value> {
        match self {
            Answer::Completed(params) => Some(params),
            _ => None,
        }
    }
}

/// Why the client gets an error instead of an answer. The session stays as it was before the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The plugin failed. Holds the message of its internal error.
    Internal(String),
    /// The token accepts no further calls (status 427), because the flow was finished or the plugin
    /// rejected the token.
    TokenRefused(String),
    /// The host would refuse what the plugin returned.
    TooLarge {
        /// Either `state` or `reply`.
        what: &'static str,
        /// Its size as JSON, in bytes.
        bytes: usize,
        /// The host's default limit, in bytes.
        limit: usize,
    },
    /// The test itself is wrong. Holds the reason.
    Test(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Internal(message) => write!(formatter, "the plugin failed: {message}"),
            Failure::TokenRefused(reason) => {
                write!(formatter, "the flow token is refused: {reason}")
            }
            Failure::TooLarge { what, bytes, limit } => {
                write!(formatter, "the {what} has {bytes} bytes, but the host takes {limit}")
            }
            Failure::Test(message) => write!(formatter, "the test is at fault: {message}"),
        }
    }
}

impl std::error::Error for Failure {}
