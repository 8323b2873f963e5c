//! The flow's settings, which the tenant changes with `flowhost flow config set`.
//!
//! ```
//! use flowhost_sdk::{Error, config};
//!
//! fn opening_hours() -> Result<String, Error> {
//!     let greeting = config::get("greeting").unwrap_or_else(|| "Hello!".to_owned());
//!     Ok(format!("{greeting} We are open {}.", config::require("opening-hours")?))
//! }
//! # assert!(opening_hours().unwrap_err().to_string().contains("opening-hours"));
//! ```
//!
//! Secrets are not available here, because a plugin never sees them. Write `{{secret:NAME}}` into a
//! request instead; see [`http`](crate::http). In a unit test,
//! [`Conversation::with_config`](crate::testing::Conversation::with_config) sets values.

use std::fmt;

/// The value of a setting; `None` if it is not set or is a secret.
pub fn get(key: &str) -> Option<String> {
    sys::get(key)
}

/// The value of a setting that the plugin requires.
///
/// # Errors
///
/// [`Missing`] if it is not set or is a secret. With `?` it becomes an internal error.
pub fn require(key: &str) -> Result<String, Missing> {
    get(key).ok_or_else(|| Missing(key.to_owned()))
}

/// The flow lacks a required setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the flow has no setting \"{}\" (flowhost flow config set)", self.0)
    }
}

impl std::error::Error for Missing {}

#[cfg(target_arch = "wasm32")]
mod sys {
    use crate::component::bindings::flowhost::flow::config;

    pub(super) fn get(key: &str) -> Option<String> {
        config::get(key)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod sys {
    pub(super) use crate::testing::surroundings::setting as get;
}
