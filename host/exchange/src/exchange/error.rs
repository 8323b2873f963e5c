//! Why a request got no reply.

use std::time::Duration;

use crate::endpoint::EndpointsError;
use crate::sessions::SessionError;
use flowhost_protocol::envelope::EnvelopeError;
use flowhost_protocol::flow::AnswerError;
use flowhost_protocol::signature::SignatureError;
use flowhost_runtime::plugins::{LoadError, PluginError};
use flowhost_runtime::telemetry::Blame;

/// Why a request got no reply. Only the status of the error reaches the client.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The plugin's answer can't be shown.
    #[error("the plugin's answer was refused")]
    Answer(#[source] AnswerError),
    /// The flow, its tenant or its partner is switched off.
    #[error("the endpoint is switched off")]
    Disabled,
    /// The endpoint can't be loaded now.
    #[error("the endpoint can't be loaded")]
    Endpoints(#[source] EndpointsError),
    /// The request can't be opened, or the reply can't be sealed.
    #[error("the envelope failed")]
    Envelope(#[from] EnvelopeError),
    /// No version of the plugin is active.
    #[error("the flow has no active plugin")]
    NoPlugin,
    /// The active version can't be loaded.
    #[error("the active plugin can't be loaded")]
    NotLoadable(#[source] LoadError),
    /// A copy of a request that was answered in another flow or before the session's last one.
    #[error("an old request was sent again")]
    OldRepeat,
    /// The plugin did not answer.
    #[error("the plugin failed")]
    Plugin(#[source] PluginError),
    /// The tenant has sent more requests than it may in a second.
    #[error("the tenant is over its limit of requests per second")]
    RateLimited {
        /// How long to wait before the next one.
        retry_after: Duration,
    },
    /// The session can't be read or written.
    #[error("the session failed")]
    Session(#[from] SessionError),
    /// The signature was refused.
    #[error("the signature was refused")]
    Signature(#[from] SignatureError),
    /// There is no such tenant or flow.
    #[error("there is no such endpoint")]
    UnknownEndpoint,
    /// The stored Flow JSON that replies are checked against can't be read. The log has the reason,
    /// from when it was loaded.
    #[error("the flow's Flow JSON can't be read; it needs an upload")]
    UnreadableFlowJson,
}

impl ExchangeError {
    /// Who is at fault.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Answer(_) => Blame::Guest,
            Self::Plugin(error) => error.blame(),
            Self::NotLoadable(LoadError::Component(_)) => Blame::Guest,
            Self::NotLoadable(_)
            | Self::Session(_)
            | Self::Endpoints(_)
            | Self::Envelope(EnvelopeError::Seal(_))
            | Self::UnreadableFlowJson => Blame::Host,
            Self::Disabled
            | Self::Envelope(_)
            | Self::NoPlugin
            | Self::OldRepeat
            | Self::RateLimited { .. }
            | Self::Signature(_)
            | Self::UnknownEndpoint => Blame::Peer,
        }
    }

    /// The reason as a metric label, from a small fixed set.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Disabled => "disabled",
            Self::Endpoints(_) => "endpoint",
            Self::Envelope(_) => "envelope",
            Self::NoPlugin => "no-plugin",
            Self::NotLoadable(_) => "load",
            Self::OldRepeat => "old-repeat",
            Self::Plugin(error) => error.kind(),
            Self::RateLimited { .. } => "rate",
            Self::Session(_) => "session",
            Self::Signature(_) => "signature",
            Self::UnknownEndpoint => "unknown-endpoint",
            Self::UnreadableFlowJson => "flow-json",
        }
    }

    /// How long to wait before the next try. `None` if waiting does not help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after }
            | Self::Plugin(PluginError::CircuitOpen { retry_after }) => Some(*retry_after),
            // A full queue has moved on before anybody can be back.
            Self::Plugin(PluginError::Overloaded | PluginError::HostFull(_)) => {
                Some(Duration::ZERO)
            }
            _ => None,
        }
    }
}

/// Why a plugin's turn has no answer to commit.
#[derive(Debug)]
pub(super) enum TurnFailure {
    Answer(AnswerError),
    Plugin(PluginError),
}

impl TurnFailure {
    /// Whether the plugin failed, as opposed to this host.
    pub(super) fn is_the_plugins(&self) -> bool {
        match self {
            Self::Answer(_) => true,
            Self::Plugin(error) => error.blame() == Blame::Guest,
        }
    }
}

impl From<AnswerError> for TurnFailure {
    fn from(error: AnswerError) -> Self {
        Self::Answer(error)
    }
}

impl From<PluginError> for TurnFailure {
    fn from(error: PluginError) -> Self {
        Self::Plugin(error)
    }
}

impl From<TurnFailure> for ExchangeError {
    fn from(failure: TurnFailure) -> Self {
        match failure {
            TurnFailure::Answer(error) => Self::Answer(error),
            TurnFailure::Plugin(error) => Self::Plugin(error),
        }
    }
}
