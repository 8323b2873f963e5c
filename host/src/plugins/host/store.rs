//! The import `store`. Nobody can be granted one yet: every call answers `unavailable`.

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::store::{Entry, Error, Host};

impl Host for CallState {
    async fn get(&mut self, _key: String) -> wasmtime::Result<Result<Option<Entry>, Error>> {
        Ok(Err(Error::Unavailable))
    }

    async fn set(&mut self, _key: String, _value: Vec<u8>, _ttl_seconds: Option<u32>) -> wasmtime::Result<Result<u64, Error>> {
        Ok(Err(Error::Unavailable))
    }

    async fn compare_and_set(
        &mut self,
        _key: String,
        _expected: Option<u64>,
        _value: Vec<u8>,
        _ttl_seconds: Option<u32>,
    ) -> wasmtime::Result<Result<Option<u64>, Error>> {
        Ok(Err(Error::Unavailable))
    }

    async fn delete(&mut self, _key: String) -> wasmtime::Result<Result<(), Error>> {
        Ok(Err(Error::Unavailable))
    }

    async fn list(&mut self, _prefix: String, _limit: u32) -> wasmtime::Result<Result<Vec<String>, Error>> {
        Ok(Err(Error::Unavailable))
    }
}
