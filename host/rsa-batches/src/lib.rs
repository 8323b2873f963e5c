//! Eight RSA-2048 operations at once, with the vector instructions that some processors have
//! (AVX-512 IFMA) and the library `crypto_mb` that is written for them.
//!
//! The library is no part of this program and not needed: it is loaded at run time if it is there
//! ([`CryptoMb::load`]). It is trusted with keys; what it computes is checked by
//! [`BatchedRsa`](flowhost_protocol::crypto::BatchedRsa).
#![deny(unsafe_code)]

mod crypto_mb;
mod error;

pub use crypto_mb::{CryptoMb, LIBRARY};
pub use error::LoadError;
