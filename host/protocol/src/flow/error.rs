//! What can be wrong with a request's plaintext and with a plugin's answer.

use flowhost_flow_json::{Findings, ReplyRules};

/// Why a decrypted request is not one. Names no content.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RequestError {
    /// Not UTF-8 JSON of the documented form.
    #[error("the decrypted payload is not a JSON object of the documented form")]
    Malformed,
    /// An action that the data API does not have.
    #[error("the request's action is not one of ping, INIT, BACK and data_exchange")]
    UnknownAction,
}

/// Why a plugin's answer was refused: a failure of the plugin. Names limits and positions, no values; names of members may be a
/// customer's data all the same, and there may be many.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AnswerError {
    /// Refused the user's input where there is no screen to show the text on.
    #[error("the plugin answered bad-request on a request without a screen")]
    BadRequestWithoutScreen,
    /// `data` or `params` are not a JSON object.
    #[error("the plugin's {0} is not a JSON object")]
    NotAnObject(&'static str),
    /// The state is no JSON.
    #[error("the plugin's state is not JSON")]
    MalformedState,
    /// By the flow's Flow JSON the client would refuse the reply.
    #[error("the phone would refuse the plugin's reply: {}", .0.on_one_line())]
    FlowJson(Findings),
    /// The same, as it may stand in the host's log.
    #[error("the phone would refuse the plugin's reply for {count} reasons, which the plugin's log has: {places}")]
    FlowJsonInShort {
        /// How many findings there are.
        count: usize,
        /// Where, as far as the Flow JSON itself names the places.
        places: String,
    },
    /// The name of the target screen can't be one.
    #[error(
        "the plugin's reply names a screen that can't exist: a name consists of at most 200 letters and underscores, and SUCCESS is reserved for `complete`"
    )]
    ImpossibleScreen,
    /// `error_message` was given twice, or is not a text.
    #[error("the plugin's data has an `error_message` that is not a string")]
    MalformedErrorMessage,
    /// More than the flow may answer.
    #[error("the plugin's {what} has {size} bytes; the limit is {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The most bytes it may have.
        limit: usize,
    },
}

impl AnswerError {
    /// The same for the host's log: the names in it are the Flow JSON's own, and few.
    pub fn in_short(self, rules: Option<&ReplyRules>) -> Self {
        match (self, rules) {
            (Self::FlowJson(findings), Some(rules)) => {
                Self::FlowJsonInShort { count: findings.iter().count(), places: rules.own_places(&findings) }
            }
            (error, _) => error,
        }
    }
}
