//! Forms that the console's pages send.

use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

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
        check_texts(&fields)?;
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

/// A whole number in a form, or `None` if its field is empty.
pub(super) fn number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
{
    let text = String::deserialize(deserializer)?;
    match text.trim() {
        "" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| D::Error::custom(NO_NUMBER)),
    }
}

/// A text in a form, or `None` if its field is empty.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// What a field of several lines lists, one a line or with spaces or commas between.
pub(super) fn listed(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| letter.is_whitespace() || letter == ',');
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A text of several lines as it was typed: browsers end each line with two characters.
pub(super) fn typed(text: &str) -> String {
    text.replace("\r\n", "\n")
}

pub(super) fn read_form<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_urlencoded::from_bytes(body).map_err(|error| {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("The form can't be read: {error}"))
    })
}

/// As much as the API takes of anything but components and Flow JSON.
const MAX_FORM_BYTES: usize = 1 << 20;

/// What was typed is not in it: it may be a secret in the wrong field.
const NO_NUMBER: &str = "a number is whole, not below 0, and not too large";

/// Refuses what PostgreSQL keeps in no text.
pub(super) fn check_texts(fields: &Fields) -> Result<(), Refusal> {
    if fields.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        let why = "A field has U+0000 in it, which is not taken.";
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    Ok(())
}
