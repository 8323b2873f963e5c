//! Bearer tokens: 256 random bits, of which only a hash is stored.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::random_bytes;

/// A token in clear, as its bearer has it. It is wiped when dropped and never shown.
pub struct BearerToken(Zeroizing<String>);

impl BearerToken {
    /// Generates a token: `prefix`, followed by 256 random bits in URL-safe base64. The prefix lets
    /// people and scanners for leaked secrets recognise the token.
    pub fn generate(prefix: &str) -> Self {
        let bytes = Zeroizing::new(random_bytes::<TOKEN_BYTES>());
        Self(Zeroizing::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// The token in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The hash that is stored.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(..)")
    }
}

/// SHA-256 of a bearer token. A slow hash would add nothing, since 256 random bits cannot be
/// guessed.
#[derive(Clone, Copy, Debug)]
pub struct TokenDigest(pub [u8; 32]);

impl TokenDigest {
    /// Hashes a token that a caller presents.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// The digest of both tokens: nobody can make it who knows only one of them.
    pub fn with(self, other: Self) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(other.0).finalize().into())
    }
}

/// Compares in constant time, so that timing tells nothing about the stored digest.
impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenDigest {}

/// 256 bits: beyond guessing.
const TOKEN_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_are_known_by_their_digest() {
        let (one, other) = (BearerToken::generate("fha_"), BearerToken::generate("fha_"));
        assert_eq!(one.expose().len(), "fha_".len() + 43);
        assert_eq!(one.digest(), TokenDigest::of(one.expose()));
        assert_ne!(one.digest(), other.digest());
        assert_eq!(format!("{one:?}"), "BearerToken(..)");
    }

    #[test]
    fn the_digest_of_two_tokens_is_neithers_and_depends_on_both() {
        let [one, other, third] = ["one", "other", "third"].map(TokenDigest::of);
        let both = one.with(other);
        assert_eq!(both, TokenDigest::of("one").with(other));
        for different in [one, other, other.with(one), one.with(third), third.with(other)] {
            assert_ne!(both, different);
        }
    }
}
