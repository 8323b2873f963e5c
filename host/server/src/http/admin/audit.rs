//! `/v1/audit`.

use axum::Json;

use super::super::problem::Problem;
use super::desk::QueryAt;
use crate::admin::Desk;
use flowhost_api::{AuditPage, AuditQuery};

pub(super) async fn list(
    QueryAt(desk, query): QueryAt<Desk, AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    Ok(Json(desk.list_audit_entries(query).await?))
}
