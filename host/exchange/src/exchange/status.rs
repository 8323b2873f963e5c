//! The one table of the statuses of exchanges, as the phone sees them.

use super::ExchangeError;
use flowhost_protocol::envelope::EnvelopeError;
use flowhost_protocol::flow::{ReplyKind, RequestError};
use flowhost_runtime::plugins::PluginError;

/// The status that a sealed reply travels under.
pub fn status_of_reply(kind: ReplyKind) -> u16 {
    match kind {
        ReplyKind::Answer => 200,
        ReplyKind::TokenRejected => 427,
    }
}

impl ExchangeError {
    /// The status of a request that got no reply (`protocol.md` section 1). It is never 504, which
    /// the client takes for its own time-out.
    pub fn status(&self) -> u16 {
        match self {
            Self::Envelope(EnvelopeError::Seal(_)) => 500,
            // The request was decrypted, so another public key would not help.
            Self::Envelope(EnvelopeError::Payload(RequestError::UnknownAction)) => 400,
            Self::Envelope(
                EnvelopeError::Malformed
                | EnvelopeError::NotBase64(_)
                | EnvelopeError::NoKeyFits
                | EnvelopeError::Data(_)
                | EnvelopeError::Payload(RequestError::Malformed),
            ) => 421,
            Self::Signature(_) => 432,
            Self::UnknownEndpoint => 404,
            Self::OldRepeat => 409,
            Self::Plugin(PluginError::Overloaded) | Self::RateLimited { .. } => 429,
            Self::Plugin(
                PluginError::CircuitOpen { .. } | PluginError::HostFull(_) | PluginError::Load(_),
            )
            | Self::NotLoadable(_) => 503,
            Self::Disabled
            | Self::Endpoints(_)
            | Self::NoPlugin
            | Self::Session(_)
            | Self::UnreadableFlowJson => 503,
            Self::Answer(_)
            | Self::Plugin(
                PluginError::CpuTime(_)
                | PluginError::Internal
                | PluginError::Memory(_)
                | PluginError::Panic
                | PluginError::Stack
                | PluginError::Trap(_)
                | PluginError::WallTime(_),
            ) => 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sessions::SessionError;
    use flowhost_protocol::crypto::CryptoError;
    use flowhost_protocol::flow::AnswerError;
    use flowhost_protocol::signature::SignatureError;
    use flowhost_runtime::plugins::{ComponentError, GuestText, LoadError};

    /// One of each variant. A new variant stops `status` from compiling; add it here then.
    #[test]
    fn the_table_of_statuses() {
        use ExchangeError as E;
        let failures = [
            E::UnknownEndpoint,
            E::Endpoints("the store failed".into()),
            E::Disabled,
            E::UnreadableFlowJson,
            E::Signature(SignatureError::Missing),
            E::Signature(SignatureError::Malformed),
            E::Signature(SignatureError::Mismatch),
            E::Envelope(EnvelopeError::Malformed),
            E::Envelope(EnvelopeError::NotBase64("f")),
            E::Envelope(EnvelopeError::NoKeyFits),
            E::Envelope(EnvelopeError::Data(CryptoError::Undecryptable)),
            E::Envelope(EnvelopeError::Payload(RequestError::Malformed)),
            E::Envelope(EnvelopeError::Payload(RequestError::UnknownAction)),
            E::Envelope(EnvelopeError::Seal(CryptoError::Unencryptable)),
            E::OldRepeat,
            E::RateLimited { retry_after: Duration::ZERO },
            E::NoPlugin,
            E::NotLoadable(LoadError::Absent),
            E::NotLoadable(refused_component()),
            E::Session(SessionError::Conflict),
            E::Session(SessionError::Unreadable("state")),
            E::Plugin(PluginError::CircuitOpen { retry_after: Duration::ZERO }),
            E::Plugin(PluginError::CpuTime(Duration::ZERO)),
            E::Plugin(PluginError::HostFull("memory")),
            E::Plugin(PluginError::Internal),
            E::Plugin(PluginError::Load(LoadError::Absent)),
            E::Plugin(PluginError::Load(refused_component())),
            E::Plugin(PluginError::Memory(64 << 20)),
            E::Plugin(PluginError::Overloaded),
            E::Plugin(PluginError::Panic),
            E::Plugin(PluginError::Stack),
            E::Plugin(PluginError::Trap(GuestText::new("unreachable"))),
            E::Plugin(PluginError::WallTime(Duration::ZERO)),
            E::Answer(AnswerError::MalformedState),
        ];
        let rows = failures
            .map(|error| format!("{} {:5} {error:?}", error.status(), error.blame().as_str()));

        insta::assert_snapshot!(rows.join("\n"));
    }

    fn refused_component() -> LoadError {
        LoadError::Component(ComponentError::NotAComponent("".into()))
    }
}
