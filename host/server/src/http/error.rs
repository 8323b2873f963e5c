//! The one table of statuses.

use axum::http::StatusCode;

use super::body::BodyError;
use crate::admin::AdminError;
use flowhost_exchange::exchange::{ExchangeError, ReplyKind};
use flowhost_protocol::envelope::EnvelopeError;
use flowhost_protocol::flow::RequestError;
use flowhost_runtime::plugins::PluginError;

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
        ExchangeError::Plugin(PluginError::Overloaded) | ExchangeError::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        ExchangeError::Plugin(PluginError::CircuitOpen { .. } | PluginError::HostFull(_) | PluginError::Load(_))
        | ExchangeError::NotLoadable(_) => StatusCode::SERVICE_UNAVAILABLE,
        ExchangeError::Disabled | ExchangeError::NoPlugin | ExchangeError::Session(_) | ExchangeError::UnreadableFlowJson => {
            StatusCode::SERVICE_UNAVAILABLE
        }
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
        BodyError::NoMemory => StatusCode::SERVICE_UNAVAILABLE,
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
    }
}

/// The status of an operation that failed.
pub(super) fn status_of_admin(error: &AdminError) -> StatusCode {
    match error {
        AdminError::Component(_)
        | AdminError::FlowJson(_)
        | AdminError::Invalid(_)
        | AdminError::KeyFile(_)
        | AdminError::Settings(_) => StatusCode::UNPROCESSABLE_ENTITY,
        AdminError::Busy(_) => StatusCode::TOO_MANY_REQUESTS,
        AdminError::Conflict(_) => StatusCode::CONFLICT,
        AdminError::Forbidden(_) => StatusCode::FORBIDDEN,
        AdminError::NotFound(_) => StatusCode::NOT_FOUND,
        AdminError::Session(_) | AdminError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        AdminError::NoSpace(_) => StatusCode::INSUFFICIENT_STORAGE,
        AdminError::Interrupted(_) | AdminError::Load(_) | AdminError::Sealed(..) | AdminError::Tenant(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
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
    use crate::store::StoreError;
    use crate::tenants::TenantError;
    use flowhost_exchange::sessions::SessionError;
    use flowhost_flow_json::FlowJson;
    use flowhost_protocol::crypto::{CryptoError, KeyFileError};
    use flowhost_protocol::flow::{AnswerError, FlowSettings};
    use flowhost_protocol::signature::SignatureError;
    use flowhost_runtime::plugins::{ComponentError, GuestText, LoadError};

    /// One of each. A variant that is missing here is missing in `status_of` too, which then doesn't compile; so look here when it
    /// did not.
    #[test]
    fn the_table_of_statuses() {
        use ExchangeError as E;
        let failures = [
            E::UnknownEndpoint,
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
            E::Plugin(PluginError::Overloaded),
            E::Plugin(PluginError::Trap(GuestText::new("unreachable"))),
            E::Plugin(PluginError::WallTime(Duration::ZERO)),
            E::Answer(AnswerError::MalformedState),
        ];
        let rows = failures.map(|error| format!("{} {:5} {error:?}", status_of(&error).as_u16(), error.blame().as_str()));

        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn the_table_of_statuses_of_replies_and_bodies() {
        let replies = [ReplyKind::Answer, ReplyKind::TokenRejected].map(|kind| (status_of_reply(kind), format!("{kind:?}")));
        let bodies = [BodyError::Broken, BodyError::NoMemory, BodyError::TooLarge, BodyError::TooSlow];
        let bodies = bodies.map(|error| (status_of_body(&error), format!("{error:?}")));
        let rows: Vec<_> = replies.into_iter().chain(bodies).map(|(status, what)| format!("{} {what}", status.as_u16())).collect();

        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn the_table_of_statuses_of_the_admin_api() {
        use AdminError as E;
        let failures = [
            E::Busy("three uploads are under way".to_owned()),
            E::Component(ComponentError::NotAComponent("".into())),
            E::Conflict("the slug is taken already".to_owned()),
            E::FlowJson(FlowJson::parse(b"").unwrap_err()),
            E::Forbidden("read"),
            E::Interrupted("panic".to_owned()),
            E::Invalid("a name has 1 to 200 bytes".to_owned()),
            E::KeyFile(KeyFileError::NotRsa),
            E::Load(LoadError::Absent),
            E::NoSpace(std::io::ErrorKind::StorageFull.into()),
            E::NotFound("tenant"),
            E::Settings(FlowSettings::parse([("limits".to_owned(), true.into())].into_iter().collect()).unwrap_err()),
            E::Sealed("private key", CryptoError::Undecryptable),
            E::Session(SessionError::Conflict),
            E::Store(StoreError::Unreadable("settings")),
            E::Tenant(TenantError::Store(StoreError::Unreadable("settings"))),
        ];
        let rows = failures.map(|error| format!("{} {error:?}", status_of_admin(&error).as_u16()));

        insta::assert_snapshot!(rows.join("\n"));
    }

    fn refused_component() -> LoadError {
        LoadError::Component(ComponentError::NotAComponent("".into()))
    }
}
