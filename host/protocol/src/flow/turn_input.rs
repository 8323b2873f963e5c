//! What a plugin sees of its session.

use std::fmt;

use zeroize::Zeroizing;

/// A plugin's view of its session. Its `Debug` shows no content.
pub struct TurnInput {
    /// What the plugin stored last; `None` at first.
    pub state: Option<Zeroizing<String>>,
    /// What was attached to the token, if anything.
    pub context: Option<Zeroizing<String>>,
    /// The number of exchanges committed so far.
    pub exchanges: u32,
    /// Whether the request carried a valid `flow_token_signature`.
    pub token_verified: bool,
    /// Whether the token is shared by many recipients. The exchange then stands alone: there is no
    /// state, and none is kept.
    pub shared: bool,
}

impl fmt::Debug for TurnInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnInput").field("exchanges", &self.exchanges).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_state_nor_context() {
        let input = TurnInput {
            state: Some(Zeroizing::new("secret".to_owned())),
            context: Some(Zeroizing::new("secret".to_owned())),
            exchanges: 7,
            token_verified: true,
            shared: false,
        };
        assert_eq!(format!("{input:?}"), "TurnInput { exchanges: 7, .. }");
    }
}
