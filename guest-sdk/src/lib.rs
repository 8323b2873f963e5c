#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![deny(unsafe_code)]

mod call;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod config;
#[cfg(not(target_arch = "wasm32"))]
#[doc = include_str!("../COOKBOOK.md")]
pub mod cookbook {}
mod error;
mod exchange;
mod field_errors;
pub mod http;
pub mod image;
pub mod language;
pub mod media;
pub mod money;
mod number;
pub mod paging;
mod plugin;
pub mod random;
mod reply;
mod screen;
mod session;
pub mod store;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;
mod typed;

pub use crate::error::Error;
pub use crate::exchange::{Action, ClientError, DataError, Exchange, FormData};
pub use crate::field_errors::FieldErrors;
pub use crate::number::Number;
pub use crate::plugin::FlowPlugin;
pub use crate::reply::{Reply, ReplyData};
pub use crate::screen::{Screen, ScreenForm};
pub use crate::session::{Session, State};
pub use flowhost_sdk_macros::{export, screens};
pub use log;
pub use serde_json::json;

/// What [`export!`] and [`screens!`] expand to. Not for direct use.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::component::{Component, bindings, export_component};
    pub use crate::screen::{Field, Fields, FormFields, form};
    pub use serde;
    pub use serde_json::Value;
}
