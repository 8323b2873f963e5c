//! The project's `flowhost.toml`, and the section that carries it, with the SDK's version, inside
//! the component.
//!
//! ```toml
//! [requests]
//! http = ["api.example.com"]   # hosts to send requests to; port 443 where none is given
//! store = true                 # to keep values that outlive a session
//! media = true                 # to fetch files that the user picked
//!
//! [build]
//! stack_kib = 256              # room for local variables; 64 if it says nothing
//! ```

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use wasm_encoder::{ComponentSection, CustomSection};

use super::BuildError;
use flowhost_protocol::flow::{Capabilities, PLUGIN_SECTION, PluginSection};

/// What a project declares about its plugin. An unknown key is an error that names it.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Manifest {
    /// What the plugin asks for.
    pub(super) requests: Capabilities,
    /// How it is built.
    pub(super) build: Build,
}

/// How a project is built.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Build {
    /// The size of the stack.
    pub(super) stack_kib: StackKib,
}

/// The size of a plugin's stack in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct StackKib(u32);

impl StackKib {
    pub(super) fn bytes(self) -> u64 {
        u64::from(self.0) << 10
    }
}

impl Default for StackKib {
    /// What `toolchain.sh` takes if it is told nothing.
    fn default() -> Self {
        Self(64)
    }
}

impl TryFrom<u32> for StackKib {
    type Error = String;

    fn try_from(kib: u32) -> Result<Self, String> {
        if (MIN_STACK_KIB..=MAX_STACK_KIB).contains(&kib) {
            Ok(Self(kib))
        } else {
            Err(format!("stack_kib is {MIN_STACK_KIB} to {MAX_STACK_KIB}, not {kib}"))
        }
    }
}

impl Manifest {
    /// Reads the manifest in a project's folder. A project without one asks for nothing.
    pub(super) fn read(project: &Path) -> Result<Self, BuildError> {
        let path = project.join(FILE_NAME);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| BuildError::Manifest {
                path,
                reason: error.to_string().trim_end().to_owned(),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(BuildError::file("read", path)(error)),
        }
    }
}

/// Adds the custom section to a component.
pub(super) fn embed(component: &mut Vec<u8>, section: &PluginSection) {
    let json = serde_json::to_vec(section).expect("names and flags are JSON");
    CustomSection { name: PLUGIN_SECTION.into(), data: json.into() }.append_to_component(component);
}

/// Four times what a usual plugin needs, its JSON included.
const MIN_STACK_KIB: u32 = 16;

/// Rust's own default. What needs more belongs into a `Vec`.
const MAX_STACK_KIB: u32 = 1024;

/// The name of the manifest, which is beside `Cargo.toml`.
pub const FILE_NAME: &str = "flowhost.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_asks_for_capabilities() {
        let read =
            read("[requests]\nhttp = [\"api.example.com\", \"localhost:3000\"]\nstore = true\n")
                .unwrap();

        assert_eq!(
            read.requests.to_string(),
            "http api.example.com:443, http localhost:3000, store"
        );
    }

    #[test]
    fn a_manifest_may_ask_for_a_larger_stack() {
        assert_eq!(read("").unwrap().build.stack_kib.bytes(), 64 << 10);
        assert_eq!(read("[build]\nstack_kib = 256\n").unwrap().build.stack_kib.bytes(), 256 << 10);
    }

    #[test]
    fn a_project_without_a_manifest_asks_for_nothing() {
        let folder = tempfile::tempdir().unwrap();

        assert_eq!(Manifest::read(folder.path()).unwrap(), Manifest::default());
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        for (text, named) in [
            ("[requests]\nfiles = true\n", "files"),
            ("[request]\nstore = true\n", "request"),
            ("[requests]\nhttp = [\"https://api.example.com/\"]\n", "DNS name"),
            ("requests", "line 1"),
            ("[build]\nstack_kib = 15\n", "16 to 1024"),
            ("[build]\nstack_kib = 1025\n", "16 to 1024"),
            ("[build]\nstack_bytes = 65536\n", "stack_bytes"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("flowhost.toml") && error.contains(named), "{error}");
        }
    }

    #[test]
    fn the_section_follows_the_component() {
        let mut component = b"component".to_vec();
        let section = PluginSection { sdk: Some("0.1.0".to_owned()), ..PluginSection::default() };

        embed(&mut component, &section);

        let text = String::from_utf8_lossy(&component).into_owned();
        assert!(text.starts_with("component\0"), "a custom section has the id 0");
        assert!(text.ends_with(r#"flowhost:plugin{"sdk":"0.1.0","requests":{"http":[],"store":false,"media":false}}"#), "{text}");
    }

    fn read(text: &str) -> Result<Manifest, BuildError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), text).unwrap();
        Manifest::read(folder.path())
    }
}
