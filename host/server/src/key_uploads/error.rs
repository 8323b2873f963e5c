//! What can go wrong in [`key_uploads`](super), besides what Meta says.

use crate::graph::InvalidAccessToken;
use crate::store::StoreError;
use crate::tenants::TenantError;
use flowhost_protocol::crypto::CryptoError;

/// Meta could not be asked, through no fault of Meta's.
#[derive(Debug, thiserror::Error)]
pub enum KeyUploadError {
    /// The stored access token doesn't open.
    #[error("the stored access token doesn't open")]
    Sealed(#[source] CryptoError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tenant's data key doesn't open.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// The stored access token is none.
    #[error("the stored access token can't be read")]
    Unreadable(#[from] InvalidAccessToken),
}
