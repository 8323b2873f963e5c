//! The store in unit tests: in memory, with the host's default limits. Each test has its own as
//! long as tests run in threads of their own, which is cargo's default. Otherwise begin a test with
//! [`clear`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::store::StoreError;

/// Deletes all values, resets the clock, and undoes [`fail`].
pub fn clear() {
    MEMORY.take();
}

/// Lets time pass, so that values can expire.
pub fn advance(time: Duration) {
    MEMORY.with_borrow_mut(|memory| memory.now += time);
}

/// Lets every further use of the store fail with this error; `None` makes it work again.
pub fn fail(error: Option<StoreError>) {
    MEMORY.with_borrow_mut(|memory| memory.failure = error);
}

#[derive(Default)]
struct Memory {
    values: BTreeMap<String, Kept>,
    writes: u64,
    now: Duration,
    failure: Option<StoreError>,
}

struct Kept {
    entry: Entry,
    until: Option<Duration>,
}

/// An entry in the host's form.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) value: Vec<u8>,
    pub(crate) version: u64,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

pub(crate) fn get(key: &str) -> Result<Option<Entry>, StoreError> {
    with(key, |memory| Ok(memory.values.get(key).map(|kept| kept.entry.clone())))
}

pub(crate) fn set(key: &str, value: &[u8], ttl_seconds: Option<u32>) -> Result<u64, StoreError> {
    with(key, |memory| memory.write(key, value, ttl_seconds))
}

pub(crate) fn compare_and_set(
    key: &str,
    expected: Option<u64>,
    value: &[u8],
    ttl_seconds: Option<u32>,
) -> Result<Option<u64>, StoreError> {
    with(key, |memory| {
        let stored = memory.values.get(key).map(|kept| kept.entry.version);
        if stored == expected { memory.write(key, value, ttl_seconds).map(Some) } else { Ok(None) }
    })
}

pub(crate) fn delete(key: &str) -> Result<(), StoreError> {
    with(key, |memory| {
        memory.values.remove(key);
        Ok(())
    })
}

pub(crate) fn list(prefix: &str, limit: u32) -> Result<Vec<String>, StoreError> {
    with(prefix, |memory| {
        let keys = memory.values.keys().filter(|key| key.starts_with(prefix));
        Ok(keys.take(limit.min(MAX_LISTED) as usize).cloned().collect())
    })
}

fn with<T>(
    key: &str,
    work: impl FnOnce(&mut Memory) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    MEMORY.with_borrow_mut(|memory| {
        if let Some(failure) = &memory.failure {
            return Err(failure.clone());
        }
        if key.len() > MAX_KEY_BYTES {
            return Err(StoreError::TooLarge);
        }
        let now = memory.now;
        memory.values.retain(|_, kept| kept.until.is_none_or(|until| until > now));
        work(memory)
    })
}

impl Memory {
    fn write(
        &mut self,
        key: &str,
        value: &[u8],
        ttl_seconds: Option<u32>,
    ) -> Result<u64, StoreError> {
        if value.len() > MAX_VALUE_BYTES {
            return Err(StoreError::TooLarge);
        }
        if self.values.len() >= MAX_KEYS && !self.values.contains_key(key) {
            return Err(StoreError::QuotaExceeded);
        }
        self.writes += 1;
        let entry = Entry { value: value.to_vec(), version: self.writes };
        let until = ttl_seconds.map(|seconds| self.now + Duration::from_secs(seconds.into()));
        self.values.insert(key.to_owned(), Kept { entry, until });
        Ok(self.writes)
    }
}

const MAX_KEYS: usize = 1_000;
const MAX_KEY_BYTES: usize = 256;
const MAX_LISTED: u32 = 1_000;
const MAX_VALUE_BYTES: usize = 64 * 1024;
