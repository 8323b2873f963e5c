//! What operators and tenants change: tenants, keys, app secrets, flows, plugin versions; and what they look at.
//!
//! A change is complete when it returns: committed, told to every host, and served by this one.

mod app_secrets;
mod error;
mod flows;
mod keys;
mod sessions;
mod tenants;
mod versions;

use std::sync::Arc;

pub use app_secrets::NewAppSecret;
pub use error::AdminError;
pub use flows::{FlowView, PutFlow};
pub use keys::{AddKey, KeyView};
pub use sessions::{SessionDetails, SessionQuery, SessionView, SessionsPage};
pub use tenants::{CreateTenant, PatchTenant, TenantView};
pub use versions::{Activated, UploadedVersion, VersionView};

use crate::crypto::{DataKey, MasterKey};
use crate::ids::{Slug, TenantId};
use crate::plugins::Plugins;
use crate::store::{self, Change, Store, StoredFlow, StoredTenant};
use crate::tenants::{Directory, open_data_key};

/// The operations of the admin API.
pub struct Admin {
    store: Store,
    master: MasterKey,
    directory: Arc<Directory>,
    plugins: Arc<Plugins>,
}

impl Admin {
    /// Puts the parts together.
    pub fn new(store: Store, master: MasterKey, directory: Arc<Directory>, plugins: Arc<Plugins>) -> Self {
        Self { store, master, directory, plugins }
    }

    /// The tenant of that slug.
    async fn tenant(&self, slug: &str) -> Result<StoredTenant, AdminError> {
        let tenant = store::find_tenant(&self.store, slug).await?;
        tenant.filter(|tenant| !tenant.sealed_data_key.0.is_empty()).ok_or(AdminError::NotFound("tenant"))
    }

    /// The tenant's flow of that name.
    async fn flow(&self, tenant: &StoredTenant, name: &str) -> Result<StoredFlow, AdminError> {
        store::find_flow(&self.store, tenant.id, name).await?.ok_or(AdminError::NotFound("flow"))
    }

    fn data_key(&self, tenant: &StoredTenant) -> Result<DataKey, AdminError> {
        Ok(open_data_key(&self.master, tenant)?)
    }

    async fn begin_change(&self, tenant: TenantId) -> Result<Change, AdminError> {
        self.store.begin_change(tenant).await?.ok_or(AdminError::NotFound("tenant"))
    }

    /// Commits a change and serves it.
    async fn finish(&self, change: Change) -> Result<(), AdminError> {
        let tenant = change.tenant();
        change.commit().await?;
        Ok(self.directory.refresh(tenant).await?)
    }
}

fn parse_slug(what: &'static str, text: &str) -> Result<Slug, AdminError> {
    text.parse().map_err(|error| AdminError::Invalid(format!("{what} {text:?}: {error}")))
}

/// Runs what takes milliseconds of CPU off the async threads.
async fn off_the_async_threads<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AdminError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AdminError::Interrupted(error.to_string()))
}
