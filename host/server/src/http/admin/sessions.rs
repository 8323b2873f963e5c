//! `/v1/tenants/{tenant}/flows/{flow}/sessions`.

use axum::Json;
use axum::extract::RawQuery;

use super::super::problem::{Names, Problem, parse_query};
use super::desk::AtDesk;
use crate::admin::{AdminError, SessionDetails, SessionsPage};

pub(super) async fn list(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<SessionsPage>, Problem> {
    Ok(Json(desk.list_sessions(&tenant, &flow, parse_query(query.as_deref())?).await?))
}

pub(super) async fn show(
    AtDesk(desk): AtDesk,
    Names((tenant, flow, session)): Names<(String, String, String)>,
) -> Result<Json<SessionDetails>, Problem> {
    // What is no id names no session.
    let session = session.parse().map_err(|_| AdminError::NotFound("session"))?;
    Ok(Json(desk.show_session(&tenant, &flow, session).await?))
}
