//! Small values that outlive a conversation and are private to the flow: counters, reservations, a
//! customer's last choice.
//!
//! The manifest must request the store (`store = true` in `[requests]` of `flowhost.toml`), and the
//! flow's settings must grant it.
//!
//! ```
//! use flowhost_sdk::{Error, store};
//!
//! fn greet(customer: &str) -> Result<String, Error> {
//!     let key = format!("visits/{customer}");
//!     let visits: u32 = store::get(&key)?.unwrap_or(0) + 1;
//!     store::set(&key, &visits)?;
//!     Ok(format!("Welcome for the {visits}. time!"))
//! }
//! # assert_eq!(greet("ana").unwrap(), "Welcome for the 1. time!");
//! # assert_eq!(greet("ana").unwrap(), "Welcome for the 2. time!");
//! ```
//!
//! A key is any text of at most 256 bytes. Keys are only compared, so `visits/ana` is not a path. A
//! value is JSON or plain bytes. Writes take effect at once: a value stays written even if the call
//! fails afterwards, and a call may run twice. Two concurrent calls can read the same value and
//! each write their own. Where that matters, [`compare_and_set`] writes only if the value has not
//! changed:
//!
//! ```
//! use flowhost_sdk::{Error, store};
//!
//! /// Takes a place, if there is one.
//! fn take_place() -> Result<bool, Error> {
//!     loop {
//!         let stored = store::entry::<u32>("places-left")?;
//!         let (left, version) = stored.map_or((20, None), |entry| (entry.value, Some(entry.version)));
//!         if left == 0 {
//!             return Ok(false);
//!         }
//!         if store::compare_and_set("places-left", version, &(left - 1))?.is_some() {
//!             return Ok(true);
//!         }
//!         // Somebody else was faster: look again.
//!     }
//! }
//! # assert!(take_place().unwrap());
//! # assert_eq!(store::get("places-left").unwrap(), Some(19));
//! ```
//!
//! By default a flow may have 1,000 keys with 64 KiB each, which the host can change, and one call
//! may use the store 100 times.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::FormData;
use crate::typed::from_json;

#[cfg(target_arch = "wasm32")]
use crate::component::bindings::flowhost::flow::store as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::store as host;

/// The version of a key that was read or written. Every write gives the key a new version, which is
/// never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

/// A value with its version, for [`compare_and_set`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// The value.
    pub value: T,
    /// The version to pass to [`compare_and_set`].
    pub version: Version,
}

/// The value of a key; `None` if it is not set or has expired.
///
/// # Errors
///
/// See [`StoreError`], here and below.
pub fn get<T: FormData>(key: &str) -> Result<Option<T>, StoreError> {
    Ok(entry(key)?.map(|entry| entry.value))
}

/// The value of a key with its version; `None` if it is not set or has expired.
///
/// # Errors
///
/// See [`StoreError`].
pub fn entry<T: FormData>(key: &str) -> Result<Option<Entry<T>>, StoreError> {
    let Some(Entry { value, version }) = bytes(key)? else { return Ok(None) };
    let misfit = |reason: String| StoreError::Misfit { key: key.to_owned(), reason };
    let json = serde_json::from_slice(&value).map_err(|error| misfit(error.to_string()))?;
    let value = from_json(&json).map_err(|mismatch| misfit(mismatch.describe()))?;
    Ok(Some(Entry { value, version }))
}

/// Writes a value, replacing any other.
///
/// # Errors
///
/// See [`StoreError`].
pub fn set<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<Version, StoreError> {
    set_bytes(key, &json(key, value)?, None)
}

/// Writes a value that expires after a while. The time is counted in whole seconds, rounded up.
///
/// ```
/// # use std::time::Duration;
/// # use flowhost_sdk::store;
/// store::set_for("code/ana", "4711", Duration::from_secs(300))?;
/// # assert_eq!(store::get::<String>("code/ana")?.as_deref(), Some("4711"));
/// # flowhost_sdk::testing::store::advance(Duration::from_secs(300));
/// # assert_eq!(store::get::<String>("code/ana")?, None);
/// # Ok::<(), store::StoreError>(())
/// ```
///
/// # Errors
///
/// See [`StoreError`].
pub fn set_for<T: Serialize + ?Sized>(
    key: &str,
    value: &T,
    time_to_live: Duration,
) -> Result<Version, StoreError> {
    set_bytes(key, &json(key, value)?, Some(time_to_live))
}

/// Writes a value if the key still has the version `expected`; `None` means that the key must not
/// be set. Returns the new version, or `None` if another call was faster. The value does not
/// expire.
///
/// # Errors
///
/// See [`StoreError`].
pub fn compare_and_set<T: Serialize + ?Sized>(
    key: &str,
    expected: Option<Version>,
    value: &T,
) -> Result<Option<Version>, StoreError> {
    compare_and_set_bytes(key, expected, &json(key, value)?, None)
}

/// Deletes a key. It is no error if the key is not set.
///
/// # Errors
///
/// See [`StoreError`].
pub fn delete(key: &str) -> Result<(), StoreError> {
    host::delete(key)?;
    Ok(())
}

/// The first keys that begin with `prefix`, in byte order: at most `limit`, and at most 1,000.
///
/// # Errors
///
/// See [`StoreError`].
pub fn list(prefix: &str, limit: u32) -> Result<Vec<String>, StoreError> {
    let keys = host::list(prefix, limit)?;
    Ok(keys)
}

/// Like [`entry`], for a value that is not JSON.
///
/// # Errors
///
/// See [`StoreError`].
pub fn bytes(key: &str) -> Result<Option<Entry<Vec<u8>>>, StoreError> {
    Ok(host::get(key)?.map(|entry| Entry { value: entry.value, version: Version(entry.version) }))
}

/// Like [`set`] and [`set_for`], for a value that is not JSON.
///
/// # Errors
///
/// See [`StoreError`].
pub fn set_bytes(
    key: &str,
    value: &[u8],
    time_to_live: Option<Duration>,
) -> Result<Version, StoreError> {
    Ok(Version(host::set(key, value, time_to_live.map(seconds))?))
}

/// Like [`compare_and_set`], for a value that is not JSON or that expires.
///
/// # Errors
///
/// See [`StoreError`].
pub fn compare_and_set_bytes(
    key: &str,
    expected: Option<Version>,
    value: &[u8],
    time_to_live: Option<Duration>,
) -> Result<Option<Version>, StoreError> {
    let expected = expected.map(|Version(version)| version);
    Ok(host::compare_and_set(key, expected, value, time_to_live.map(seconds))?.map(Version))
}

/// Why the store failed. With `?` it becomes an internal [`Error`](crate::Error); match it to do
/// something else:
///
/// ```
/// use flowhost_sdk::{Error, Reply, json, store::{self, StoreError}};
///
/// # flowhost_sdk::testing::store::fail(Some(StoreError::Unavailable));
/// let answer = match store::set("note", "call back") {
///     Ok(_) => Reply::complete(json!({})),
///     Err(StoreError::Unavailable) => Reply::screen("NOTE").error("Please try again in a minute."),
///     Err(error) => return Err(error.into()),
/// };
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The manifest does not request the store, or the flow's settings do not grant it.
    NotGranted,
    /// The key has more than 256 bytes, or the value is larger than the flow allows.
    TooLarge,
    /// The flow has no room for another key, or the call has used the store too often.
    QuotaExceeded,
    /// The store does not respond.
    Unavailable,
    /// The stored value is not JSON of the requested type, or the value to store has no JSON form.
    Misfit {
        /// The key.
        key: String,
        /// What does not fit, with the name of the field.
        reason: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            StoreError::NotGranted => {
                "the plugin may not use the store: ask for it in flowhost.toml (store = true in [requests]) and grant it in the flow's settings"
            }
            StoreError::TooLarge => "the key or the value is too large for the store",
            StoreError::QuotaExceeded => "the flow's store has no room for another key, or the call has used it too often",
            StoreError::Unavailable => "the store does not answer",
            StoreError::Misfit { key, reason } => return write!(formatter, "the value of {key:?} does not fit: {reason}"),
        })
    }
}

impl std::error::Error for StoreError {}

#[cfg(target_arch = "wasm32")]
impl From<host::Error> for StoreError {
    fn from(error: host::Error) -> Self {
        match error {
            host::Error::NotGranted => StoreError::NotGranted,
            host::Error::TooLarge => StoreError::TooLarge,
            host::Error::QuotaExceeded => StoreError::QuotaExceeded,
            host::Error::Unavailable => StoreError::Unavailable,
        }
    }
}

fn json<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value)
        .map_err(|error| StoreError::Misfit { key: key.to_owned(), reason: error.to_string() })
}

/// Rounds up, so that a value does not expire too early.
fn seconds(time: Duration) -> u32 {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(whole).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store::{advance, fail};

    #[test]
    fn what_is_set_is_there_until_it_is_deleted_or_its_time_is_over() {
        assert_eq!(get::<u32>("a"), Ok(None));
        let first = set("a", &1).unwrap();
        let second = set_for("a", &2, Duration::from_millis(1500)).unwrap();
        assert_ne!(first, second);
        assert_eq!(entry("a"), Ok(Some(Entry { value: 2, version: second })));
        advance(Duration::from_secs(1));
        assert_eq!(get("a"), Ok(Some(2)));
        advance(Duration::from_secs(1));
        assert_eq!(get::<u32>("a"), Ok(None));
        set("a", &3).unwrap();
        delete("a").unwrap();
        assert_eq!(get::<u32>("a"), Ok(None));
    }

    #[test]
    fn only_what_did_not_change_is_replaced() {
        let first = compare_and_set("a", None, "one").unwrap().unwrap();
        assert_eq!(compare_and_set("a", None, "two"), Ok(None));
        let second = compare_and_set("a", Some(first), "two").unwrap().unwrap();
        assert_eq!(compare_and_set("a", Some(first), "three"), Ok(None));
        delete("a").unwrap();
        assert_eq!(compare_and_set("a", Some(second), "three"), Ok(None), "it is gone");
        let third = set("a", "two").unwrap();
        assert_ne!(third, second, "a version does not come again");
    }

    #[test]
    fn keys_are_listed_in_order_by_prefix() {
        for key in ["b", "a/2", "a/1", "a%", "a/3"] {
            set_bytes(key, b"", None).unwrap();
        }
        assert_eq!(list("a/", 2).unwrap(), ["a/1", "a/2"]);
        assert_eq!(list("a%", 10).unwrap(), ["a%"]);
        assert_eq!(list("", 10).unwrap(), ["a%", "a/1", "a/2", "a/3", "b"]);
    }

    #[test]
    fn limits_are_those_of_a_host_with_its_defaults() {
        assert_eq!(set(&"k".repeat(257), &0), Err(StoreError::TooLarge));
        assert_eq!(set_bytes("a", &vec![0; (64 << 10) + 1], None), Err(StoreError::TooLarge));
        for number in 0..1000 {
            set(&number.to_string(), &number).unwrap();
        }
        assert_eq!(set("one more", &0), Err(StoreError::QuotaExceeded));
        set("7", &0).unwrap();
    }

    #[test]
    fn an_error_says_what_to_do_and_which_field() {
        #[derive(Debug, Deserialize)]
        struct Visit {
            #[expect(dead_code, reason = "never read")]
            guests: u8,
        }
        set("visit", &serde_json::json!({"guests": "many"})).unwrap();
        let error = get::<Visit>("visit").unwrap_err().to_string();
        assert!(error.contains("visit") && error.contains("guests"), "{error}");

        fail(Some(StoreError::NotGranted));
        let error = crate::Error::from(get::<u32>("a").unwrap_err()).to_string();
        assert!(error.contains("flowhost.toml"), "{error}");
    }
}
