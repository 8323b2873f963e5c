//! The contract's imports for a call that is profiled: each is the import itself, counted and timed.

use wasmtime::component::HasData;

use crate::plugins::host::CallState;
use crate::plugins::profile::ImportCall;
use crate::plugins::wit::v1::{config, http, log, media, store, types};

/// The state of a call, whose imports are counted and timed.
pub(crate) struct Watched<'a>(pub(crate) &'a mut CallState);

/// Names [`Watched`] for the linker.
pub(crate) struct HasWatched;

impl HasData for HasWatched {
    type Data<'a> = Watched<'a>;
}

impl types::Host for Watched<'_> {}

impl config::Host for Watched<'_> {
    async fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        let call = ImportCall::begin();
        let result = config::Host::get(self.0, key).await;
        call.end("config.get", self.0);
        result
    }
}

impl http::Host for Watched<'_> {
    async fn send(
        &mut self,
        request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, http::Error>> {
        let call = ImportCall::begin();
        let result = http::Host::send(self.0, request).await;
        call.end("http.send", self.0);
        result
    }
}

impl media::Host for Watched<'_> {
    async fn fetch(
        &mut self,
        reference: String,
    ) -> wasmtime::Result<Result<Vec<u8>, media::Error>> {
        let call = ImportCall::begin();
        let result = media::Host::fetch(self.0, reference).await;
        call.end("media.fetch", self.0);
        result
    }
}

impl log::Host for Watched<'_> {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let call = ImportCall::begin();
        let result = log::Host::write(self.0, level, message).await;
        call.end("log.write", self.0);
        result
    }
}

impl store::Host for Watched<'_> {
    async fn get(
        &mut self,
        key: String,
    ) -> wasmtime::Result<Result<Option<store::Entry>, store::Error>> {
        let call = ImportCall::begin();
        let result = store::Host::get(self.0, key).await;
        call.end("store.get", self.0);
        result
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        ttl_seconds: Option<u32>,
    ) -> wasmtime::Result<Result<u64, store::Error>> {
        let call = ImportCall::begin();
        let result = store::Host::set(self.0, key, value, ttl_seconds).await;
        call.end("store.set", self.0);
        result
    }

    async fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<u64>,
        value: Vec<u8>,
        ttl_seconds: Option<u32>,
    ) -> wasmtime::Result<Result<Option<u64>, store::Error>> {
        let call = ImportCall::begin();
        let result = store::Host::compare_and_set(self.0, key, expected, value, ttl_seconds).await;
        call.end("store.compare-and-set", self.0);
        result
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), store::Error>> {
        let call = ImportCall::begin();
        let result = store::Host::delete(self.0, key).await;
        call.end("store.delete", self.0);
        result
    }

    async fn list(
        &mut self,
        prefix: String,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<String>, store::Error>> {
        let call = ImportCall::begin();
        let result = store::Host::list(self.0, prefix, limit).await;
        call.end("store.list", self.0);
        result
    }
}
