//! What can go wrong in [`tenants`](super).

use crate::store::StoreError;
use flowhost_protocol::crypto::CryptoError;
use flowhost_protocol::ids::TenantId;

/// Why a tenant can't be served.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// The database failed.
    #[error("the tenants can't be read")]
    Store(#[from] StoreError),
    /// A secret doesn't open, most likely since the master key is another.
    #[error("{what} of tenant {tenant} doesn't open; is this the master key it was sealed with?")]
    Sealed {
        /// Whose it is.
        tenant: TenantId,
        /// What it is.
        what: &'static str,
        /// Why.
        #[source]
        source: CryptoError,
    },
    /// Stored settings that this release can't read.
    #[error("the settings of flow {flow} of tenant {tenant} can't be read: {reason}")]
    Settings {
        /// Whose they are.
        tenant: TenantId,
        /// The flow's name.
        flow: String,
        /// Why, with the field's name.
        reason: String,
    },
}
