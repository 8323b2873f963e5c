//! Why a session's turn did not go through.

use super::SessionStoreError;
use flowhost_protocol::crypto::CryptoError;

/// Why a turn could not begin or could not be committed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Since this turn began, another turn of the session or a copy of its request was committed.
    #[error("the session was changed by another turn")]
    Conflict,
    /// The store failed.
    #[error("the session can't be read or written")]
    Store(#[source] SessionStoreError),
    /// A stored value can't be decrypted.
    #[error("the session's stored {0} doesn't open")]
    Sealed(&'static str, #[source] CryptoError),
    /// A stored value decrypts to something that this release can't read.
    #[error("the session's stored {0} can't be read")]
    Unreadable(&'static str),
}
