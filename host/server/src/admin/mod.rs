//! The operations of the admin API: what operators, partners and tenants read and change of
//! partners, tenants, keys, app secrets, flows, plugin versions and tokens. Every operation is a
//! method of a desk, [`Desk`], [`TenantDesk`] or [`FlowDesk`]. A caller gets a desk only after the
//! checks of what it can see and what it may do.
//!
//! A change is complete when its operation returns: committed, announced to every host, and served
//! by this one.

mod api_tokens;
mod app_secrets;
mod audit;
mod browsers;
mod changes;
mod desk;
mod drawing;
mod error;
mod figures;
mod flow_config;
mod flow_json;
mod flow_store;
mod flows;
mod followers;
mod graph;
mod keys;
mod live;
mod live_follower;
mod logs;
mod master_key;
mod overview;
mod page;
mod partners;
mod phones;
mod reveal;
mod rights;
mod session_course;
mod sessions;
mod tenants;
mod tokens;
mod uploads;
mod versions;

pub use app_secrets::AppSecretState;
pub use changes::MAX_WAITING_CHANGES;
pub use desk::{Admin, Desk, FlowDesk, TenantDesk, TenantToDelete, Visitor};
pub use error::AdminError;
pub use figures::FigureSpan;
pub use flow_json::FlowJsonUpload;
pub use flows::PutFlow;
pub use followers::{MAX_FOLLOWERS_OF_A_TENANT, MAX_FOLLOWERS_OF_A_TOKEN};
pub use live::{LiveExchange, LiveFilter, LiveLine, LivePage, LivePlace};
pub use live_follower::{LiveFollower, LiveNews, LiveStart};
pub use logs::LogFollower;
pub use master_key::{Rotation, rotate_master_key};
pub use overview::OverviewPage;
pub use phones::{
    Deed, FilePicking, FileUpload, KeptFile, NewPhone, NoPhoneId, PhoneId, PhoneLine, PhoneSeen,
    PlayedExchange, PlayedPhone,
};
pub use reveal::{Said, SaidText};
pub use rights::Caller;
pub use session_course::{KeptReply, SessionCourse};
pub use uploads::Upload;

use flowhost_api::Right;
use flowhost_protocol::ids::Slug;

fn checked_name(name: String) -> Result<String, AdminError> {
    if name.trim().is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(AdminError::Invalid(format!("a name has 1 to {MAX_NAME_BYTES} bytes")));
    }
    Ok(name)
}

fn parse_slug(what: &'static str, text: &str) -> Result<Slug, AdminError> {
    text.parse().map_err(|error| AdminError::Invalid(format!("{what} {text:?}: {error}")))
}

/// Runs work that takes milliseconds of CPU off the async threads.
pub(crate) async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AdminError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| AdminError::Interrupted(error.to_string()))
}

const MAX_NAME_BYTES: usize = 200;
