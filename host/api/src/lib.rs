//! The admin API, written once: what the host answers with and its callers read, and the reverse.
//!
//! Requests refuse fields that they don't know, so that a typo is an error. Views skip such fields
//! when they are read, so that an older program understands a newer host. For the same reason a
//! view has a text where a later release may add a value.
#![forbid(unsafe_code)]

mod api_tokens;
mod app_secrets;
mod audit;
mod figures;
mod flow_config;
mod flow_json;
mod flow_store;
mod flows;
mod graph;
mod keys;
mod logs;
mod openapi;
mod overview;
mod partners;
mod problem;
mod routes;
mod sessions;
mod tenants;
mod timestamp;
mod tokens;
mod unanswered;
mod versions;

pub use api_tokens::{ApiTokenList, ApiTokenView, CreateApiToken, NewApiToken};
pub use app_secrets::NewAppSecret;
pub use audit::{ActorView, AuditEntryView, AuditPage, AuditQuery};
pub use figures::{ExchangeFigures, FigureStretch, FlowFigures};
pub use flow_config::{ConfigValueList, ConfigValueView, SetConfigValue};
pub use flow_json::{FindingView, FlowJsonNotes};
pub use flow_store::{StoreKeyList, StoreKeysQuery, StoreValueQuery, StoreValueView};
pub use flows::{FlowHealth, FlowHealthList, FlowList, FlowView, FlowWarning};
pub use graph::{
    GraphAccessView, KeyList, ListedKey, SetGraphAccess, UploadKey, UploadList, UploadView,
};
pub use keys::{AddKey, KeyView};
pub use logs::{LogLineView, LogQuery};
pub use openapi::openapi_document;
pub use overview::{KeyAtMeta, TenantOverview};
pub use partners::{CreatePartner, PartnerList, PartnerView, PatchPartner};
pub use problem::Problem;
pub use routes::{Method, Right, Route};
pub use sessions::{
    ClientErrorView, DeleteSession, ExchangeView, SessionDetails, SessionQuery, SessionView,
    SessionsPage,
};
pub use tenants::{CreateTenant, PatchTenant, TenantList, TenantView};
pub use timestamp::Timestamp;
pub use tokens::{MintToken, MintedTokenView, TtlFrom};
pub use unanswered::UnansweredView;
pub use versions::{
    Activate, Activated, CapabilitiesView, Rehearse, Rehearsed, UploadQuery, UploadedVersion,
    VersionList, VersionView,
};

/// Whether a switch is off, which requests leave out.
fn is_off(switch: &bool) -> bool {
    !switch
}
