//! The one table of statuses.

use axum::http::StatusCode;

use super::body::BodyError;
use crate::admin::AdminError;
use crate::envelope::EnvelopeError;
use crate::exchange::{ExchangeError, ReplyKind};
use crate::flow::RequestError;
use crate::plugins::PluginError;
use crate::telemetry::{self, Blame};

/// The status that a sealed reply travels under.
pub(super) fn status_of_reply(kind: ReplyKind) -> StatusCode {
    match kind {
        ReplyKind::Answer => StatusCode::OK,
        ReplyKind::TokenRejected => status(427),
    }
}

/// The status of a request that got no reply (`protocol.md` section 1). Never 504: the client takes that for its own time-out.
pub(super) fn status_of(error: &ExchangeError) -> StatusCode {
    match error {
        ExchangeError::Envelope(EnvelopeError::Seal(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        // It was decrypted; another public key would not help.
        ExchangeError::Envelope(EnvelopeError::Payload(RequestError::UnknownAction)) => StatusCode::BAD_REQUEST,
        ExchangeError::Envelope(
            EnvelopeError::Malformed
            | EnvelopeError::NotBase64(_)
            | EnvelopeError::NoKeyFits
            | EnvelopeError::Data(_)
            | EnvelopeError::Payload(RequestError::Malformed),
        ) => StatusCode::MISDIRECTED_REQUEST,
        ExchangeError::Signature(_) => status(432),
        ExchangeError::UnknownEndpoint => StatusCode::NOT_FOUND,
        ExchangeError::OldRepeat => StatusCode::CONFLICT,
        ExchangeError::Plugin(PluginError::Overloaded) => StatusCode::TOO_MANY_REQUESTS,
        ExchangeError::Plugin(PluginError::Load(_)) | ExchangeError::NotLoadable(_) => StatusCode::SERVICE_UNAVAILABLE,
        ExchangeError::Disabled | ExchangeError::NoPlugin | ExchangeError::Session(_) => StatusCode::SERVICE_UNAVAILABLE,
        ExchangeError::Answer(_)
        | ExchangeError::Plugin(
            PluginError::CpuTime(_) | PluginError::Internal | PluginError::Trap(_) | PluginError::WallTime(_),
        ) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The status of a request whose body was not read.
pub(super) fn status_of_body(error: &BodyError) -> StatusCode {
    match error {
        BodyError::Broken => StatusCode::BAD_REQUEST,
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
    }
}

/// The status of an operation that failed.
pub(super) fn status_of_admin(error: &AdminError) -> StatusCode {
    match error {
        AdminError::Component(_) | AdminError::Invalid(_) | AdminError::KeyFile(_) | AdminError::Settings(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        AdminError::Conflict(_) => StatusCode::CONFLICT,
        AdminError::Forbidden(_) => StatusCode::FORBIDDEN,
        AdminError::NotFound(_) => StatusCode::NOT_FOUND,
        AdminError::Session(_) | AdminError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        AdminError::Interrupted(_) | AdminError::Load(_) | AdminError::Sealed(..) | AdminError::Tenant(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// Logs a request that got no reply, once: with its whole chain of causes and whose fault it is, without any of its content. The
/// request's span says which one it was, and whose.
pub(super) fn log_failure(status: StatusCode, error: &ExchangeError) {
    let blame = error.blame();
    let (status, blamed, error) = (status.as_u16(), blame.as_str(), telemetry::chain(error));
    match blame {
        Blame::Host => tracing::error!(status, blame = blamed, error, "a request failed"),
        Blame::Guest => tracing::warn!(status, blame = blamed, error, "a request failed"),
        Blame::Peer => tracing::info!(status, blame = blamed, error, "a request was refused"),
    }
}

/// The codes that WhatsApp made up.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("427 and 432 are in the range of statuses")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::crypto::CryptoError;
    use crate::flow::AnswerError;
    use crate::plugins::LoadError;
    use crate::sessions::SessionError;
    use crate::signature::SignatureError;

    #[test]
    fn every_failure_has_the_status_that_the_protocol_gives_it() {
        use ExchangeError as E;
        for (error, status, blame) in [
            (E::UnknownEndpoint, 404, Blame::Peer),
            (E::Disabled, 503, Blame::Peer),
            (E::Signature(SignatureError::Missing), 432, Blame::Peer),
            (E::Signature(SignatureError::Malformed), 432, Blame::Peer),
            (E::Signature(SignatureError::Mismatch), 432, Blame::Peer),
            (E::Envelope(EnvelopeError::Malformed), 421, Blame::Peer),
            (E::Envelope(EnvelopeError::NotBase64("f")), 421, Blame::Peer),
            (E::Envelope(EnvelopeError::NoKeyFits), 421, Blame::Peer),
            (E::Envelope(EnvelopeError::Data(CryptoError::Undecryptable)), 421, Blame::Peer),
            (E::Envelope(EnvelopeError::Payload(RequestError::Malformed)), 421, Blame::Peer),
            (E::Envelope(EnvelopeError::Payload(RequestError::UnknownAction)), 400, Blame::Peer),
            (E::Envelope(EnvelopeError::Seal(CryptoError::Unencryptable)), 500, Blame::Host),
            (E::OldRepeat, 409, Blame::Peer),
            (E::NoPlugin, 503, Blame::Peer),
            (E::NotLoadable(LoadError::Absent), 503, Blame::Host),
            (E::Session(SessionError::Conflict), 503, Blame::Host),
            (E::Plugin(PluginError::Overloaded), 429, Blame::Peer),
            (E::Plugin(PluginError::Load(LoadError::Absent)), 503, Blame::Host),
            (E::Plugin(PluginError::CpuTime(Duration::ZERO)), 500, Blame::Guest),
            (E::Plugin(PluginError::Internal), 500, Blame::Guest),
            (E::Plugin(PluginError::WallTime(Duration::ZERO)), 500, Blame::Guest),
            (E::Answer(AnswerError::MalformedState), 500, Blame::Guest),
        ] {
            assert_eq!((status_of(&error).as_u16(), error.blame()), (status, blame), "{error:?}");
        }
        assert_eq!(status_of_reply(ReplyKind::Answer).as_u16(), 200);
        assert_eq!(status_of_reply(ReplyKind::TokenRejected).as_u16(), 427);
    }
}
