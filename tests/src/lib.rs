//! The harness of the integration tests: real hosts on a real database, with WhatsApp, an operator
//! and plugins to play with.
//!
//! `cargo test` needs no preparation: the first test starts a throw-away PostgreSQL, and the first
//! that needs a plugin builds all of them. Each [`TestHost`] has its own database, so tests run in
//! parallel. Everything ends with the process.

mod admin;
mod browser;
mod browser_session;
mod certificate;
mod cluster;
mod compile_once;
mod component;
mod database_proxy;
mod graph_server;
mod host;
mod logs;
pub mod measure;
mod node_endpoint;
mod outside;
mod plain_http;
mod plugin_section;
mod poll;
mod process;
mod proxy;
mod raw;
mod repository;
mod secrets;
mod served;
mod tenant;
mod tls_front;
mod vectors;
mod wasm;

pub use admin::{Admin, AdminReply};
pub use browser::Chromium;
pub use browser_session::{
    BrowserSession, ConsoleReply, SentFile, csrf_of, with_file, with_files, with_form,
};
pub use certificate::TestCertificate;
pub use cluster::TestDatabase;
pub use component::Component;
pub use database_proxy::DatabaseProxy;
pub use graph_server::{GraphCall, GraphServer, Mood};
pub use host::{TestHost, post};
pub use logs::logged;
pub use node_endpoint::NodeEndpoint;
pub use outside::{Outside, Visit};
pub use plugin_section::without as without_manifest;
pub use poll::{eventually, eventually_built};
pub use process::{DataFolder, Ended, HostProcess, flowhost, program};
pub use proxy::Proxy;
pub use raw::RawConnection;
pub use repository::repository;
pub use secrets::{dump, forms, watch};
pub use served::Served;
pub use tenant::{TestFlow, TestTenant, asking, sign};
pub use tls_front::TlsFront;
pub use vectors::{Vector, Vectors, fixture};
pub use wasm::{compile_bomb, variant, with_section};
