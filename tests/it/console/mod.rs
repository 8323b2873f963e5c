//! The console, over real HTTP.

mod phone;
mod sign_in;
