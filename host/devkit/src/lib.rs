//! What authors of plugins work with: a project, its scenarios, a sandbox to play them in, and a
//! PostgreSQL of its own.
#![forbid(unsafe_code)]

pub mod plugin_project;
pub mod postgres;
pub mod sandbox;
pub mod scenarios;
