//! JSON as the author's types, with errors that name the field.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why JSON does not fit a type.
#[derive(Debug)]
pub(crate) struct Mismatch {
    /// The field, such as `address.city` or `guests[2].name`; empty for the whole document.
    pub(crate) path: String,
    pub(crate) reason: String,
}

impl Mismatch {
    /// For people: `field "guests": invalid type: ..`.
    pub(crate) fn describe(&self) -> String {
        if self.path.is_empty() { self.reason.clone() } else { format!("field \"{}\": {}", self.path, self.reason) }
    }
}

/// Reads `value` as `T`.
pub(crate) fn from_json<T: DeserializeOwned>(value: &Value) -> Result<T, Mismatch> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path();
        let path = if path.iter().len() == 0 { String::new() } else { path.to_string() };
        Mismatch { path, reason: error.inner().to_string() }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read by the deserializer")]
    struct Form {
        name: String,
        #[serde(default)]
        address: Option<Address>,
        #[serde(default)]
        numbers: Vec<u8>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read by the deserializer")]
    struct Address {
        zip: u32,
    }

    #[test]
    fn the_path_leads_to_the_value_that_does_not_fit() {
        for (form, path, reason) in [
            (json!({"name": "a", "address": {"zip": "old"}}), "address.zip", "invalid type: string \"old\", expected u32"),
            (json!({"name": "a", "numbers": [1, 300]}), "numbers[1]", "invalid value: integer `300`, expected u8"),
            (json!({"name": null}), "name", "invalid type: null, expected a string"),
            (json!({"name": "a", "address": {}}), "address", "missing field `zip`"),
            (json!({}), "", "missing field `name`"),
        ] {
            let mismatch = from_json::<Form>(&form).unwrap_err();
            assert_eq!((mismatch.path.as_str(), mismatch.reason.as_str()), (path, reason), "{form}");
        }
    }
}
