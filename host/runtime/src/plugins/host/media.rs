//! The import `media`: files that the user picked, for plugins that ask for them and flows that
//! grant it.

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::media::{Error, Host};
use crate::plugins::{MediaError, MediaRequest};

impl Host for CallState {
    async fn fetch(&mut self, reference: String) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        if !self.call.plugin.capabilities.media {
            return Ok(Err(Error::NotGranted));
        }
        if self.fetched_files >= MAX_FILES {
            return Ok(Err(Error::QuotaExceeded));
        }
        self.fetched_files += 1;
        if reference.len() > MAX_REFERENCE_BYTES {
            return Ok(Err(Error::InvalidReference(format!(
                "it has more than {MAX_REFERENCE_BYTES} bytes"
            ))));
        }
        let max_bytes = MAX_FILE_BYTES.min(self.largest_gift());
        let request = MediaRequest { reference, time_limit: self.time_left(), max_bytes };
        Ok(self
            .services
            .media
            .fetch(self.call.plugin.scope.tenant, request)
            .await
            .map_err(Error::from))
    }
}

impl From<MediaError> for Error {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::CheckFailed => Self::CheckFailed,
            MediaError::DownloadFailed(why) => Self::DownloadFailed(why),
            MediaError::InvalidReference(why) => Self::InvalidReference(why),
            MediaError::TooLarge => Self::TooLarge,
        }
    }
}

/// The most files that one exchange can carry (`protocol.md` section 6).
const MAX_FILES: u32 = 30;

/// The largest size of one file (`protocol.md` section 6).
const MAX_FILE_BYTES: usize = 25 << 20;

/// Room for a URL, five hashes and keys in base64, and two names.
const MAX_REFERENCE_BYTES: usize = 16 << 10;
