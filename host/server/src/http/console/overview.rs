//! `/console`.

use axum::response::Html;
use maud::html;

use super::refusal::Refusal;
use super::viewer::Viewing;

pub(super) async fn show(viewing: Viewing) -> Result<Html<String>, Refusal> {
    Ok(viewing.page("Tenants", &[], html! {}))
}
