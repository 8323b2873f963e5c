//! The plugin's store, in memory. Values expire by the scenario's clock.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use flowhost_runtime::plugins::{KeptValue, KeyValueError, NewValue};

/// The stored values.
pub(super) struct Values {
    kept: BTreeMap<String, Kept>,
    writes: u64,
    /// The scenario's clock.
    pub(super) now: OffsetDateTime,
}

struct Kept {
    value: KeptValue,
    until: Option<OffsetDateTime>,
}

impl Values {
    /// Starts with these values, which never expire.
    pub(super) fn new(initial: &[(String, Vec<u8>)]) -> Self {
        let kept = initial.iter().zip(1..).map(|((key, value), version)| {
            (key.clone(), Kept { value: KeptValue { value: value.clone(), version }, until: None })
        });
        Self { kept: kept.collect(), writes: initial.len() as u64, now: OffsetDateTime::UNIX_EPOCH }
    }

    pub(super) fn get(&mut self, key: &str) -> Option<KeptValue> {
        self.forget_what_is_over();
        self.kept.get(key).map(|kept| kept.value.clone())
    }

    /// Writes a value and returns its version.
    pub(super) fn set(&mut self, key: &str, new: NewValue) -> Result<u64, KeyValueError> {
        self.forget_what_is_over();
        if self.kept.len() >= new.max_keys as usize && !self.kept.contains_key(key) {
            return Err(KeyValueError::QuotaExceeded);
        }
        self.writes += 1;
        let until = new
            .ttl_seconds
            .map(|seconds| self.now.saturating_add(time::Duration::seconds(seconds.into())));
        self.kept.insert(
            key.to_owned(),
            Kept { value: KeptValue { value: new.value, version: self.writes }, until },
        );
        Ok(self.writes)
    }

    /// Writes a value if the stored version is the expected one. Returns the new version if it did.
    pub(super) fn compare_and_set(
        &mut self,
        key: &str,
        expected: Option<u64>,
        new: NewValue,
    ) -> Result<Option<u64>, KeyValueError> {
        let stored = self.get(key).map(|kept| kept.version);
        if stored == expected { self.set(key, new).map(Some) } else { Ok(None) }
    }

    pub(super) fn delete(&mut self, key: &str) {
        self.kept.remove(key);
    }

    /// The first keys with this prefix, in order.
    pub(super) fn list(&mut self, prefix: &str, limit: u32) -> Vec<String> {
        self.forget_what_is_over();
        self.kept
            .keys()
            .filter(|key| key.starts_with(prefix))
            .take(limit as usize)
            .cloned()
            .collect()
    }

    /// All values by key: JSON, or else a text.
    pub(super) fn contents(&mut self) -> Map<String, Value> {
        self.forget_what_is_over();
        let value = |bytes: &[u8]| {
            serde_json::from_slice(bytes)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes)))
        };
        self.kept.iter().map(|(key, kept)| (key.clone(), value(&kept.value.value))).collect()
    }

    fn forget_what_is_over(&mut self) {
        let now = self.now;
        self.kept.retain(|_, kept| kept.until.is_none_or(|until| until > now));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_have_versions_a_quota_and_a_time_by_the_scenarios_clock() {
        let mut values = Values::new(&[("a".to_owned(), b"1".to_vec())]);
        let new = |value: &str, ttl_seconds| NewValue {
            value: value.as_bytes().to_vec(),
            ttl_seconds,
            max_keys: 2,
        };

        assert_eq!(values.set("b", new("2", Some(60))).unwrap(), 2);
        assert!(matches!(values.set("c", new("3", None)), Err(KeyValueError::QuotaExceeded)));
        assert_eq!(values.compare_and_set("a", Some(7), new("x", None)).unwrap(), None);
        assert_eq!(values.compare_and_set("a", Some(1), new("x", None)).unwrap(), Some(3));
        assert_eq!(values.list("", 10), ["a", "b"]);

        values.now += time::Duration::seconds(60);
        assert_eq!((values.get("b"), values.list("", 10)), (None, vec!["a".to_owned()]));
        assert_eq!(values.compare_and_set("c", None, new("3", None)).unwrap(), Some(4));
        let contents = json!({"a": "x", "c": 3});
        assert_eq!(Value::Object(values.contents()), contents);
        values.delete("a");
        assert_eq!(values.list("", 10), ["c"]);
    }
}
