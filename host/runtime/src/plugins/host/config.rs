//! The import `config`: what the tenant set for its plugin to read. A secret's key answers like one that is not there.

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::config::Host;

impl Host for CallState {
    async fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.call.plugin.config.settings.get(&key).cloned())
    }
}
