//! Flow tokens that a business mints before it sends a Flow.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{AdminError, FlowDesk};
use flowhost_exchange::sessions::{SessionSpace, Sessions, TokenLife};
use flowhost_protocol::ids::SessionId;

/// What a new token is to carry, and for how long.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MintToken {
    /// Any JSON, for the plugin to see as the session's context.
    context: Option<Box<RawValue>>,
    /// How long the token is valid; as long as the flow's sessions, if it is not given.
    ttl_seconds: Option<u32>,
    /// From when on that time runs.
    #[serde(default)]
    ttl_from: TtlFrom,
}

/// From when on a token's time runs.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TtlFrom {
    /// From its first exchange, which is an INIT.
    Init,
    /// From the call that mints it.
    #[default]
    Now,
}

/// A token that was just minted: the one time that it is shown.
#[derive(Serialize)]
pub struct MintedTokenView {
    flow_token: Zeroizing<String>,
    session: SessionId,
    /// When it ends; where its time runs from its first exchange: when it ends without one.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl FlowDesk {
    /// Mints a flow token. Writes no audit entry: this is a step of a conversation, and the session
    /// is its record.
    pub async fn mint_token(&self, new: MintToken) -> Result<MintedTokenView, AdminError> {
        let settings = super::flows::settings_of(self.flow())?;
        let time_to_live = settings.session_time_to_live();
        let life = new.life(time_to_live)?;
        let space = SessionSpace {
            scope: self.scope(),
            data_key: Arc::new(self.data_key()?),
            time_to_live,
            on_reopen: settings.on_reopen,
        };
        let minted = Sessions::new(Arc::new(self.store().clone()))
            .mint(&space, new.context()?, life)
            .await?;
        Ok(MintedTokenView {
            flow_token: Zeroizing::new(minted.token.expose().to_owned()),
            session: minted.session,
            expires_at: minted.expires_at,
        })
    }
}

impl MintToken {
    fn life(&self, default: Duration) -> Result<TokenLife, AdminError> {
        let time = match self.ttl_seconds {
            None => default,
            Some(seconds @ 1..=MAX_TTL_SECONDS) => Duration::from_secs(seconds.into()),
            Some(seconds) => {
                return Err(AdminError::Invalid(format!(
                    "ttl_seconds is {seconds}; it may be 1 to {MAX_TTL_SECONDS}"
                )));
            }
        };
        Ok(match self.ttl_from {
            TtlFrom::Init => TokenLife::FromFirstExchange(time),
            TtlFrom::Now => TokenLife::FromNow(time),
        })
    }

    fn context(&self) -> Result<Option<&str>, AdminError> {
        match self.context.as_deref().map(RawValue::get) {
            None | Some("null") => Ok(None),
            Some(json) if json.len() > MAX_CONTEXT_BYTES => Err(AdminError::Invalid(format!(
                "context has {} bytes; it may have {MAX_CONTEXT_BYTES}",
                json.len()
            ))),
            json => Ok(json),
        }
    }
}

/// 16 KiB: the context is decrypted in every turn of the session.
const MAX_CONTEXT_BYTES: usize = 16 << 10;

/// 30 days, as for sessions.
const MAX_TTL_SECONDS: u32 = 30 * 24 * 60 * 60;
