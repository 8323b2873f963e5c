//! What a plugin gets to see of its session.

use zeroize::Zeroizing;

/// A plugin's view of its session.
#[derive(Debug)]
pub struct TurnInput {
    /// What the plugin stored; none at first.
    pub state: Option<Zeroizing<String>>,
    /// What was attached to the token.
    pub context: Option<Zeroizing<String>>,
    /// Exchanges committed so far.
    pub exchanges: u32,
    /// Whether the request carried a valid `flow_token_signature`.
    pub token_verified: bool,
}
