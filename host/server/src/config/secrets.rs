//! Secrets as text: wiped on drop and never shown.

use std::fmt;

use zeroize::Zeroizing;

use flowhost_protocol::crypto::BearerToken;

/// A secret as the user gave it: an app secret, a token, or a private key in PEM.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes ownership of the text, which is wiped on drop.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Removes the line end that editors and `echo` put at the end of a file.
    pub fn without_line_end(self) -> Self {
        Self::new(self.expose().trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretText")
    }
}

/// An operator's bearer token for the admin API.
pub struct AdminToken(Zeroizing<String>);

impl AdminToken {
    /// Generates a random token, with the prefix `fha_`.
    pub fn generate() -> Self {
        Self(Zeroizing::new(BearerToken::generate("fha_").expose().to_owned()))
    }

    /// Reads a token that can be sent in a header. The error does not repeat the token.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("holds characters other than visible ASCII, or spaces");
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AdminToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_no_secret() {
        assert_eq!(format!("{:?}", SecretText::new("s3cret".to_owned())), "SecretText");
        assert_eq!(format!("{:?}", AdminToken::parse("s3cret")), "Ok(AdminToken)");
    }

    #[test]
    fn generated_tokens_differ_and_parse_again() {
        let (one, other) = (AdminToken::generate(), AdminToken::generate());

        assert_ne!(one.expose(), other.expose());
        assert_eq!(AdminToken::parse(one.expose()).unwrap().expose(), one.expose());
    }

    #[test]
    fn refuses_a_token_that_no_header_can_carry() {
        for bad in ["", "two words", "line\nend", "schlüssel"] {
            assert!(AdminToken::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn cuts_line_ends_only() {
        assert_eq!(SecretText::new(" a b \r\n".to_owned()).without_line_end().expose(), " a b ");
    }
}
