//! One turn of a conversation, from a request to its reply, and the session it belongs to. This
//! package knows no HTTP and no database: a host and the sandbox of `flowhost plugin test` drive
//! the same code.
#![forbid(unsafe_code)]

pub mod endpoint;
pub mod exchange;
pub mod sessions;
