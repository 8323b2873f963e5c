//! The console, over real HTTP.

mod sign_in;
