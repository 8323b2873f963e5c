//! Services behind the imports of a plugin that uses none of them.

use std::future::ready;

use flowhost_protocol::ids::{Scope, TenantId};
use flowhost_runtime::plugins::{
    CallLines, KeptValue, KeyValueError, KeyValues, LogKeeper, MediaError, MediaFiles,
    MediaRequest, NewValue, OutboundError, OutboundHttp, OutboundRequest, OutboundResponse,
    Pending,
};

/// Refuses everything.
pub struct NoServices;

impl OutboundHttp for NoServices {
    fn send(
        &self,
        _: TenantId,
        _: OutboundRequest,
    ) -> Pending<'_, Result<OutboundResponse, OutboundError>> {
        Box::pin(ready(Err(OutboundError::Timeout)))
    }
}

impl LogKeeper for NoServices {
    fn keep(&self, _: CallLines) {}
}

impl MediaFiles for NoServices {
    fn fetch(&self, _: TenantId, _: MediaRequest) -> Pending<'_, Result<Vec<u8>, MediaError>> {
        Box::pin(ready(Err(MediaError::TooLarge)))
    }
}

impl KeyValues for NoServices {
    fn get<'a>(
        &'a self,
        _: Scope,
        _: &'a str,
    ) -> Pending<'a, Result<Option<KeptValue>, KeyValueError>> {
        Box::pin(ready(Err(KeyValueError::QuotaExceeded)))
    }

    fn set<'a>(
        &'a self,
        _: Scope,
        _: &'a str,
        _: NewValue,
    ) -> Pending<'a, Result<u64, KeyValueError>> {
        Box::pin(ready(Err(KeyValueError::QuotaExceeded)))
    }

    fn compare_and_set<'a>(
        &'a self,
        _: Scope,
        _: &'a str,
        _: Option<u64>,
        _: NewValue,
    ) -> Pending<'a, Result<Option<u64>, KeyValueError>> {
        Box::pin(ready(Err(KeyValueError::QuotaExceeded)))
    }

    fn delete<'a>(&'a self, _: Scope, _: &'a str) -> Pending<'a, Result<(), KeyValueError>> {
        Box::pin(ready(Err(KeyValueError::QuotaExceeded)))
    }

    fn list<'a>(
        &'a self,
        _: Scope,
        _: &'a str,
        _: u32,
    ) -> Pending<'a, Result<Vec<String>, KeyValueError>> {
        Box::pin(ready(Err(KeyValueError::QuotaExceeded)))
    }
}
