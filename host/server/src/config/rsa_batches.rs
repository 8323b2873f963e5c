//! Whether RSA operations are done in batches, and with which library.

use std::path::{Path, PathBuf};

/// Whether RSA operations are done in batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RsaBatches {
    /// If the system has the library and the processor fits.
    #[default]
    Auto,
    /// Never.
    Off,
    /// With the library in this file, if the processor fits.
    With(PathBuf),
}

impl RsaBatches {
    /// Reads `--rsa-batches`. A path must be absolute: the library is executed, and a host may be
    /// started in any folder.
    pub(super) fn parse(given: &Path) -> Result<Self, String> {
        match given.to_str() {
            Some("" | "auto") => Ok(Self::Auto),
            Some("off") => Ok(Self::Off),
            _ if given.is_absolute() => Ok(Self::With(given.to_owned())),
            _ => Err(format!(
                "--rsa-batches {given:?} is not auto, off, or the absolute path of libcrypto_mb.so.11"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_automatic_off_or_with_a_file() {
        let parse = |text: &str| RsaBatches::parse(Path::new(text));

        assert_eq!(parse("auto"), Ok(RsaBatches::Auto));
        assert_eq!(parse(""), Ok(RsaBatches::Auto));
        assert_eq!(parse("off"), Ok(RsaBatches::Off));
        assert_eq!(parse("/lib/mb.so"), Ok(RsaBatches::With("/lib/mb.so".into())));
        for text in ["on", "libcrypto_mb.so.11", "./libcrypto_mb.so.11"] {
            assert!(parse(text).unwrap_err().contains("--rsa-batches"), "{text}");
        }
    }
}
