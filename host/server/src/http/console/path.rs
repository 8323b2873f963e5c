//! What a path names, and what its query asks for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::super::AdminState;
use super::super::problem::{Names, parse_query};
use super::refusal::Refusal;

/// The names in a path. What is no name leads to a page that says that there is nothing.
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AdminState> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self, Refusal> {
        let Names(names) = Names::from_request_parts(parts, state).await?;
        Ok(Self(names))
    }
}

/// What a query asks for. What can't be read leads to a page that says why.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<AdminState> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &AdminState) -> Result<Self, Refusal> {
        Ok(Self(parse_query(parts.uri.query())?))
    }
}
