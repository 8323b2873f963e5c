//! Why there was no load.

use std::io;

use super::super::{ClientError, ConnectionFailure};

/// All errors of [`load`](super).
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A request can't be sealed, or the name of the endpoint's machine can't be resolved.
    #[error(transparent)]
    Client(#[from] ClientError),

    /// This machine gives no thread, or no file for a runtime.
    #[error("this machine does not let the load begin")]
    Machine(#[source] io::Error),

    /// The prepared requests would take too much memory.
    #[error(
        "{count} requests of {bytes} bytes each would take more than the {limit} bytes that they may: send fewer, or less data"
    )]
    TooMany {
        /// How many were asked for.
        count: usize,
        /// What one takes.
        bytes: usize,
        /// What all may take.
        limit: usize,
    },

    /// A connection can't be opened at the start.
    #[error("cannot reach the endpoint")]
    Unreachable(#[source] ConnectionFailure),
}
