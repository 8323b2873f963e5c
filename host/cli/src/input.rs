//! Reads secrets and documents from a file or standard input.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;
use zeroize::Zeroizing;

use flowhost_server::config::{ConfigError, SecretText};

/// Reads a secret from a file, or from standard input for `-`. The line end is removed.
pub(crate) fn read_secret(path: &Path) -> anyhow::Result<SecretText> {
    Ok(SecretText::new(text_in(&read_secret_bytes(path)?, path)?.to_owned()).without_line_end())
}

/// Reads a secret that need not be text, with its line end.
pub(crate) fn read_secret_bytes(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let bytes = read_all(path)?;
    if bytes.trim_ascii().is_empty() {
        return Err(
            ConfigError::new(format!("{} holds no secret: it is empty", shown(path))).into()
        );
    }
    Ok(bytes)
}

/// Reads a text from a file, or from standard input for `-`.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    Ok(text_in(&read_all(path)?, path)?.to_owned())
}

fn read_all(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if path == Path::new(STDIN) {
        std::io::stdin().lock().read_to_end(&mut bytes).context("can't read standard input")?;
    } else {
        let mut file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
        file.read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    }
    Ok(bytes)
}

fn text_in<'a>(bytes: &'a [u8], path: &Path) -> Result<&'a str, ConfigError> {
    std::str::from_utf8(bytes)
        .map_err(|_| ConfigError::new(format!("{} is not UTF-8 text", shown(path))))
}

/// Reads a file that need not be text.
pub(crate) fn read_bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    Ok(std::fs::read(path).map_err(|error| unreadable(path, &error))?)
}

/// Reads JSON from the argument itself, from a file for `@FILE`, or from standard input for `-`.
pub(crate) fn read_json(argument: &str, flag: &str) -> anyhow::Result<Value> {
    let text = match argument.strip_prefix('@') {
        Some(path) => read_text(Path::new(path))?,
        None if argument == STDIN => read_text(Path::new(STDIN))?,
        None => argument.to_owned(),
    };
    serde_json::from_str(&text)
        .map_err(|error| ConfigError::new(format!("{flag} is not JSON: {error}")).into())
}

/// A file that the user named and that can't be read is bad usage.
fn unreadable(path: &Path, error: &std::io::Error) -> ConfigError {
    ConfigError::new(format!("can't read {}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    if path == Path::new(STDIN) { "standard input".to_owned() } else { path.display().to_string() }
}

/// The path that stands for standard input.
const STDIN: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_file_loses_its_line_end_only() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3 cret\r\n").unwrap();

        assert_eq!(read_secret(file.path()).unwrap().expose(), "s3 cret");
    }

    #[test]
    fn an_empty_or_missing_secret_file_is_bad_usage() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "\n").unwrap();

        assert!(read_secret(file.path()).unwrap_err().is::<ConfigError>());
        assert!(read_secret(Path::new("/does/not/exist")).unwrap_err().is::<ConfigError>());
    }

    #[test]
    fn json_comes_from_the_argument_or_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"a":1}"#).unwrap();
        let by_file = format!("@{}", file.path().display());

        assert_eq!(
            read_json(&by_file, "--data").unwrap(),
            read_json(r#"{"a":1}"#, "--data").unwrap()
        );
        assert!(read_json("{", "--data").unwrap_err().is::<ConfigError>());
    }
}
