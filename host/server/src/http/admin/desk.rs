//! Extractors that lead from a request to the operations: they take the caller of the checked token
//! and the right that the route needs, and give the desk of what the path names, or a problem.
//!
//! Problems are reported in this order: the path, the body or query, ids in the path, what the
//! caller can't see, what it may not do. A body is read before the desk is made, so that a slow
//! body does not leave the desk with outdated rows. Uploads are the exception: a refused upload
//! should not be read at all.

use std::collections::HashMap;
use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::super::AdminState;
use super::super::problem::{Names, Problem, parse_query, read_json};
use crate::admin::{AdminError, Caller, Desk, FlowDesk, TenantDesk, TenantToDelete, Visitor};
use flowhost_api::Right;
use flowhost_protocol::ids::{ApiTokenId, KeyId, SessionId};

/// The desk of what the path names.
pub(super) struct At<D>(pub(super) D);

/// The desk of what the path names, and the JSON body.
pub(super) struct JsonAt<D, T>(pub(super) D, pub(super) T);

/// The desk of what the path names, and the query.
pub(super) struct QueryAt<D, T>(pub(super) D, pub(super) T);

impl<D: Destination> FromRequestParts<AdminState> for At<D> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self, Problem> {
        let names = PathNames::of(parts, state).await?;
        Ok(Self(D::reached(visitor(parts, state)?, &names).await?))
    }
}

impl<D: Destination, T: DeserializeOwned + Send> FromRequest<AdminState> for JsonAt<D, T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AdminState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let names = PathNames::of(&mut parts, state).await?;
        let json = read_json(body).await?;
        Ok(Self(D::reached(visitor(&parts, state)?, &names).await?, json))
    }
}

impl<D: Destination, T: DeserializeOwned + Send> FromRequestParts<AdminState> for QueryAt<D, T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self, Problem> {
        let names = PathNames::of(parts, state).await?;
        let query = parse_query(parts.uri.query())?;
        Ok(Self(D::reached(visitor(parts, state)?, &names).await?, query))
    }
}

/// What the names in a path lead to.
pub(super) trait Destination: Sized {
    /// Fails if the caller can't see it or does not have the route's right.
    fn reached(
        visitor: Visitor,
        names: &PathNames,
    ) -> impl Future<Output = Result<Self, Problem>> + Send;
}

impl Destination for Desk {
    async fn reached(visitor: Visitor, _names: &PathNames) -> Result<Self, Problem> {
        Ok(visitor.desk()?)
    }
}

impl Destination for TenantDesk {
    async fn reached(visitor: Visitor, names: &PathNames) -> Result<Self, Problem> {
        Ok(visitor.tenant(names.get("tenant")?).await?)
    }
}

impl Destination for TenantToDelete {
    async fn reached(visitor: Visitor, names: &PathNames) -> Result<Self, Problem> {
        Ok(visitor.tenant_to_delete(names.get("tenant")?).await?)
    }
}

impl Destination for FlowDesk {
    async fn reached(visitor: Visitor, names: &PathNames) -> Result<Self, Problem> {
        Ok(visitor.flow(names.get("tenant")?, names.get("flow")?).await?)
    }
}

/// A desk, and an id or a number in the path.
impl<D: Destination, N: Named> Destination for (D, N) {
    async fn reached(visitor: Visitor, names: &PathNames) -> Result<Self, Problem> {
        let name = N::parse(names)?;
        Ok((D::reached(visitor, names).await?, name))
    }
}

/// An id or a number in a path.
pub(super) trait Named: Sized + Send {
    fn parse(names: &PathNames) -> Result<Self, Problem>;
}

impl Named for ApiTokenId {
    fn parse(names: &PathNames) -> Result<Self, Problem> {
        names.id("api_token", "api token")
    }
}

impl Named for KeyId {
    fn parse(names: &PathNames) -> Result<Self, Problem> {
        names.id("key", "key")
    }
}

impl Named for SessionId {
    fn parse(names: &PathNames) -> Result<Self, Problem> {
        names.id("session", "session")
    }
}

/// The number of a version.
pub(super) struct VersionNumber(pub(super) i32);

impl Named for VersionNumber {
    fn parse(names: &PathNames) -> Result<Self, Problem> {
        Ok(Self(names.id("version", "version")?))
    }
}

/// The values of a path's parameters, by the names that the route gives them.
pub(super) struct PathNames(HashMap<String, String>);

impl PathNames {
    async fn of(parts: &mut Parts, state: &AdminState) -> Result<Self, Problem> {
        let Names(names) = Names::from_request_parts(parts, state).await?;
        Ok(Self(names))
    }

    fn get(&self, name: &str) -> Result<&str, Problem> {
        let missing = || {
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("this route's path has no {{{name}}}"),
            )
        };
        self.0.get(name).map(String::as_str).ok_or_else(missing)
    }

    /// A text that does not parse matches nothing: 404.
    fn id<T: FromStr>(&self, name: &str, what: &'static str) -> Result<T, Problem> {
        self.get(name)?.parse().map_err(|_| AdminError::NotFound(what).into())
    }
}

fn visitor(parts: &Parts, state: &AdminState) -> Result<Visitor, Problem> {
    match (parts.extensions.get::<Caller>(), parts.extensions.get::<Right>()) {
        (Some(caller), Some(right)) => {
            Ok(state.admin.visitor(*caller, *right, parts.extensions.get().copied()))
        }
        _ => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "this route lets nobody in")),
    }
}
