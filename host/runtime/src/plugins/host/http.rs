//! The import `http`: outbound requests to hosts that the plugin asks for and the flow grants.

use super::outbound::{Allowance, prepare};
use crate::plugins::host::CallState;
use crate::plugins::wit::v1::http::{Error, Host, Request, Response};

impl Host for CallState {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Error>> {
        // Counted whether it is sent or not: a guest that tries all hosts there are is soon done.
        if self.outbound_requests >= self.call.plugin.limits.outbound_requests {
            return Ok(Err(Error::QuotaExceeded));
        }
        self.outbound_requests += 1;
        let allowance = Allowance {
            capabilities: &self.call.plugin.capabilities,
            config: &self.call.plugin.config,
            time_left: self.time_left(),
            max_response_bytes: (self.call.plugin.limits.outbound_response_bytes as usize)
                .min(self.largest_gift()),
        };
        let prepared = match prepare(request, &allowance) {
            Ok(prepared) => prepared,
            Err(error) => return Ok(Err(error)),
        };
        let answer = self.services.http.send(self.call.plugin.scope.tenant, prepared).await;
        Ok(answer.map_err(Error::from).map(|answer| Response {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        }))
    }
}
