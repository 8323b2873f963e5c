//! The plugins that the tests deploy, built once per process from `plugins/` and `tests/hostile/`.

use std::collections::HashMap;
use std::sync::OnceLock;

use flowhost_devkit::plugin_project::{BuildOptions, build};
use serde_json::{Value, json};

use crate::plugin_section;
use crate::repository::repository;

/// A plugin to deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Component {
    /// `plugins/appointment`: a clinic's appointments.
    Appointment,
    /// Writes to its standard output and error.
    Babbler,
    /// Sends requests to the outside, as the form says.
    Caller,
    /// Logs and answers too much, or what is not allowed.
    Chatty,
    /// `plugins/echo`: the smallest plugin.
    Echo,
    /// Allocates all the memory it can get.
    Hoarder,
    /// Stores values and logs, as the form says.
    Keeper,
    /// Computes for ever.
    Looper,
    /// Replies with what it is told to.
    Parrot,
    /// Looks for files, sockets, names, environment variables, and for what an earlier call left
    /// behind.
    Peeper,
    /// No plugin, but a part to compose one of: hides digits in what another part logs.
    Redactor,
    /// Sleeps for a minute.
    Slow,
    /// Behaves well: always the same screen, with a count of the conversation's exchanges.
    Steady,
    /// Traps.
    Trapper,
}

impl Component {
    /// The component's bytes.
    pub async fn bytes(self) -> &'static [u8] {
        let built = tokio::task::spawn_blocking(|| BUILT.get_or_init(build_all))
            .await
            .expect("never cancelled");
        match built {
            Ok(components) => &components[&self],
            Err(why) => panic!("{why}"),
        }
    }

    /// The component without the section of its requests: a component that asks for nothing.
    pub async fn bytes_without_section(self) -> Vec<u8> {
        plugin_section::without(self.bytes().await)
    }

    /// A component that asks for these capabilities, whatever its manifest asks for.
    pub async fn bytes_asking_for(self, requests: Value) -> Vec<u8> {
        plugin_section::replaced(self.bytes().await, &json!({ "requests": requests }))
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Appointment => "plugins/appointment",
            Self::Babbler => "tests/hostile/babbler",
            Self::Caller => "tests/hostile/caller",
            Self::Chatty => "tests/hostile/chatty",
            Self::Echo => "plugins/echo",
            Self::Hoarder => "tests/hostile/hoarder",
            Self::Keeper => "tests/hostile/keeper",
            Self::Looper => "tests/hostile/looper",
            Self::Parrot => "tests/hostile/parrot",
            Self::Peeper => "tests/hostile/peeper",
            Self::Redactor => "tests/hostile/redactor",
            Self::Slow => "tests/hostile/slow",
            Self::Steady => "tests/hostile/steady",
            Self::Trapper => "tests/hostile/trapper",
        }
    }
}

/// Builds all plugins as `flowhost plugin build` does. Several test processes at once don't disturb
/// each other: cargo locks the target folder, and each file is replaced atomically.
fn build_all() -> Result<HashMap<Component, Vec<u8>>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let build_one = |component: Component| {
        let options = BuildOptions {
            project_dir: repository(component.folder()).into(),
            target_dir: Some(repository("target/wasm").into()),
            ..BuildOptions::default()
        };
        let refused = |error: &dyn std::fmt::Display| {
            format!("{} can't be built: {error}", component.folder())
        };
        let built = runtime.block_on(build(options, |_| ())).map_err(|error| refused(&error))?;
        Ok((component, std::fs::read(&built.path).map_err(|error| refused(&error))?))
    };
    ALL.into_iter().map(build_one).collect()
}

/// A failure is kept too: another attempt for each test would take for ever.
static BUILT: OnceLock<Result<HashMap<Component, Vec<u8>>, String>> = OnceLock::new();

const ALL: [Component; 14] = [
    Component::Appointment,
    Component::Babbler,
    Component::Caller,
    Component::Chatty,
    Component::Echo,
    Component::Hoarder,
    Component::Keeper,
    Component::Looper,
    Component::Parrot,
    Component::Peeper,
    Component::Redactor,
    Component::Slow,
    Component::Steady,
    Component::Trapper,
];
