//! What can go wrong in [`key_uploads`](super), besides what Meta reports.

use crate::graph::InvalidAccessToken;
use crate::store::StoreError;
use crate::tenants::TenantError;
use flowhost_protocol::crypto::CryptoError;

/// Why Meta could not be asked, where the cause is on this side.
#[derive(Debug, thiserror::Error)]
pub enum KeyUploadError {
    /// The stored access token can't be decrypted.
    #[error("the stored access token doesn't open")]
    Sealed(#[source] CryptoError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tenant's data key can't be decrypted.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// The stored text is not an access token.
    #[error("the stored access token can't be read")]
    Unreadable(#[from] InvalidAccessToken),
}
