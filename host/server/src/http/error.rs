//! The tables of statuses. The one for exchanges is in `exchange`, because plugin scenarios use it
//! too.

use axum::http::StatusCode;

use super::body::BodyError;
use crate::admin::AdminError;
use flowhost_exchange::exchange::{self, ExchangeError, ReplyKind};

/// The status of a sealed reply.
pub(super) fn status_of_reply(kind: ReplyKind) -> StatusCode {
    status(exchange::status_of_reply(kind))
}

/// The status of a request that got no reply.
pub(super) fn status_of(error: &ExchangeError) -> StatusCode {
    status(error.status())
}

pub(super) fn status_of_body(error: &BodyError) -> StatusCode {
    match error {
        BodyError::Broken => StatusCode::BAD_REQUEST,
        BodyError::NoMemory => StatusCode::SERVICE_UNAVAILABLE,
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
    }
}

/// The status of a failed operation of the admin API.
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
        AdminError::NoRoom(_) | AdminError::Session(_) | AdminError::Store(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        AdminError::NoSpace(_) => StatusCode::INSUFFICIENT_STORAGE,
        AdminError::Interrupted(_)
        | AdminError::Load(_)
        | AdminError::Sealed(..)
        | AdminError::Tenant(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("a status of an exchange has three digits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;
    use crate::tenants::TenantError;
    use flowhost_exchange::sessions::SessionError;
    use flowhost_flow_json::FlowJson;
    use flowhost_protocol::crypto::{CryptoError, KeyFileError};
    use flowhost_protocol::flow::FlowSettings;
    use flowhost_runtime::plugins::{ComponentError, LoadError};

    #[test]
    fn the_table_of_statuses_of_replies_and_bodies() {
        let replies = [ReplyKind::Answer, ReplyKind::TokenRejected]
            .map(|kind| (status_of_reply(kind), format!("{kind:?}")));
        let bodies =
            [BodyError::Broken, BodyError::NoMemory, BodyError::TooLarge, BodyError::TooSlow];
        let bodies = bodies.map(|error| (status_of_body(&error), format!("{error:?}")));
        let rows: Vec<_> = replies
            .into_iter()
            .chain(bodies)
            .map(|(status, what)| format!("{} {what}", status.as_u16()))
            .collect();

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
            E::NoRoom("as many pages are drawn as may be"),
            E::NoSpace(std::io::ErrorKind::StorageFull.into()),
            E::NotFound("tenant"),
            E::Settings(
                FlowSettings::parse([("limits".to_owned(), true.into())].into_iter().collect())
                    .unwrap_err(),
            ),
            E::Sealed("private key", CryptoError::Undecryptable),
            E::Session(SessionError::Conflict),
            E::Store(StoreError::Unreadable("settings")),
            E::Tenant(TenantError::Store(StoreError::Unreadable("settings"))),
        ];
        let rows = failures.map(|error| format!("{} {error:?}", status_of_admin(&error).as_u16()));

        insta::assert_snapshot!(rows.join("\n"));
    }
}
