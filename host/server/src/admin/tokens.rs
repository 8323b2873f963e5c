//! Flow tokens that a business mints before it sends a Flow.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{AdminError, FlowDesk};
use flowhost_api::{MintToken, MintedTokenView, TtlFrom};
use flowhost_exchange::sessions::{SessionSpace, Sessions, TokenLife};
use flowhost_protocol::flow::FlowSettings;

impl FlowDesk {
    /// Mints a flow token. Writes no audit entry: this is a step of a conversation, and the session
    /// is its record.
    pub async fn mint_token(&self, new: MintToken) -> Result<MintedTokenView, AdminError> {
        let settings = super::flows::settings_of(self.flow())?;
        let time_to_live = settings.session_time_to_live();
        let life = life(&new, time_to_live)?;
        let space = SessionSpace {
            scope: self.scope(),
            data_key: Arc::new(self.data_key()?),
            time_to_live,
            on_reopen: settings.on_reopen,
            keep_replies: settings.keep_replies,
        };
        let minted = Sessions::new(Arc::new(self.store().clone()))
            .mint(&space, context(&new)?, life)
            .await?;
        Ok(MintedTokenView {
            flow_token: Zeroizing::new(minted.token.expose().to_owned()),
            session: minted.session,
            expires_at: minted.expires_at.into(),
        })
    }
}

fn life(new: &MintToken, default: Duration) -> Result<TokenLife, AdminError> {
    let time = match new.ttl_seconds {
        None => default,
        Some(seconds) => Duration::from_secs(seconds.into()),
    };
    if time.is_zero() || time > FlowSettings::LONGEST_SESSION {
        return Err(AdminError::Invalid(format!(
            "ttl_seconds is {}; it may be 1 to {}",
            time.as_secs(),
            FlowSettings::LONGEST_SESSION.as_secs()
        )));
    }
    Ok(match new.ttl_from {
        TtlFrom::Init => TokenLife::FromFirstExchange(time),
        TtlFrom::Now => TokenLife::FromNow(time),
    })
}

fn context(new: &MintToken) -> Result<Option<&str>, AdminError> {
    match new.context.as_deref().map(RawValue::get) {
        None | Some("null") => Ok(None),
        Some(json) if json.len() > MAX_CONTEXT_BYTES => Err(AdminError::Invalid(format!(
            "context has {} bytes; it may have {MAX_CONTEXT_BYTES}",
            json.len()
        ))),
        json => Ok(json),
    }
}

/// 16 KiB: the context is decrypted in every turn of the session.
const MAX_CONTEXT_BYTES: usize = 16 << 10;
