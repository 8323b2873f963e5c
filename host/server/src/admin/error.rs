//! Why an operation of the admin API failed.

use std::time::Duration;

use crate::store::StoreError;
use crate::tenants::TenantError;
use flowhost_exchange::sessions::SessionError;
use flowhost_flow_json::Findings;
use flowhost_protocol::crypto::{CryptoError, KeyFileError};
use flowhost_protocol::flow::SettingsError;
use flowhost_runtime::plugins::{ComponentError, LoadError};

/// Why an operation failed. The texts go to the caller; causes inside the host are only logged.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// As much of such work is under way as the limit allows.
    #[error("{0}")]
    Busy(String),
    /// The component was refused.
    #[error("{0}")]
    Component(#[source] ComponentError),
    /// The operation does not fit the present state.
    #[error("{0}")]
    Conflict(String),
    /// The Flow JSON was refused.
    #[error("the Flow JSON was refused:\n{0}")]
    FlowJson(#[source] Findings),
    /// The caller's role does not allow it.
    #[error("a token of role `{0}` may not do this")]
    Forbidden(&'static str),
    /// A task panicked or was cancelled, or a stored access token can't be read.
    #[error("the work was cut off: {0}")]
    Interrupted(String),
    /// The request has an invalid value.
    #[error("{0}")]
    Invalid(String),
    /// The key file was refused.
    #[error("{0}")]
    KeyFile(#[from] KeyFileError),
    /// A component can't be loaded, for a reason other than the component itself.
    #[error("the component can't be loaded")]
    Load(#[source] LoadError),
    /// An upload could not be kept in the folder for temporary files.
    #[error("the host can't keep the upload: {0}; tell its operator, then try again")]
    NoSpace(#[source] std::io::Error),
    /// As much of such work is under way as the host has memory for.
    #[error("{0}")]
    NoRoom(&'static str),
    /// Nothing has this name or id, or the caller can't see it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A stored value can't be decrypted.
    #[error("the stored {0} doesn't open")]
    Sealed(&'static str, #[source] CryptoError),
    /// A session can't be written.
    #[error("the session can't be written")]
    Session(#[from] SessionError),
    /// The settings were refused.
    #[error("{0}")]
    Settings(#[from] SettingsError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[source] StoreError),
    /// The tenant can't be served.
    #[error("the tenant can't be served")]
    Tenant(#[from] TenantError),
}

impl AdminError {
    /// When to try again, if that is all that is wrong.
    pub fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::NoRoom(_)).then_some(RETRY_AFTER)
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse(why) => Self::Conflict(why.to_owned()),
            StoreError::Taken(what) => Self::Conflict(format!("{what} is taken already")),
            error => Self::Store(error),
        }
    }
}

impl From<LoadError> for AdminError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Component(error) | LoadError::NotNow(error) => Self::Component(error),
            error => Self::Load(error),
        }
    }
}

/// As long as what is in the way usually takes.
const RETRY_AFTER: Duration = Duration::from_secs(5);
