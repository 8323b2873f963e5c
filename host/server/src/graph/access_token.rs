//! The access token of the Graph API.

use std::fmt;

use zeroize::Zeroizing;

/// A tenant's bearer token for the Graph API. Wiped on drop and never shown.
pub struct AccessToken(Zeroizing<String>);

impl AccessToken {
    /// Accepts a token that a header can carry, and trims white space around it.
    pub fn parse(text: &str) -> Result<Self, InvalidAccessToken> {
        let text = text.trim();
        if text.is_empty()
            || text.len() > MAX_TOKEN_BYTES
            || !text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(InvalidAccessToken);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// A text that is not an [`AccessToken`]. The error does not repeat it.
#[derive(Debug, thiserror::Error)]
#[error("an access token is 1 to {MAX_TOKEN_BYTES} visible ASCII characters without spaces")]
pub struct InvalidAccessToken;

/// Meta promises no length; its tokens have about 200 characters.
const MAX_TOKEN_BYTES: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_into_a_header_and_is_not_shown() {
        let token = AccessToken::parse(" EAAB-token\n").unwrap();
        assert_eq!(
            (token.expose(), format!("{token:?}").as_str()),
            ("EAAB-token", "AccessToken(..)")
        );
        for bad in ["", " ", "two words", "line\nend", "schlüssel", &"x".repeat(2049)] {
            assert!(AccessToken::parse(bad).is_err(), "{bad:?}");
        }
    }
}
