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
//! max_size_kib = 150           # a larger component is refused; no limit if it says nothing
//! engine = "quickjs"           # what runs TypeScript: this one, or "starlingmonkey"
//! ```

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_encoder::{ComponentSection, CustomSection};

use super::BuildError;
use flowhost_protocol::flow::{Capabilities, PLUGIN_SECTION, PluginSection};

/// What a project declares about its plugin. An unknown key is an error that names it.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Manifest {
    /// What the plugin asks for. The flow has to grant it too.
    pub(super) requests: Capabilities,
    /// How it is built.
    pub(super) build: Build,
}

/// How a project is built.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Build {
    /// Room for local variables, in KiB; 64 if it says nothing.
    #[schemars(range(min = MIN_STACK_KIB, max = MAX_STACK_KIB))]
    pub(super) stack_kib: StackKib,
    /// The largest component that is accepted, in KiB; without it, the size is not looked at.
    #[schemars(range(min = 1, max = MAX_SIZE_KIB))]
    pub(super) max_size_kib: Option<SizeKib>,
    /// What runs a plugin in TypeScript; `quickjs` if it says nothing.
    pub(super) engine: Engine,
}

/// A JavaScript engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Engine {
    /// 1 MiB, and the language alone.
    #[default]
    QuickJs,
    /// 11 MiB, with APIs of the web such as `URL` and `TextDecoder`.
    StarlingMonkey,
}

/// The size of a plugin's stack in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
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

/// A size of a component in KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
pub(super) struct SizeKib(u32);

impl SizeKib {
    pub(super) fn bytes(self) -> u64 {
        u64::from(self.0) << 10
    }
}

impl TryFrom<u32> for SizeKib {
    type Error = String;

    fn try_from(kib: u32) -> Result<Self, String> {
        if (1..=MAX_SIZE_KIB).contains(&kib) {
            Ok(Self(kib))
        } else {
            Err(format!("max_size_kib is 1 to {MAX_SIZE_KIB}, not {kib}"))
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

/// A JSON Schema of the manifest, for editors, in draft 7, which they know best.
pub fn manifest_schema() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Manifest>().to_value();
    schema["title"] = json!(FILE_NAME);
    schema["description"] = json!(
        "What a plugin asks for, and how it is built. Not checked here: whether a host's name is one. \
         `flowhost plugin check` checks everything."
    );
    schema
}

/// Adds the custom section to a component.
pub(super) fn embed(component: &mut Vec<u8>, section: &PluginSection) {
    let json = serde_json::to_vec(section).expect("names and flags are JSON");
    CustomSection { name: PLUGIN_SECTION.into(), data: json.into() }.append_to_component(component);
}

/// Four times what a usual plugin needs, its JSON included.
const MIN_STACK_KIB: u32 = 16;

/// Rust's own default. What needs more belongs into a `Vec`.
pub(super) const MAX_STACK_KIB: u32 = 1024;

/// What a host takes: 64 MiB.
const MAX_SIZE_KIB: u32 = 64 << 10;

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
    fn a_manifest_may_bound_the_components_size() {
        let bound = |text| read(text).unwrap().build.max_size_kib.map(SizeKib::bytes);

        assert_eq!(bound("[build]\nstack_kib = 64\n"), None);
        assert_eq!(bound("[build]\nmax_size_kib = 150\n"), Some(150 << 10));
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
            ("[build]\nmax_size_kib = 0\n", "1 to 65536"),
            ("[build]\nmax_size_kib = 65537\n", "1 to 65536"),
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

    #[test]
    fn an_editor_is_told_of_what_is_refused_and_of_nothing_else() {
        let taken = [
            "",
            include_str!("template/flowhost.toml"),
            "[requests]\nhttp = [\"api.example.com\", \"localhost:3000\"]\nstore = true\n",
            "[requests]\nhttp = [\"a.example\", \"a.example:443\", \"a.example\"]\n",
            "[build]\nstack_kib = 16\n",
            "[build]\nstack_kib = 1024\n",
            "[build]\nmax_size_kib = 1\n",
            "[build]\nmax_size_kib = 65536\n",
            "[build]\nengine = \"quickjs\"\n",
            "[build]\nengine = \"starlingmonkey\"\n",
        ];
        let refused = [
            "[requests]\nfiles = true\n",
            "[request]\nstore = true\n",
            "[requests]\nstore = 1\n",
            "[build]\nstack_kib = 15\n",
            "[build]\nstack_kib = 1025\n",
            "[build]\nstack_bytes = 65536\n",
            "[build]\nmax_size_kib = 0\n",
            "[build]\nmax_size_kib = 65537\n",
            "[build]\nmax_size_kib = \"150\"\n",
            "[build]\nengine = \"v8\"\n",
        ];
        let (mut compiler, mut schemas) = (boon::Compiler::new(), boon::Schemas::new());
        compiler.add_resource("manifest.json", manifest_schema()).unwrap();
        let index = compiler.compile("manifest.json", &mut schemas).unwrap();
        for (text, is_taken) in
            taken.map(|text| (text, true)).into_iter().chain(refused.map(|text| (text, false)))
        {
            let seen = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
            assert_eq!(read(text).is_ok(), is_taken, "{text}");
            assert_eq!(schemas.validate(&seen, index).is_ok(), is_taken, "{text}");
        }
    }

    /// The reader names all fields of a table in which it finds another.
    #[test]
    fn the_schema_has_the_fields_that_the_reader_knows() {
        for (text, table) in [
            ("zz = 1", ""),
            ("requests.zz = 1", "/properties/requests"),
            ("build.zz = 1", "/properties/build"),
        ] {
            let error = read(text).unwrap_err().to_string();
            let (_, known) = error.split_once("expected").expect("it names the fields");
            let known: Vec<_> = known.split('`').skip(1).step_by(2).collect();
            let schema = manifest_schema();
            let fields = schema.pointer(&format!("{table}/properties")).unwrap();
            let names: Vec<_> = fields.as_object().unwrap().keys().collect();
            assert_eq!(names, known);
            assert!(
                fields.as_object().unwrap().values().all(|field| field["description"].is_string())
            );
        }
    }

    fn read(text: &str) -> Result<Manifest, BuildError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), text).unwrap();
        Manifest::read(folder.path())
    }
}
