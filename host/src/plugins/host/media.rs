//! The import `media`. It can't be granted yet: every file answers `not-granted`.

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::media::{Error, Host};

impl Host for CallState {
    async fn fetch(&mut self, _reference: String) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        Ok(Err(Error::NotGranted))
    }
}
