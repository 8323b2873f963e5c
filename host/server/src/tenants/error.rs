//! What can go wrong in [`tenants`](super).

use crate::store::StoreError;
use flowhost_protocol::crypto::CryptoError;
use flowhost_protocol::ids::TenantId;

/// Why a tenant can't be served.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// Loading it failed while this caller waited for that.
    #[error("the tenant could not be loaded just now")]
    JustFailed,
    /// The database failed.
    #[error("the tenants can't be read")]
    Store(#[from] StoreError),
    /// A secret can't be decrypted, most likely because the master key is a different one.
    #[error("{what} of tenant {tenant} doesn't open; is this the master key it was sealed with?")]
    Sealed {
        /// The secret's tenant.
        tenant: TenantId,
        /// The kind of secret, as in "the data key".
        what: &'static str,
        /// The cryptographic error.
        #[source]
        source: CryptoError,
    },
    /// The stored settings of a flow can't be read by this release.
    #[error("the settings of flow {flow} of tenant {tenant} can't be read: {reason}")]
    Settings {
        /// The flow's tenant.
        tenant: TenantId,
        /// The flow's name.
        flow: String,
        /// Why, with the field's name.
        reason: String,
    },
}
