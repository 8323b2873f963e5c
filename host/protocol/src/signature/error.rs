//! Why a signature was refused.

/// Why a signature was refused. The caller maps every variant to the same status.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    /// The header is not of the form that Meta documents.
    #[error("signature header is not `sha256=` and 64 hex digits")]
    Malformed,
    /// Made with another secret or over another body.
    #[error("signature does not match the body")]
    Mismatch,
    /// There is no header, or there are several.
    #[error("signature header is missing")]
    Missing,
}
