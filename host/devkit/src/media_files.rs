//! Reads the files that users pick in tests and chats: those that a scenario names, and those that
//! somebody types.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::scenarios::{MediaContent, MediaFailure, MediaFake};

/// Why a file can't be picked.
#[derive(Debug, thiserror::Error)]
pub enum MediaFileError {
    /// It is not there, or no file, or not to be read.
    #[error("can't read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It is larger than WhatsApp lets users send.
    #[error("{} is too large: a file that users pick has at most {} MiB", path.display(), MAX_BYTES >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a file that a user picks.
///
/// # Errors
/// It can't be read, or has more than 25 MiB.
pub fn read(path: &Path) -> Result<Vec<u8>, MediaFileError> {
    let unreadable = |source| MediaFileError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more says that there are more, whatever kind of file it is.
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(MediaFileError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

/// The content of a scenario's file, or why it has none; `folder` is the scenario's.
///
/// # Errors
/// Those of [`read`].
pub fn content(
    media: &MediaFake,
    folder: &Path,
) -> Result<Result<Vec<u8>, MediaFailure>, MediaFileError> {
    match &media.content {
        Ok(MediaContent::File(path)) => read(&folder.join(path)).map(Ok),
        Ok(MediaContent::Bytes(bytes)) => Ok(Ok(bytes.clone())),
        Err(failure) => Ok(Err(*failure)),
    }
}

/// WhatsApp's limit (`protocol.md` section 6).
const MAX_BYTES: u64 = 25 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_25_mib_can_be_picked_and_one_more_byte_is_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.mp4");
        let sized = |length| {
            File::create(&path).unwrap().set_len(length).unwrap();
            read(&path)
        };

        assert_eq!(sized(MAX_BYTES).unwrap().len() as u64, MAX_BYTES);
        let error = sized(MAX_BYTES + 1).unwrap_err().to_string();
        assert!(error.contains("large.mp4") && error.contains("25 MiB"), "{error}");
    }

    #[test]
    fn what_is_no_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("missing.jpg"), folder.path().to_owned()] {
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}
