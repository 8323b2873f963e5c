//! The tools of plugin authors: a project, its scenarios, the files that users pick in them, a
//! sandbox to play them in, and a private PostgreSQL server.
#![forbid(unsafe_code)]

pub mod media_files;
pub mod plugin_project;
pub mod postgres;
pub mod sandbox;
pub mod scenarios;
