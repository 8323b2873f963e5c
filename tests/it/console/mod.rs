//! The console, over real HTTP.

mod addresses;
mod flow;
mod forms;
mod live;
mod overview;
pub(crate) mod phone;
mod sessions;
mod sign_in;
mod tenant;
