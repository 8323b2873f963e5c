//! The console's pages: what the admin API shows, and phones, as HTML. Pure: the server asks the
//! desks and hands over what they answered; nothing here reads, sends or decides who may see what.
//!
//! All texts go through maud, which escapes them. `PreEscaped` stands where markup is made here.
#![forbid(unsafe_code)]

pub mod assets;
mod code;
pub mod error;
pub mod flow;
pub mod frame;
pub mod live;
pub mod overview;
pub mod parts;
pub mod paths;
pub mod phone;
pub mod plot;
mod said;
pub mod session;
pub mod sessions;
pub mod sign_in;
pub mod tenant;
pub mod url;
mod when;

pub use frame::{Notice, Page, Viewer};
pub use said::Said;
