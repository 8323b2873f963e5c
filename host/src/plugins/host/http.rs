//! The import `http`. No host can be granted yet: every request answers `not-granted`.

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::http::{Error, Host, Request, Response};

impl Host for CallState {
    async fn send(&mut self, _request: Request) -> wasmtime::Result<Result<Response, Error>> {
        Ok(Err(Error::NotGranted("this host grants no outbound requests".to_owned())))
    }
}
