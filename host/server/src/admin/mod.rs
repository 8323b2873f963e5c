//! What operators, partners and tenants change: partners, tenants, keys, app secrets, flows, plugin versions, tokens; and what they look
//! at. Every operation is a method of [`Desk`], which knows its caller.
//!
//! A change is complete when it returns: committed, told to every host, and served by this one.

mod access;
mod api_tokens;
mod app_secrets;
mod audit;
mod error;
mod flow_config;
mod flow_json;
mod flows;
mod graph;
mod keys;
mod logs;
mod master_key;
mod page;
mod partners;
mod sessions;
mod tenants;
mod tokens;
mod uploads;
mod versions;

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;

pub use access::{Caller, Desk, Right};
pub use api_tokens::{ApiTokenView, CreateApiToken, NewApiToken};
pub use app_secrets::NewAppSecret;
pub use audit::{AuditPage, AuditQuery};
pub use error::AdminError;
pub use flow_config::{ConfigValueView, SetConfigValue};
pub use flows::{FlowHealth, FlowView, FlowWarning, PutFlow};
pub use graph::{GraphAccessView, ListedKey, SetGraphAccess, UploadKey, UploadView};
pub use keys::{AddKey, KeyView};
pub use logs::{LogFollower, LogLineView, LogQuery, MAX_FOLLOWERS_OF_A_TENANT};
pub use master_key::{Rotation, rotate_master_key};
pub use partners::{CreatePartner, PartnerView, PatchPartner};
pub use sessions::{SessionDetails, SessionQuery, SessionView, SessionsPage};
pub use tenants::{CreateTenant, PatchTenant, TenantView};
pub use tokens::{MintToken, MintedTokenView};
pub use uploads::{Upload, UploadPlace};
pub use versions::{Activated, Rehearsal, Rehearsed, Stage, UploadedVersion, VersionView};

use tokio::sync::Mutex;

use self::logs::Followers;
use crate::key_uploads::KeyUploads;
use crate::store::{Change, Store, StoredTenant};
use crate::tenants::{Directory, open_data_key};
use flowhost_protocol::crypto::{DataKey, MasterKeys, TokenDigest};
use flowhost_protocol::ids::{Slug, TenantId};
use flowhost_runtime::budget::{Budget, Claim};
use flowhost_runtime::plugins::Plugins;

/// What the operations of the admin API work with.
pub struct Admin {
    store: Store,
    master: MasterKeys,
    directory: Arc<Directory>,
    plugins: Arc<Plugins>,
    key_uploads: Arc<KeyUploads>,
    operator_token: Option<TokenDigest>,
    uploads: uploads::Uploads,
    stage: Arc<dyn Stage>,
    followers: Followers,
    reading_flow_json: Mutex<()>,
    changes: Arc<Budget>,
}

impl Admin {
    /// Puts the parts together. `operator_token` is one that is valid without being in the database; `upload_folder` keeps components
    /// until they are stored; on `stage` versions are rehearsed; `changes` has the places of those that tenants themselves make.
    #[expect(clippy::too_many_arguments, reason = "each is a part of its own, and this is where they meet")]
    pub fn new(
        store: Store,
        master: MasterKeys,
        directory: Arc<Directory>,
        plugins: Arc<Plugins>,
        key_uploads: Arc<KeyUploads>,
        operator_token: Option<TokenDigest>,
        upload_folder: PathBuf,
        stage: Arc<dyn Stage>,
        changes: Arc<Budget>,
    ) -> Self {
        let uploads = uploads::Uploads::new(upload_folder);
        Self {
            store,
            master,
            directory,
            plugins,
            key_uploads,
            operator_token,
            uploads,
            stage,
            followers: Followers::default(),
            reading_flow_json: Mutex::default(),
            changes,
        }
    }
}

impl Desk {
    fn data_key(&self, tenant: &StoredTenant) -> Result<DataKey, AdminError> {
        Ok(open_data_key(&self.admin.master, tenant)?)
    }

    /// Begins a change. Those of one tenant wait for each other, so a tenant's own get at the database by turns with other tenants': else
    /// one that sends many would have every connection. What a partner or an operator changes waits for none: it may be a kill switch.
    async fn begin_change(&self, tenant: TenantId) -> Result<PlacedChange, AdminError> {
        let place = match self.caller.scope.tenant() {
            Some(own) => Some(self.admin.changes.take(own, 1).await.ok_or_else(too_many_changes)?),
            None => None,
        };
        let change = self.admin.store.begin_change(tenant).await?.ok_or(AdminError::NotFound("tenant"))?;
        Ok(PlacedChange { change, place })
    }
}

/// A change under way, with its place among those that tenants make.
struct PlacedChange {
    change: Change,
    place: Option<Claim>,
}

impl From<Change> for PlacedChange {
    fn from(change: Change) -> Self {
        Self { change, place: None }
    }
}

impl Deref for PlacedChange {
    type Target = Change;

    fn deref(&self) -> &Change {
        &self.change
    }
}

impl DerefMut for PlacedChange {
    fn deref_mut(&mut self) -> &mut Change {
        &mut self.change
    }
}

fn too_many_changes() -> AdminError {
    AdminError::Busy("as many changes of this tenant wait as may; try again when some are through".to_owned())
}

fn checked_name(name: String) -> Result<String, AdminError> {
    if name.trim().is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(AdminError::Invalid(format!("a name has 1 to {MAX_NAME_BYTES} bytes")));
    }
    Ok(name)
}

fn parse_slug(what: &'static str, text: &str) -> Result<Slug, AdminError> {
    text.parse().map_err(|error| AdminError::Invalid(format!("{what} {text:?}: {error}")))
}

/// Runs what takes milliseconds of CPU off the async threads.
async fn off_the_async_threads<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AdminError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AdminError::Interrupted(error.to_string()))
}

/// Changes of one tenant that may wait for their turn at a host: more than any deployment makes at once.
pub const MAX_WAITING_CHANGES: usize = 64;

const MAX_NAME_BYTES: usize = 200;
