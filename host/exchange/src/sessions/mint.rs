//! Tokens that this host mints. Each has a session before its first exchange, with the context that
//! the business attached to it.

use std::time::Duration;

use time::OffsetDateTime;

use super::{CONTEXT_COLUMN, MintedSession, SessionError, SessionSpace, Sessions, place};
use flowhost_protocol::crypto::{BearerToken, TokenDigest};
use flowhost_protocol::ids::{SessionId, TokenHash};

/// A token that was just minted. It can't be read again later.
#[derive(Debug)]
pub struct MintedToken {
    /// The value that the client is to send as `flow_token`.
    pub token: BearerToken,
    /// The id of its session.
    pub session: SessionId,
    /// When the session ends if the token is not used before.
    pub expires_at: OffsetDateTime,
}

/// How long a minted token is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLife {
    /// From the first exchange on. An unused token is valid for [`MAX_UNUSED`].
    FromFirstExchange(Duration),
    /// From now on.
    FromNow(Duration),
}

impl Sessions {
    /// Mints a token of 256 random bits. `context` is JSON that the plugin sees.
    pub async fn mint(
        &self,
        space: &SessionSpace,
        context: Option<&str>,
        life: TokenLife,
    ) -> Result<MintedToken, SessionError> {
        let token = BearerToken::generate(TOKEN_PREFIX);
        let TokenDigest(digest) = token.digest();
        let minted = self.mint_as(space, TokenHash(digest), context, life).await?;
        Ok(MintedToken { token, session: minted.id, expires_at: minted.expires_at })
    }

    /// Makes an existing token a minted one. The caller asserts that nobody else has it.
    pub async fn mint_as(
        &self,
        space: &SessionSpace,
        token: TokenHash,
        context: Option<&str>,
        life: TokenLife,
    ) -> Result<MintedSession, SessionError> {
        let (until_unused, from_first_exchange) = match life {
            TokenLife::FromFirstExchange(time) => (MAX_UNUSED, Some(time)),
            TokenLife::FromNow(time) => (time, None),
        };
        let place = place(space.scope, token, CONTEXT_COLUMN);
        let minted = MintedSession {
            id: SessionId::new(),
            token,
            sealed_context: context.map(|json| space.data_key.seal(&place, json.as_bytes())),
            expires_at: self.store.now() + until_unused,
            from_first_exchange,
        };
        self.store
            .insert_minted_session(space.scope, &minted)
            .await
            .map_err(SessionError::Store)?;
        Ok(minted)
    }
}

/// How long a token waits for its first exchange if its lifetime runs from that exchange. No
/// message is worth answering after this time.
pub const MAX_UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Tells such a token from other texts in a log or a message: Flowhost, flow token.
const TOKEN_PREFIX: &str = "fht_";
