//! A component that another tool made of a project's: composed of several, or stripped. It gets the
//! project's manifest, as one that is built here does.

use std::fs;
use std::path::Path;

use wasm_encoder::{RawSection, Section as _};
use wasmparser::{BinaryReader, CustomSectionReader, Parser, Payload};

use super::BuildError;
use super::language::{Compiled, Language};
use super::manifest::FILE_NAME;
use flowhost_protocol::flow::{PLUGIN_SECTION, PluginSection};
use flowhost_runtime::plugins::{Sections, inspect, section_id};

/// Reads a component, without the manifest that it may have, for the manifest in `project`.
pub(super) fn read(file: &Path, project: &Path) -> Result<Compiled, BuildError> {
    if !Language::is_project(project) && !project.join(FILE_NAME).is_file() {
        return Err(BuildError::NoManifest { project: project.to_owned() });
    }
    let file = std::path::absolute(file).map_err(BuildError::file("find", file))?;
    let given = fs::read(&file).map_err(BuildError::file("read", &file))?;
    let component = without_manifest(&given);
    inspect(&component).map_err(|source| BuildError::Component { file: file.clone(), source })?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Compiled { component, name, sdk: sdk(&given), default_out: file })
}

/// The component without its own manifest; as it is, if it can't be read. The manifests of its parts
/// stay.
fn without_manifest(component: &[u8]) -> Vec<u8> {
    let Some((_, sections)) = Sections::of(component, 0..component.len()) else {
        return component.to_vec();
    };
    let (mut kept, mut end) = (component[..HEADER_BYTES].to_vec(), HEADER_BYTES);
    for (id, content) in sections {
        end = content.end;
        let data = &component[content];
        let is_manifest = id == section_id::CUSTOM
            && CustomSectionReader::new(BinaryReader::new(data, 0))
                .is_ok_and(|custom| custom.name() == PLUGIN_SECTION);
        if !is_manifest {
            RawSection { id, data }.append_to(&mut kept);
        }
    }
    if end == component.len() { kept } else { component.to_vec() }
}

/// The version of the SDK that it, or the first part that says so, was built with.
fn sdk(component: &[u8]) -> Option<String> {
    let mut payloads = Parser::new(0).parse_all(component).map_while(Result::ok);
    payloads.find_map(|payload| match payload {
        Payload::CustomSection(custom) if custom.name() == PLUGIN_SECTION => {
            serde_json::from_slice::<PluginSection>(custom.data()).ok()?.sdk
        }
        _ => None,
    })
}

/// Magic number and version.
const HEADER_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use wasm_encoder::{ComponentSection as _, ComponentSectionId};

    use super::super::manifest::embed;
    use super::super::{BuildOptions, MANIFEST, build};
    use super::*;

    #[tokio::test]
    async fn a_composed_component_gets_the_manifest_and_keeps_its_parts() {
        let folder = asking_for("store = true");
        let part = with_manifest("(component)", Some("0.1.7"));
        let mut composed = wat::parse_str("(component)").unwrap();
        RawSection { id: ComponentSectionId::Component.into(), data: &part }
            .append_to_component(&mut composed);
        let file = folder.path().join("whole.wasm");
        fs::write(&file, &composed).unwrap();

        let built = build(options(&folder), |_| ()).await.unwrap();

        assert_eq!((built.path, built.name), (file.clone(), "whole".to_owned()));
        let written = fs::read(&file).unwrap();
        assert!(written.starts_with(&composed), "the parts are as they were");
        let inspection = inspect(&written).unwrap();
        assert_eq!(inspection.lost_manifest, None);
        assert_eq!(inspection.requests.to_string(), "store");
        assert_eq!(inspection.sdk.as_deref(), Some("0.1.7"), "that of the part");
    }

    #[tokio::test]
    async fn another_manifest_takes_the_place_of_the_one_before() {
        let folder = asking_for("media = true");
        let file = folder.path().join("whole.wasm");
        fs::write(&file, with_manifest("(component)", Some("0.1.7"))).unwrap();

        build(options(&folder), |_| ()).await.unwrap();
        let once = fs::read(&file).unwrap();
        build(options(&folder), |_| ()).await.unwrap();

        assert_eq!(fs::read(&file).unwrap(), once, "the second time changes nothing");
        let inspection = inspect(&once).unwrap();
        assert_eq!(inspection.requests.to_string(), "media");
        assert_eq!(inspection.sdk.as_deref(), Some("0.1.7"));
    }

    #[tokio::test]
    async fn what_is_no_component_is_refused_and_left_as_it_is() {
        let folder = asking_for("store = true");
        let file = folder.path().join("whole.wasm");
        for (bytes, named) in [
            (wat::parse_str("(module)").unwrap(), "core module"),
            (b"text".to_vec(), "not a WebAssembly component"),
            (b"\0asm\x0d\0\x01\0\xff".to_vec(), "can't be compiled"),
        ] {
            fs::write(&file, &bytes).unwrap();

            let refused = build(options(&folder), |_| ()).await.unwrap_err();

            let BuildError::Component { source, .. } = &refused else { panic!("{refused}") };
            assert!(source.to_string().contains(named), "{source}");
            assert_eq!(fs::read(&file).unwrap(), bytes);
        }
    }

    #[tokio::test]
    async fn a_folder_without_a_manifest_is_named() {
        let folder = asking_for("");
        fs::write(folder.path().join("whole.wasm"), wat::parse_str("(component)").unwrap())
            .unwrap();
        fs::remove_file(folder.path().join(MANIFEST)).unwrap();

        let refused = build(options(&folder), |_| ()).await.unwrap_err();

        assert!(refused.to_string().contains("has no flowhost.toml"), "{refused}");
        fs::write(folder.path().join("package.json"), "").unwrap();
        let built = build(options(&folder), |_| ()).await.unwrap();
        assert!(built.requests.to_string().contains("nothing"), "{}", built.requests);
    }

    /// A folder whose manifest has this.
    fn asking_for(requests: &str) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), format!("[requests]\n{requests}\n")).unwrap();
        folder
    }

    /// To write the manifest of a folder into the component in it.
    fn options(folder: &TempDir) -> BuildOptions {
        BuildOptions {
            project_dir: folder.path().to_owned(),
            component: Some(folder.path().join("whole.wasm")),
            ..BuildOptions::default()
        }
    }

    fn with_manifest(wat: &str, sdk: Option<&str>) -> Vec<u8> {
        let mut component = wat::parse_str(wat).unwrap();
        let section = PluginSection { sdk: sdk.map(str::to_owned), ..PluginSection::default() };
        embed(&mut component, &section);
        component
    }
}
