//! The console, over real HTTP.

mod live;
mod overview;
mod sessions;
mod sign_in;
