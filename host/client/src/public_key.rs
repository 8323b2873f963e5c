//! What is wrong with a file that should hold a public key.

/// What the file holds instead, and how to get the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyFlaw {
    /// There is nothing of the form `-----BEGIN ..-----`.
    #[error("there is no PEM in it")]
    NoPem,
    /// A private key.
    #[error("it is a private key; the public one is what `openssl pkey -in FILE -pubout` prints")]
    Private,
    /// A certificate.
    #[error(
        "it is a certificate; the key in it is what `openssl x509 -in FILE -noout -pubkey` prints"
    )]
    Certificate,
    /// A public key in PKCS#1, the older form for RSA keys only.
    #[error(
        "it is a public key in the form PKCS#1; `openssl rsa -RSAPublicKey_in -in FILE -pubout` prints the one that is due"
    )]
    Pkcs1,
    /// A public key that can't be read as an RSA key.
    #[error("it is a public key, but damaged, or of another kind than RSA")]
    NotRsa,
    /// Something else in PEM.
    #[error("it is something else in PEM")]
    Other,
}

impl PublicKeyFlaw {
    /// Looks at the first line of the PEM in a text that is not a valid public key.
    pub(super) fn of(text: &str) -> Self {
        let label = text
            .split_once("-----BEGIN ")
            .and_then(|(_, rest)| rest.split_once("-----"))
            .map(|(label, _)| label);
        match label {
            None => Self::NoPem,
            Some(label) if label.ends_with("PRIVATE KEY") => Self::Private,
            Some("CERTIFICATE") => Self::Certificate,
            Some("RSA PUBLIC KEY") => Self::Pkcs1,
            Some("PUBLIC KEY") => Self::NotRsa,
            Some(_) => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_instead_is_named() {
        for (text, flaw) in [
            ("# A readme", PublicKeyFlaw::NoPem),
            ("-----BEGIN ", PublicKeyFlaw::NoPem),
            ("-----BEGIN PRIVATE KEY-----\nAAAA", PublicKeyFlaw::Private),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", PublicKeyFlaw::Private),
            ("Bag Attributes\n-----BEGIN CERTIFICATE-----", PublicKeyFlaw::Certificate),
            ("-----BEGIN RSA PUBLIC KEY-----", PublicKeyFlaw::Pkcs1),
            ("-----BEGIN PUBLIC KEY-----\nAAAA", PublicKeyFlaw::NotRsa),
            ("-----BEGIN NOTHING-----", PublicKeyFlaw::Other),
        ] {
            assert_eq!(PublicKeyFlaw::of(text), flaw, "{text}");
        }
    }
}
