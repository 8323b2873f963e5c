//! `/v1/audit`.

use axum::Json;
use axum::extract::RawQuery;

use super::super::problem::{Problem, parse_query};
use super::desk::AtDesk;
use crate::admin::AuditPage;

pub(super) async fn list(AtDesk(desk): AtDesk, RawQuery(query): RawQuery) -> Result<Json<AuditPage>, Problem> {
    Ok(Json(desk.list_audit_entries(parse_query(query.as_deref())?).await?))
}
