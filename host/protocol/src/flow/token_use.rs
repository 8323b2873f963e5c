//! How senders use flow tokens: whether a token can belong to one recipient, and what a flow does
//! with tokens that cannot.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FlowToken;

/// What happens to exchanges whose token is shared by many recipients and so identifies none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SharedTokens {
    /// They are refused: 427 with the flow's text.
    Refuse,
    /// Each is answered on its own: no state, no end of a conversation, no refusal.
    StandAlone,
    /// The token counts as one recipient's own. An exchange without a token still stands alone.
    Trust,
}

/// What an INIT does to a conversation that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnReopen {
    /// The plugin gets the previous state.
    Continue,
    /// The conversation restarts without state, but with the context attached to the token.
    Restart,
}

impl FlowToken {
    /// Whether the token can belong to one recipient: it has at least `min_length` characters, is
    /// not one of the known placeholders, and is more than one character repeated.
    pub fn can_be_own(&self, min_length: u32) -> bool {
        let text = self.expose().trim();
        if text.chars().take(min_length as usize).count() < min_length as usize {
            return false;
        }
        // Punctuation and case are ignored: `<FLOW_TOKEN>`, `[object Object]`, a UUID of zeros.
        let mut letters = text
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .map(|letter| letter.to_ascii_lowercase());
        let word: String = letters.by_ref().take(LONGEST_PLACEHOLDER + 1).collect();
        if PLACEHOLDERS.contains(&word.as_str()) {
            return false;
        }
        let mut all = word.chars().chain(letters);
        all.next().is_some_and(|first| all.any(|letter| letter != first))
    }
}

/// Texts that senders put in place of a token: Meta's default, what JavaScript and Python make of
/// an unset variable, and placeholders of published examples. Letters and digits only, in lower
/// case.
const PLACEHOLDERS: [&str; 8] =
    ["unused", "undefined", "null", "none", "nan", "objectobject", "flowtoken", "yourflowtoken"];

const LONGEST_PLACEHOLDER: usize = "yourflowtoken".len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_the_place_of_a_token_are_nobodys_own() {
        for text in [
            "unused",
            "UNUSED",
            " unused ",
            "undefined",
            "null",
            "None",
            "NaN",
            "[object Object]",
            "<FLOW_TOKEN>",
            "{{flow_token}}",
            "YOUR-FLOW-TOKEN",
            "00000000-0000-0000-0000-000000000000",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "          ",
            "--------",
        ] {
            assert!(!token(text).can_be_own(0), "{text}");
        }
    }

    #[test]
    fn a_token_needs_the_length_that_the_flow_asks_for() {
        for (text, length, own) in [
            ("1234567", 8, false),
            ("12345678", 8, true),
            ("  1234567  ", 8, false),
            ("世界世界世界世", 8, false),
            ("世界世界世界世界", 8, true),
            ("ab", 0, true),
            ("fht_4Jx", 8, false),
        ] {
            assert_eq!(token(text).can_be_own(length), own, "{text} {length}");
        }
    }

    #[test]
    fn what_senders_mint_is_own() {
        for text in [
            "5511912345678",
            "a58f2619-2c78-4381-b7c0-1f98fa44d279",
            "unused-coupon-81723",
            "flow_token_1",
            "order 1000",
            "yourflowtokenyourflowtoken2",
        ] {
            assert!(token(text).can_be_own(8), "{text}");
        }
    }

    fn token(text: &str) -> FlowToken {
        FlowToken::new(text.to_owned()).unwrap()
    }
}
