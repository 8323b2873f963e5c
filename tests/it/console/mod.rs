//! The console, over real HTTP.

mod live;
mod overview;
mod phone;
mod sessions;
mod sign_in;
