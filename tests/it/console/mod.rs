//! The console, over real HTTP.

mod addresses;
mod flow;
mod forms;
mod live;
mod overview;
mod phone;
mod sessions;
mod sign_in;
mod tenant;
