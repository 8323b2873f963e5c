//! What can be wrong with a request's plaintext and with a plugin's answer.

use flowhost_flow_json::{Findings, ReplyRules};

/// Why a decrypted payload is not a request. Names no content.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RequestError {
    /// Not UTF-8 JSON of the documented form.
    #[error("the decrypted payload is not a JSON object of the documented form")]
    Malformed,
    /// An action that the data API does not have.
    #[error("the request's action is not one of ping, INIT, BACK and data_exchange")]
    UnknownAction,
}

/// Why a plugin's answer was refused: a failure of the plugin. Names limits and positions, but no
/// values. Names of members may still be a customer's data, and there may be many.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AnswerError {
    /// It refused the user's input, but there is no screen to show the text on.
    #[error(
        "the plugin answered bad-request on a request without a screen, such as INIT, where there is nothing to show it on: answer with a screen that says it, for example `Reply::show(..).error(text)`, or end the flow"
    )]
    BadRequestWithoutScreen,
    /// This (`data` or `params`) is not a JSON object.
    #[error("the plugin's {0} is not a JSON object")]
    NotAnObject(&'static str),
    /// The state is not JSON.
    #[error("the plugin's state is not JSON")]
    MalformedState,
    /// By the flow's Flow JSON, the client would refuse the reply.
    #[error("the phone would refuse the plugin's reply: {}", .0.on_one_line())]
    FlowJson(Findings),
    /// [`AnswerError::FlowJson`] in the form for the host's log.
    #[error(
        "the phone would refuse the plugin's reply for {count} reasons, which the plugin's log has: {places}"
    )]
    FlowJsonInShort {
        /// How many findings there are.
        count: usize,
        /// Where they are, using only names that the Flow JSON itself declares.
        places: String,
    },
    /// The id of the target screen is not possible.
    #[error(
        "the plugin's reply names a screen that can't exist: a name consists of at most 200 letters and underscores, and SUCCESS is reserved for `complete`"
    )]
    ImpossibleScreen,
    /// `error_message` is not a string.
    #[error("the plugin's data has an `error_message` that is not a string")]
    MalformedErrorMessage,
    /// Larger than the flow allows.
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
    /// The error in the form for the host's log: it contains only names of the Flow JSON, and few
    /// of them.
    pub fn in_short(self, rules: Option<&ReplyRules>) -> Self {
        match (self, rules) {
            (Self::FlowJson(findings), Some(rules)) => Self::FlowJsonInShort {
                count: findings.iter().count(),
                places: rules.own_places(&findings),
            },
            (error, _) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use flowhost_flow_json::Origin;
    use serde_json::{Map, json};

    use super::*;

    /// What the Flow JSON does not name may be a customer's data.
    #[test]
    fn in_short_an_error_names_only_what_the_flow_json_names() {
        let document = json!({
            "version": "7.3",
            "data_api_version": "3.0",
            "routing_model": {},
            "screens": [{"id": "FORM", "terminal": true}],
        });
        let rules = ReplyRules::parse(document.to_string().as_bytes()).unwrap();
        let findings = rules.check_screen(Origin::Init, "Ana", &Map::new()).unwrap_err();

        let error = AnswerError::FlowJson(findings);
        assert!(error.to_string().contains("Ana"), "{error}");
        let short = error.in_short(Some(&rules)).to_string();
        assert!(short.contains("/screen") && !short.contains("Ana"), "{short}");
        let other = AnswerError::ImpossibleScreen;
        assert_eq!(other.in_short(Some(&rules)), AnswerError::ImpossibleScreen);
    }
}
