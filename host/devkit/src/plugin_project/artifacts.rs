//! Reads from cargo's JSON messages which files it has built.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::BuildError;

/// A WebAssembly library that cargo has built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Artifact {
    /// The crate's name, with underscores.
    pub(super) name: String,
    pub(super) file: PathBuf,
    manifest: PathBuf,
}

impl Artifact {
    /// What one line of cargo's output reports; `None` if it is about something else.
    pub(super) fn parse(line: &[u8]) -> Option<Artifact> {
        let message: Message = serde_json::from_slice(line).ok()?;
        let is_component = message.reason == "compiler-artifact"
            && message.target.kind.iter().any(|kind| kind == "cdylib");
        let file = message
            .filenames
            .into_iter()
            .find(|file| file.extension().is_some_and(|ending| ending == "wasm"))?;
        is_component.then_some(Artifact {
            name: message.target.name,
            file,
            manifest: message.manifest_path,
        })
    }
}

/// The version of the SDK, if this line of cargo's output reports that the SDK was built.
pub(super) fn sdk_version(line: &[u8]) -> Option<String> {
    let message: PackageMessage = serde_json::from_slice(line).ok()?;
    let is_sdk = message.reason == "compiler-artifact" && message.target.name == "flowhost_sdk";
    // `..#0.1.0` or `..#flowhost-sdk@0.1.0` (the Cargo book, "Package ID specifications").
    let (_, package) = message.package_id.rsplit_once('#').filter(|_| is_sdk)?;
    Some(package.rsplit_once('@').map_or(package, |(_, version)| version).to_owned())
}

/// The one component of the project. A component of the project's own package comes first, since
/// dependencies may be `cdylib`s too.
pub(super) fn component_of(project: &Path, built: Vec<Artifact>) -> Result<Artifact, BuildError> {
    let (own, others): (Vec<_>, Vec<_>) =
        built.into_iter().partition(|artifact| artifact.manifest.parent() == Some(project));
    let mut candidates = if own.is_empty() { others } else { own };
    match candidates.pop() {
        None => Err(BuildError::NoComponent { project: project.to_owned() }),
        Some(component) if candidates.is_empty() => Ok(component),
        Some(last) => {
            candidates.push(last);
            let names = candidates.into_iter().map(|artifact| artifact.name).collect();
            Err(BuildError::SeveralComponents { project: project.to_owned(), names })
        }
    }
}

/// The part of cargo's `compiler-artifact` message that matters here (the Cargo book, "JSON
/// messages").
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: PathBuf,
    target: Target,
    filenames: Vec<PathBuf>,
}

/// The part of the same message that names the package.
#[derive(Deserialize)]
struct PackageMessage {
    reason: String,
    package_id: String,
    target: PackageTarget,
}

#[derive(Deserialize)]
struct PackageTarget {
    name: String,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_library_among_cargos_messages() {
        let artifact = Artifact::parse(CDYLIB).unwrap();

        assert_eq!(artifact.name, "my_flow");
        assert_eq!(artifact.file, Path::new("/p/target/wasm32-wasip2/release/my_flow.wasm"));
        assert_eq!(Artifact::parse(RLIB), None);
        assert_eq!(Artifact::parse(br#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(Artifact::parse(b"no JSON"), None);
    }

    #[test]
    fn finds_the_sdks_version_among_cargos_messages() {
        let line = |id: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"{id}","target":{{"name":"flowhost_sdk"}}}}"#
            )
        };

        for id in [
            "path+file:///p/flowhost-sdk#0.1.7",
            "registry+https://example.com/index#flowhost-sdk@0.1.7",
        ] {
            assert_eq!(sdk_version(line(id).as_bytes()).as_deref(), Some("0.1.7"));
        }
        assert_eq!(sdk_version(CDYLIB), None);
    }

    #[test]
    fn the_projects_own_component_goes_before_a_dependencys() {
        let found = component_of(
            Path::new("/p"),
            vec![artifact("dependency", "/d"), artifact("own", "/p")],
        );

        assert_eq!(found.unwrap().name, "own");
    }

    #[test]
    fn a_workspace_with_several_plugins_is_refused_by_name() {
        let refused =
            component_of(Path::new("/p"), vec![artifact("a", "/p/a"), artifact("b", "/p/b")]);

        assert!(
            matches!(refused, Err(BuildError::SeveralComponents { names, .. }) if names == ["a", "b"])
        );
    }

    #[test]
    fn a_project_without_a_component_is_told_what_it_lacks() {
        let refused = component_of(Path::new("/p"), Vec::new()).unwrap_err();

        assert!(refused.to_string().contains("crate-type = [\"cdylib\"]"));
    }

    fn artifact(name: &str, folder: &str) -> Artifact {
        let manifest = Path::new(folder).join("Cargo.toml");
        Artifact { name: name.to_owned(), file: Path::new(folder).join("x.wasm"), manifest }
    }

    const CDYLIB: &[u8] = br#"{"reason":"compiler-artifact","package_id":"path+file:///p#my-flow@0.1.0",
        "manifest_path":"/p/Cargo.toml","target":{"kind":["cdylib"],"crate_types":["cdylib"],"name":"my_flow",
        "src_path":"/p/src/lib.rs","edition":"2024"},"profile":{},"features":[],
        "filenames":["/p/target/wasm32-wasip2/release/my_flow.wasm"],"executable":null,"fresh":false}"#;
    const RLIB: &[u8] = br#"{"reason":"compiler-artifact","manifest_path":"/r/serde/Cargo.toml",
        "target":{"kind":["lib"],"name":"serde"},"filenames":["/p/target/release/deps/libserde.rlib"]}"#;
}
