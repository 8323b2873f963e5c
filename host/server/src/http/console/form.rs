//! Forms that the console's pages send.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::super::AdminState;
use super::super::body::read;
use super::refusal::Refusal;
use super::viewer::Viewing;
use flowhost_protocol::crypto::TokenDigest;

/// Who sent a form, and its fields. The form carried what only a page of the sender's can know.
pub(super) struct Sent<T>(pub(super) Viewing, pub(super) T);

/// The fields of a form in their order, for forms whose fields depend on what they are about.
pub(super) type Fields = Vec<(String, String)>;

impl<T: DeserializeOwned> FromRequest<AdminState> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &AdminState) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let viewing = Viewing::from_request_parts(&mut parts, state).await?;
        let body = read(body, MAX_FORM_BYTES).await?;
        let fields: Fields = read_form(&body)?;
        check_csrf(&viewing, &fields)?;
        Ok(Self(viewing, read_form(&body)?))
    }
}

/// Checks the field that every form has. Digests are compared, since that takes the same time
/// whatever was sent.
pub(super) fn check_csrf(viewing: &Viewing, fields: &Fields) -> Result<(), Refusal> {
    let sent = fields.iter().find(|(name, _)| name == "csrf").map(|(_, value)| value.as_str());
    if TokenDigest::of(sent.unwrap_or_default()) == TokenDigest::of(&viewing.viewer.csrf) {
        return Ok(());
    }
    let why = "This page is older than your sign-in: nothing was done. Load it again.";
    Err(Refusal::new(StatusCode::FORBIDDEN, why))
}

pub(super) fn read_form<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_urlencoded::from_bytes(body).map_err(|error| {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("The form can't be read: {error}"))
    })
}

/// As much as the API takes of anything but components and Flow JSON.
const MAX_FORM_BYTES: usize = 1 << 20;
