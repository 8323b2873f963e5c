//! What a component says of itself, read without compiling it: the section `flowhost plugin build`
//! wrote, its imports and its exports.

use serde::{Deserialize, Serialize};
use wasmparser::{Encoding, KnownCustom, Name, NameSectionReader, Parser, Payload};

use super::limits::TABLE_ELEMENT_BYTES;
use super::{ComponentError, LostManifest, Tool, advice};
use crate::telemetry::printable;
use flowhost_protocol::flow::{Capabilities, PLUGIN_SECTION, PluginSection};

/// What a component says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// The version of the SDK it is made with; absent without an SDK.
    pub sdk: Option<String>,
    /// The capabilities that its manifest asks for.
    pub requests: Capabilities,
    /// The names of its imports, WASI included.
    pub imports: Vec<String>,
    /// How it lost its manifest, which is the section in which `flowhost plugin build` stores what
    /// it asks for; `None` if it has one.
    pub lost_manifest: Option<LostManifest>,
    /// The tool that made it.
    pub tool: Tool,
    /// Bytes of the memories and tables that its modules begin with, each module counted once.
    pub initial_bytes: u64,
    /// About as many bytes as the host keeps for its instances beside these.
    pub instance_bytes: u64,
}

/// Reads a component: what its outermost layer says, and what all layers take.
///
/// # Errors
/// It is not a component, cannot be parsed, or is made for another release of the contract or the
/// SDK.
pub fn inspect(component: &[u8]) -> Result<Inspection, ComponentError> {
    match component.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => (),
        Some(b"\0asm\x01\0\0\0") => {
            return Err(ComponentError::NotAComponent(advice::for_core_module(tool_of_module(
                component,
            ))));
        }
        _ => return Err(ComponentError::NotAComponent("".into())),
    }
    let (mut imports, mut exports, mut section, mut depth) = (Vec::new(), Vec::new(), None, 0_u32);
    let (mut initial_bytes, mut entries) = (0_u64, 0_u64);
    let (mut tool, mut traces) = (Tool::default(), Traces::default());
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(malformed)?;
        tool = tool.max(tool_in(&payload));
        traces.note(&payload, depth);
        match payload {
            // Nested modules and components have imports of their own, which the outer component
            // satisfies.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::Version { encoding: Encoding::Component, .. } => (),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(reader) if depth == 0 => {
                for import in reader {
                    note(&mut imports, import.map_err(malformed)?.name.name)?;
                }
            }
            Payload::ComponentExportSection(reader) if depth == 0 => {
                for export in reader {
                    note(&mut exports, export.map_err(malformed)?.name.name)?;
                }
            }
            Payload::CustomSection(custom)
                if depth == 0 && custom.name() == PLUGIN_SECTION && section.is_some() =>
            {
                return Err(ComponentError::Section("it is there twice".to_owned()));
            }
            Payload::CustomSection(custom) if depth == 0 && custom.name() == PLUGIN_SECTION => {
                section = Some(custom.data())
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let bytes = memory.map_err(malformed)?.initial.saturating_mul(PAGE_BYTES);
                    initial_bytes = initial_bytes.saturating_add(bytes);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let functions = table.map_err(malformed)?.ty.initial;
                    let bytes = functions.saturating_mul(TABLE_ELEMENT_BYTES);
                    initial_bytes = initial_bytes.saturating_add(bytes);
                    entries = entries.saturating_add(functions);
                }
            }
            Payload::ImportSection(imports) => {
                entries = entries.saturating_add(imports.count().into());
            }
            Payload::ExportSection(exports) => {
                entries = entries.saturating_add(exports.count().into());
            }
            Payload::CustomSection(custom) => {
                if let KnownCustom::Name(names) = custom.as_known() {
                    check_function_names(names)?;
                }
            }
            _ => (),
        }
    }
    for name in imports.iter().chain(&exports) {
        check_contract(name)?;
    }
    let PluginSection { sdk, requests } =
        section.map_or(Ok(PluginSection::default()), read_section)?;
    sdk.as_deref().map_or(Ok(()), check_sdk)?;
    Ok(Inspection {
        sdk,
        requests,
        imports,
        lost_manifest: section.is_none().then(|| traces.how_the_manifest_was_lost(tool)),
        tool,
        initial_bytes,
        instance_bytes: entries.saturating_mul(ENTRY_BYTES),
    })
}

/// What tells how a component came to be without a manifest.
#[derive(Default)]
struct Traces {
    /// Whether a component inside it has code.
    has_parts: bool,
    has_manifest_inside: bool,
    /// Whether any tool that made it or a part of it left its name.
    has_producers: bool,
}

impl Traces {
    fn note(&mut self, payload: &Payload<'_>, depth: u32) {
        match payload {
            // Each component has some without code, for the types of its exports.
            Payload::ModuleSection { .. } => self.has_parts |= depth > 0,
            Payload::CustomSection(custom) => {
                self.has_manifest_inside |= depth > 0 && custom.name() == PLUGIN_SECTION;
                self.has_producers |= custom.name() == PRODUCERS_SECTION;
            }
            _ => (),
        }
    }

    /// The parts that tools for other languages make are their own affair.
    fn how_the_manifest_was_lost(&self, tool: Tool) -> LostManifest {
        let is_from_one_tool = tool > Tool::Rustc;
        if self.has_manifest_inside || self.has_parts && !is_from_one_tool {
            LostManifest::Composed
        } else if !self.has_producers {
            LostManifest::Stripped
        } else {
            LostManifest::NotYetThere(tool)
        }
    }
}

/// The tool that made a core module. What can't be parsed says nothing.
fn tool_of_module(module: &[u8]) -> Tool {
    let payloads = Parser::new(0).parse_all(module).map_while(Result::ok);
    payloads.map(|payload| tool_in(&payload)).max().unwrap_or_default()
}

/// The tool that made a component, by what this part of it says.
fn tool_in(payload: &Payload<'_>) -> Tool {
    match payload {
        Payload::CustomSection(custom) => match custom.as_known() {
            KnownCustom::Producers(producers) => {
                let values = producers.into_iter().map_while(Result::ok);
                let values =
                    values.flat_map(|field| field.values.into_iter().map_while(Result::ok));
                values.map(|value| Tool::by_producer(value.name)).max().unwrap_or_default()
            }
            _ => Tool::default(),
        },
        // The modules of a component that was linked of libraries import each other by name.
        Payload::ImportSection(imports) => {
            let imports = imports.clone().into_imports().map_while(Result::ok);
            imports.map(|import| Tool::by_library(import.module)).max().unwrap_or_default()
        }
        _ => Tool::default(),
    }
}

fn note(names: &mut Vec<String>, name: &str) -> Result<(), ComponentError> {
    if names.len() == MAX_NAMES {
        return Err(ComponentError::Invalid(format!(
            "it imports or exports more than {MAX_NAMES} things"
        )));
    }
    names.push(printable(name, MAX_NAME_BYTES));
    Ok(())
}

/// A name of hundreds of kilobytes is nobody's. What can't be parsed of a name section is skipped here
/// as it is where names are read.
fn check_function_names(names: NameSectionReader<'_>) -> Result<(), ComponentError> {
    let functions = names.map_while(Result::ok).filter_map(|names| match names {
        Name::Function(functions) => Some(functions),
        _ => None,
    });
    if functions.flatten().flatten().any(|function| function.name.len() > MAX_FUNCTION_NAME_BYTES) {
        return Err(ComponentError::Invalid(format!(
            "a function's name has more than {MAX_FUNCTION_NAME_BYTES} bytes"
        )));
    }
    Ok(())
}

fn read_section(data: &[u8]) -> Result<PluginSection, ComponentError> {
    if data.len() > MAX_SECTION_BYTES {
        return Err(ComponentError::Section(format!(
            "it has {} bytes; it may have {MAX_SECTION_BYTES}",
            data.len()
        )));
    }
    serde_json::from_slice(data)
        .map_err(|error| ComponentError::Section(printable(&error.to_string(), MAX_NAME_BYTES)))
}

/// Checks that a name of the contract's package has the release that this host knows.
fn check_contract(name: &str) -> Result<(), ComponentError> {
    let of_the_contract = name.strip_prefix(CONTRACT).filter(|rest| rest.starts_with('/'));
    let version = of_the_contract
        .map(|rest| rest.split_once('@').map_or("without a version", |(_, version)| version));
    match version {
        None | Some(CONTRACT_VERSION) => Ok(()),
        Some(version) => Err(ComponentError::UnknownContract(version.to_owned())),
    }
}

fn check_sdk(version: &str) -> Result<(), ComponentError> {
    let known = SDK_RELEASES
        .iter()
        .any(|release| version.strip_prefix(release).is_some_and(|patch| patch.starts_with('.')));
    if known { Ok(()) } else { Err(ComponentError::UnknownSdk(printable(version, MAX_NAME_BYTES))) }
}

fn malformed(error: wasmparser::BinaryReaderError) -> ComponentError {
    ComponentError::Invalid(printable(&error.to_string(), MAX_NAME_BYTES))
}

/// Where each tool leaves its name.
const PRODUCERS_SECTION: &str = "producers";

/// The package of the contract (`guest-sdk/wit/v1`), and its version.
const CONTRACT: &str = "flowhost:flow";
const CONTRACT_VERSION: &str = "1.0.0";

/// Releases of the SDK whose components this host can run: `MAJOR.MINOR`.
const SDK_RELEASES: [&str; 1] = ["0.1"];

/// The contract and WASI 0.2 have some 40.
const MAX_NAMES: usize = 200;
const MAX_NAME_BYTES: usize = 200;

/// The limit that WebAssembly engines set for any other string.
const MAX_FUNCTION_NAME_BYTES: usize = 100_000;

/// A page of linear memory.
const PAGE_BYTES: u64 = 64 << 10;

/// What an instance has for each of its imports, and for each function that it exports or has in a
/// table: four pointers in wasmtime 48.
const ENTRY_BYTES: u64 = 32;

/// Room for hundreds of hosts.
const MAX_SECTION_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use wasm_encoder::{ComponentSection, CustomSection};

    use super::*;

    #[test]
    fn reads_imports_and_the_section_of_the_outermost_layer() {
        let wat = r#"(component
            (import "flowhost:flow/log@1.0.0" (instance))
            (import "wasi:io/error@0.2.6" (instance))
            (core module (import "env" "inner" (func)))
            (component (import "flowhost:flow/http@2.0.0" (instance))))"#;
        let component = with_section(
            wat,
            r#"{"sdk":"0.1.7","requests":{"http":["api.example.com"],"store":true}}"#,
        );

        let read = inspect(&component).unwrap();

        assert_eq!(read.imports, ["flowhost:flow/log@1.0.0", "wasi:io/error@0.2.6"]);
        assert_eq!(read.sdk.as_deref(), Some("0.1.7"));
        assert_eq!(read.requests.to_string(), "http api.example.com:443, store");
        assert_eq!(read.lost_manifest, None);
    }

    #[test]
    fn a_component_without_a_section_asks_for_nothing() {
        let component = wat::parse_str("(component)").unwrap();

        let nothing =
            Inspection { lost_manifest: Some(LostManifest::Stripped), ..Inspection::default() };
        assert_eq!(inspect(&component).unwrap(), nothing);
    }

    #[test]
    fn the_manifest_of_a_component_inside_is_not_the_outer_ones() {
        let part = with_section("(component)", r#"{"sdk":"0.1.7","requests":{"store":true}}"#);
        let mut composed = b"\0asm\x0d\0\x01\0".to_vec();
        wasm_encoder::RawSection {
            id: wasm_encoder::ComponentSectionId::Component.into(),
            data: &part,
        }
        .append_to_component(&mut composed);

        let composed = inspect(&composed).unwrap();

        let nothing =
            Inspection { lost_manifest: Some(LostManifest::Composed), ..Inspection::default() };
        assert_eq!(composed, nothing);
    }

    #[test]
    fn how_a_manifest_was_lost_is_known_by_what_is_left() {
        let lost = |fields: &str| {
            let component = wat::parse_str(format!("(component {fields})")).unwrap();
            inspect(&component).unwrap().lost_manifest.unwrap()
        };
        let by = |tool: &str| format!(r#"(core module (@producers (processed-by "{tool}" "1")))"#);
        let linked = r#"(core module (import "libcomponentize_py_runtime.so" "x" (func)))"#;

        for (fields, expected) in [
            (by("rustc"), LostManifest::NotYetThere(Tool::Rustc)),
            (by("another"), LostManifest::NotYetThere(Tool::Unknown)),
            (
                format!("(component (core module)) {}", by("componentize-qjs")),
                LostManifest::NotYetThere(Tool::ComponentizeQjs),
            ),
            ("(core module)".to_owned(), LostManifest::Stripped),
            (format!("(component {linked})"), LostManifest::Stripped),
            (format!("(component {})", by("rustc")), LostManifest::Composed),
            ("(component (core module))".to_owned(), LostManifest::Composed),
            ("(component)".to_owned(), LostManifest::Stripped),
        ] {
            assert_eq!(lost(&fields), expected, "{fields}");
        }
    }

    #[test]
    fn the_memories_and_tables_that_all_modules_begin_with_are_counted() {
        let read = inspect(
            &wat::parse_str(
                r#"(component
                (core module (memory 2) (table 10 funcref) (table 5 funcref))
                (component (core module (memory 3 100))))"#,
            )
            .unwrap(),
        );

        let Inspection { initial_bytes, instance_bytes, .. } = read.unwrap();
        assert_eq!((initial_bytes, instance_bytes), (5 * 65_536 + 15 * 8, 15 * 32));
    }

    #[test]
    fn the_tool_is_known_by_its_producers_and_its_libraries() {
        let made = |fields: &str| {
            let component = format!("(component (component (core module {fields})))");
            inspect(&wat::parse_str(component).unwrap()).unwrap().tool
        };

        assert_eq!(made(""), Tool::Unknown);
        assert_eq!(made(r#"(@producers (processed-by "wit-component" "0.1"))"#), Tool::Unknown);
        assert_eq!(made(r#"(@producers (processed-by "rustc" "1.95"))"#), Tool::Rustc);
        let both = r#"(@producers (language "JavaScript" "") (processed-by "rustc" "1") (processed-by "ComponentizeJS" "0.23.0"))"#;
        assert_eq!(made(both), Tool::ComponentizeJs);
        let linked = r#"(import "libcomponentize_py_runtime.so" "x" (func))"#;
        assert_eq!(made(linked), Tool::ComponentizePy);
    }

    #[test]
    fn another_release_is_refused_by_its_name() {
        let newer =
            wat::parse_str(r#"(component (import "flowhost:flow/log@2.1.0" (instance)))"#).unwrap();
        assert!(inspect(&newer).unwrap_err().to_string().contains("2.1.0"));
        for sdk in ["0.2.0", "9.0.0", "0.10.0", "0.1", "x"] {
            let refused = inspect(&with_section("(component)", &format!(r#"{{"sdk":"{sdk}"}}"#)))
                .unwrap_err();
            assert!(
                matches!(&refused, ComponentError::UnknownSdk(named) if named == sdk),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_section_that_can_not_be_understood_is_refused() {
        for section in [
            "",
            "{",
            r#"{"requests":{"files":true}}"#,
            r#"{"requests":{"http":["*.example.com"]}}"#,
            r#"{"later":1}"#,
        ] {
            assert!(
                matches!(
                    inspect(&with_section("(component)", section)),
                    Err(ComponentError::Section(_))
                ),
                "{section}"
            );
        }
        let twice = [with_section("(component)", "{}"), section_bytes("{}")].concat();
        assert!(matches!(inspect(&twice), Err(ComponentError::Section(_))));
        let long = with_section("(component)", &" ".repeat(MAX_SECTION_BYTES + 1));
        assert!(matches!(inspect(&long), Err(ComponentError::Section(_))));
    }

    #[test]
    fn a_functions_name_has_a_bound_wherever_the_module_is() {
        let named =
            |bytes: usize| format!("(core module (func (@name \"{}\")))", "n".repeat(bytes));
        let component = |module: &str| {
            inspect(&wat::parse_str(format!("(component {module} (component {module}))")).unwrap())
        };

        assert!(component(&named(MAX_FUNCTION_NAME_BYTES)).is_ok());
        let refused = inspect(
            &wat::parse_str(format!(
                "(component (component {}))",
                named(MAX_FUNCTION_NAME_BYTES + 1)
            ))
            .unwrap(),
        );
        assert!(refused.unwrap_err().to_string().contains("name has more than 100000 bytes"));
    }

    #[test]
    fn what_is_no_component_is_refused() {
        for bytes in
            [&b""[..], b"\0asm", b"MZ\x90\0aaaaaaaa", b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0\xff"]
        {
            assert!(inspect(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn the_sdk_of_this_release_is_known() {
        let manifest =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-sdk/Cargo.toml");
        assert!(
            std::fs::read_to_string(manifest).unwrap().contains("version.workspace = true"),
            "its version is the workspace's"
        );
        assert!(check_sdk(env!("CARGO_PKG_VERSION")).is_ok());
    }

    fn with_section(wat: &str, json: &str) -> Vec<u8> {
        [wat::parse_str(wat).unwrap(), section_bytes(json)].concat()
    }

    fn section_bytes(json: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        CustomSection { name: PLUGIN_SECTION.into(), data: json.as_bytes().into() }
            .append_to_component(&mut bytes);
        bytes
    }
}
