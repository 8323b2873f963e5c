//! The way from a request to the operations: a caller whose token was checked, at a route that says what right it needs.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::super::AdminState;
use super::super::problem::Problem;
use crate::admin::{Caller, Desk, Right};

/// The desk of the request's caller, for what its route is about.
pub(super) struct AtDesk(pub(super) Desk);

impl FromRequestParts<AdminState> for AtDesk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self, Problem> {
        match (parts.extensions.get::<Caller>(), parts.extensions.get::<Right>()) {
            (Some(caller), Some(right)) => Ok(Self(state.admin.desk(*caller, *right, parts.extensions.get().copied()))),
            _ => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "this route lets nobody in")),
        }
    }
}
