//! Why a session's turn did not go through.

use super::SessionStoreError;
use flowhost_protocol::crypto::CryptoError;

/// Why a turn could not begin or could not be committed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Another turn of the session was committed since this one began.
    #[error("the session was changed by another turn")]
    Conflict,
    /// Whoever keeps sessions failed.
    #[error("the session can't be read or written")]
    Store(#[source] SessionStoreError),
    /// What is stored doesn't open.
    #[error("the session's stored {0} doesn't open")]
    Sealed(&'static str, #[source] CryptoError),
    /// What is stored is not what this release can read.
    #[error("the session's stored {0} can't be read")]
    Unreadable(&'static str),
}
