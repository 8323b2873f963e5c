//! The import `config`. A flow has no settings of its own for its plugin yet: every key is absent.

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::config::Host;

impl Host for CallState {
    async fn get(&mut self, _key: String) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}
