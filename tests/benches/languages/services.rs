//! What a guest meets behind its imports: nothing, but for a store that keeps it waiting.

use std::sync::atomic::{AtomicU32, Ordering};

use flowhost_protocol::ids::Scope;
use flowhost_runtime::plugins::{KeptValue, KeyValueError, KeyValues, NewValue, Pending};
use flowhost_tests::measure::NoServices;
use tokio::sync::Semaphore;

/// A store whose readers wait until they are let go, and find nothing then.
pub(crate) struct WaitingStore {
    waiting: AtomicU32,
    gone: Semaphore,
}

impl WaitingStore {
    pub(crate) fn new() -> Self {
        Self { waiting: AtomicU32::new(0), gone: Semaphore::new(0) }
    }

    /// How many wait or have waited.
    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Lets all go, also those that come later.
    pub(crate) fn let_go(&self) {
        self.gone.close();
    }
}

impl KeyValues for WaitingStore {
    fn get<'a>(
        &'a self,
        _: Scope,
        _: &'a str,
    ) -> Pending<'a, Result<Option<KeptValue>, KeyValueError>> {
        Box::pin(async {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            // It is an error once the semaphore is closed.
            let _ = self.gone.acquire().await;
            Ok(None)
        })
    }

    fn set<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
        value: NewValue,
    ) -> Pending<'a, Result<u64, KeyValueError>> {
        NoServices.set(scope, key, value)
    }

    fn compare_and_set<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
        expected: Option<u64>,
        value: NewValue,
    ) -> Pending<'a, Result<Option<u64>, KeyValueError>> {
        NoServices.compare_and_set(scope, key, expected, value)
    }

    fn delete<'a>(&'a self, scope: Scope, key: &'a str) -> Pending<'a, Result<(), KeyValueError>> {
        NoServices.delete(scope, key)
    }

    fn list<'a>(
        &'a self,
        scope: Scope,
        prefix: &'a str,
        limit: u32,
    ) -> Pending<'a, Result<Vec<String>, KeyValueError>> {
        NoServices.list(scope, prefix, limit)
    }
}
