//! The way from a request to the operations: a caller whose token was checked, at a route that says
//! what right it needs, comes to the desk of what the path names, or gets a problem.
//!
//! What a request is wrong in is told in this order: its path, its body or query, ids in the path,
//! what the caller may not see, what it may not do. A body comes before the desk is opened, so what
//! the desk knows is never older than the body took to come; uploads are the exception, which are
//! not to come at all where they are refused.

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

/// The desk that a request leads to.
pub(super) struct At<D>(pub(super) D);

/// The desk that a request leads to, and what its body says.
pub(super) struct JsonAt<D, T>(pub(super) D, pub(super) T);

/// The desk that a request leads to, and what its query says.
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

/// Where a caller can come to by the names in a path.
pub(super) trait Destination: Sized {
    /// Comes there, if the caller sees it and may do what the route is for.
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

/// A desk, and what the path names there.
impl<D: Destination, N: Named> Destination for (D, N) {
    async fn reached(visitor: Visitor, names: &PathNames) -> Result<Self, Problem> {
        let name = N::parse(names)?;
        Ok((D::reached(visitor, names).await?, name))
    }
}

/// What a path names at a desk.
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

/// The names in a path, by what the route calls them.
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

    /// What is no id names nothing.
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
