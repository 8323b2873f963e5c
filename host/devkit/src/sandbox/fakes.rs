//! The services behind a plugin's imports. They answer from the scenario of the tenant that calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::http::HttpFakes;
use super::store::Values;
use crate::scenarios::{MediaFailure, MediaFake, Surroundings};
use flowhost_protocol::ids::{Scope, TenantId};
use flowhost_runtime::plugins::{
    CallLines, KeptValue, KeyValueError, KeyValues, LogKeeper, MediaError, MediaFiles,
    MediaRequest, NewValue, OutboundError, OutboundHttp, OutboundRequest, OutboundResponse,
    Pending,
};

/// The scenarios that are being played, by tenant.
#[derive(Default)]
pub(super) struct Fakes(Mutex<HashMap<TenantId, Arc<Fake>>>);

/// What is around one scenario's plugin.
pub(super) struct Fake(Mutex<Surrounding>);

struct Surrounding {
    http: HttpFakes,
    media: Vec<MediaFile>,
    values: Values,
    problems: Vec<String>,
}

/// A file that can be fetched.
struct MediaFile {
    fake: MediaFake,
    content: Result<Vec<u8>, MediaFailure>,
    fetched: bool,
}

impl Fakes {
    /// Answers the tenant's calls from this scenario from now on.
    pub(super) fn enter(&self, tenant: TenantId, fake: Fake) -> Arc<Fake> {
        let fake = Arc::new(fake);
        self.lock().insert(tenant, fake.clone());
        fake
    }

    /// Ends the tenant's scenario.
    pub(super) fn leave(&self, tenant: TenantId) {
        self.lock().remove(&tenant);
    }

    fn of(&self, tenant: TenantId) -> Arc<Fake> {
        self.lock().get(&tenant).cloned().expect("a call ends before its conversation does")
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Fake>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fake {
    /// Takes a scenario's surroundings; `files` are the contents of its media, in the same order.
    pub(super) fn new(around: &Surroundings, files: Vec<Result<Vec<u8>, MediaFailure>>) -> Self {
        let media = around.media.iter().cloned().zip(files);
        Self(Mutex::new(Surrounding {
            http: HttpFakes::new(around.http.clone()),
            media: media
                .map(|(fake, content)| MediaFile { fake, content, fetched: false })
                .collect(),
            values: Values::new(&around.store),
            problems: Vec::new(),
        }))
    }

    /// Sets the clock for values that expire.
    pub(super) fn set_clock(&self, now: OffsetDateTime) {
        self.lock().values.now = now;
    }

    /// Takes the plugin's requests since the last call that the scenario has no answer to.
    pub(super) fn take_problems(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().problems)
    }

    /// Takes the requests that the plugin sent since the last call.
    pub(super) fn take_requests(&self) -> Vec<String> {
        self.lock().http.take_sent()
    }

    /// What the plugin's store has now.
    pub(super) fn stored(&self) -> Map<String, Value> {
        self.lock().values.contents()
    }

    /// The answers that the scenario has and the plugin never asked for.
    pub(super) fn never_asked_for(&self) -> Vec<String> {
        let needed = self.unfetched().into_iter().filter(|file| !file.optional);
        let files = needed.map(|file| {
            format!("line {}: the file {} was never fetched", file.line, file.media_id)
        });
        let around = self.lock();
        around.http.never_sent().chain(files).collect()
    }

    /// The files that the plugin did not fetch.
    pub(super) fn unfetched(&self) -> Vec<MediaFake> {
        let around = self.lock();
        let files = around.media.iter().filter(|picked| !picked.fetched);
        files.map(|picked| picked.fake.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Surrounding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(&self, request: &MediaRequest) -> Result<Vec<u8>, MediaError> {
        let reference: Value = serde_json::from_str(&request.reference)
            .map_err(|_| MediaError::InvalidReference("it is no JSON".to_owned()))?;
        let Some(media_id) = reference.get("media_id").and_then(Value::as_str) else {
            return Err(MediaError::InvalidReference("it has no `media_id`".to_owned()));
        };
        let mut around = self.lock();
        let Some(picked) = around.media.iter_mut().find(|picked| picked.fake.media_id == media_id)
        else {
            around.problems.push(format!(
                "the plugin fetched the file {media_id}, which the scenario has no [[media]] for"
            ));
            return Err(MediaError::DownloadFailed("the scenario has no such file".to_owned()));
        };
        if ["cdn_url", "encryption_metadata"].iter().any(|name| reference.get(name).is_none()) {
            return Err(MediaError::InvalidReference(
                "it is not an element of a picker's field, as it was received".to_owned(),
            ));
        }
        picked.fetched = true;
        match &picked.content {
            Ok(bytes) if bytes.len() > request.max_bytes => Err(MediaError::TooLarge),
            Ok(bytes) => Ok(bytes.clone()),
            Err(MediaFailure::CheckFailed) => Err(MediaError::CheckFailed),
            Err(MediaFailure::DownloadFailed) => {
                Err(MediaError::DownloadFailed("the scenario says so".to_owned()))
            }
            Err(MediaFailure::TooLarge) => Err(MediaError::TooLarge),
        }
    }
}

impl OutboundHttp for Fakes {
    fn send(
        &self,
        tenant: TenantId,
        request: OutboundRequest,
    ) -> Pending<'_, Result<OutboundResponse, OutboundError>> {
        let fake = self.of(tenant);
        let mut around = fake.lock();
        let answer = around.http.answer(&request);
        let answer = answer.unwrap_or_else(|problem| {
            around.problems.push(problem);
            Err(OutboundError::Unreachable("the scenario has no answer to this request".to_owned()))
        });
        Box::pin(std::future::ready(answer))
    }
}

impl LogKeeper for Fakes {
    /// The call's tally has them.
    fn keep(&self, _: CallLines) {}
}

impl MediaFiles for Fakes {
    fn fetch(
        &self,
        tenant: TenantId,
        request: MediaRequest,
    ) -> Pending<'_, Result<Vec<u8>, MediaError>> {
        Box::pin(std::future::ready(self.of(tenant).fetch(&request)))
    }
}

impl KeyValues for Fakes {
    fn get<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
    ) -> Pending<'a, Result<Option<KeptValue>, KeyValueError>> {
        Box::pin(std::future::ready(Ok(self.of(scope.tenant).lock().values.get(key))))
    }

    fn set<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
        value: NewValue,
    ) -> Pending<'a, Result<u64, KeyValueError>> {
        Box::pin(std::future::ready(self.of(scope.tenant).lock().values.set(key, value)))
    }

    fn compare_and_set<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
        expected: Option<u64>,
        value: NewValue,
    ) -> Pending<'a, Result<Option<u64>, KeyValueError>> {
        Box::pin(std::future::ready(
            self.of(scope.tenant).lock().values.compare_and_set(key, expected, value),
        ))
    }

    fn delete<'a>(&'a self, scope: Scope, key: &'a str) -> Pending<'a, Result<(), KeyValueError>> {
        self.of(scope.tenant).lock().values.delete(key);
        Box::pin(std::future::ready(Ok(())))
    }

    fn list<'a>(
        &'a self,
        scope: Scope,
        prefix: &'a str,
        limit: u32,
    ) -> Pending<'a, Result<Vec<String>, KeyValueError>> {
        Box::pin(std::future::ready(Ok(self.of(scope.tenant).lock().values.list(prefix, limit))))
    }
}
