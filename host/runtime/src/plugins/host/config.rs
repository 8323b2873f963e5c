//! The import `config`: the settings of the tenant that its plugin may read. The key of a secret
//! answers like a key that is absent.

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::config::Host;

impl Host for CallState {
    async fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.call.plugin.config.settings.get(&key).cloned())
    }
}
