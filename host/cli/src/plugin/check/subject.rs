//! What `plugin check` is to look at: a project, the parts of one without its sources, or a
//! component alone.

use std::path::{Path, PathBuf};

use crate::plugin::flow_json::flow_json_path;
use crate::plugin::project::scenario_folder;
use flowhost_devkit::plugin_project::{Language, MANIFEST};
use flowhost_server::config::ConfigError;

/// What there is to check.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// The folder of a project, or of what is there of one: its scenarios are checked.
    pub(super) folder: Option<PathBuf>,
    /// The folder of the manifest. A project may be without one, and then asks for nothing.
    pub(super) manifest: Option<PathBuf>,
    /// The Flow JSON, which need not exist in a project.
    pub(super) flow_json: Option<PathBuf>,
    /// Where the component comes from; `None` if there is nothing to build.
    pub(super) component: Option<Origin>,
}

/// Where a component comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// From a file.
    File(PathBuf),
    /// From the sources in this folder.
    Sources(PathBuf),
}

impl Subject {
    /// Reads what the arguments name: a path, and perhaps a component and a Flow JSON of its own.
    /// What can't be checked is bad usage, and the error says what can.
    pub(super) fn of(
        path: &Path,
        component: Option<&Path>,
        flow_json: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let given = component.map(|file| Origin::File(file.to_owned()));
        let alone = flow_json.is_some() || given.is_some();
        if path.is_dir() {
            return Self::of_folder(path, given, flow_json, alone);
        }
        if !path.is_file() {
            return Err(ConfigError::new(format!(
                "there is no {}: name the folder of a plugin project, or the file of a component",
                path.display()
            )));
        }
        let parts = Self {
            folder: None,
            manifest: None,
            flow_json: flow_json.map(Path::to_owned),
            component: given,
        };
        if path.file_name().is_some_and(|name| name == MANIFEST) {
            let folder = path.parent().unwrap_or(Path::new(""));
            return Ok(Self { manifest: Some(folder.to_owned()), ..parts });
        }
        if !is_component(path) {
            return Err(ConfigError::new(format!(
                "{} is neither a component nor a {MANIFEST}: name one, or the folder of a plugin project; a Flow JSON is checked with \
                 `--flow-json FILE`, and scenarios with their project",
                path.display()
            )));
        }
        match parts.component {
            None => Ok(Self { component: Some(Origin::File(path.to_owned())), ..parts }),
            Some(_) => Err(ConfigError::new(format!(
                "{} is a component already: leave `--component` out",
                path.display()
            ))),
        }
    }

    fn of_folder(
        folder: &Path,
        given: Option<Origin>,
        flow_json: Option<&Path>,
        alone: bool,
    ) -> Result<Self, ConfigError> {
        let has_sources = Language::is_project(folder);
        let has_manifest = folder.join(MANIFEST).is_file();
        let own_flow_json = flow_json_path(folder);
        let has_parts = has_manifest || own_flow_json.is_file() || scenario_folder(folder).is_dir();
        if !has_sources && !has_parts && !alone {
            return Err(ConfigError::new(format!(
                "{} is no plugin project: it has no Cargo.toml, package.json or pyproject.toml, and no {MANIFEST}, flow.json or scenarios to check either; \
                 `flowhost plugin new` makes a project",
                folder.display()
            )));
        }
        let sources = has_sources.then(|| Origin::Sources(folder.to_owned()));
        Ok(Self {
            folder: (has_sources || has_parts).then(|| folder.to_owned()),
            manifest: (has_sources || has_manifest).then(|| folder.to_owned()),
            flow_json: Some(flow_json.map_or(own_flow_json, Path::to_owned)),
            component: given.or(sources),
        })
    }
}

/// By the name, or by how WebAssembly begins.
fn is_component(path: &Path) -> bool {
    use std::io::Read as _;
    let mut begin = [0; 4];
    path.extension().is_some_and(|ending| ending == "wasm")
        || std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok()
            && begin == *b"\0asm"
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_project_is_built_unless_a_component_is_given() {
        for language in Language::ALL {
            let folder = with(&[language.project_file()]);
            let project = folder.path();
            let subject = Subject::of(project, None, None).unwrap();
            assert_eq!(subject.component, Some(Origin::Sources(project.to_owned())));
        }
        let folder = with(&["Cargo.toml"]);
        let project = folder.path();

        let subject = Subject::of(project, None, None).unwrap();
        assert_eq!(subject.manifest.as_deref(), Some(project));
        assert_eq!(subject.flow_json, Some(project.join("flow.json")));

        let given = Path::new("other.wasm");
        let subject = Subject::of(project, Some(given), Some(Path::new("f.json"))).unwrap();
        assert_eq!(subject.component, Some(Origin::File(given.to_owned())));
        assert_eq!(subject.flow_json, Some("f.json".into()));
    }

    #[test]
    fn what_is_there_of_a_project_without_sources_is_checked() {
        for part in ["flowhost.toml", "flow.json", "scenarios/a.toml"] {
            let folder = with(&[part]);

            let subject = Subject::of(folder.path(), None, None).unwrap();

            assert_eq!((subject.component, subject.folder.is_some()), (None, true), "{part}");
            assert_eq!(subject.manifest.is_some(), part == "flowhost.toml");
        }
    }

    #[test]
    fn a_component_needs_no_project_however_it_is_called() {
        let folder = with(&["booking.wasm", "flow.json", "flowhost.toml"]);
        fs::write(folder.path().join("booking"), b"\0asm\x0d\0\x01\0").unwrap();
        for name in ["booking.wasm", "booking"] {
            let file = folder.path().join(name);

            let subject = Subject::of(&file, None, None).unwrap();

            let component = Some(Origin::File(file));
            let alone = Subject { folder: None, manifest: None, flow_json: None, component };
            assert_eq!(subject, alone, "what lies beside it is not the component's");
        }
        let nowhere = with(&[]);
        let given = Subject::of(nowhere.path(), Some(Path::new("b.wasm")), None).unwrap();
        assert_eq!((given.folder, given.manifest), (None, None));
    }

    #[test]
    fn a_manifest_can_be_checked_alone() {
        let folder = with(&["flowhost.toml", "Cargo.toml"]);

        let subject = Subject::of(&folder.path().join("flowhost.toml"), None, None).unwrap();

        assert_eq!(subject.manifest.as_deref(), Some(folder.path()));
        assert_eq!((subject.folder, subject.component), (None, None));
    }

    #[test]
    fn what_can_not_be_checked_is_said_with_what_can() {
        let folder = with(&["flow.json", "booking.wasm"]);
        let empty = with(&[]);
        for (path, component, named) in [
            (folder.path().join("nothing"), None, "there is no"),
            (folder.path().join("flow.json"), None, "`--flow-json FILE`"),
            (folder.path().join("booking.wasm"), Some(Path::new("a.wasm")), "leave `--component`"),
            (empty.path().to_owned(), None, "no plugin project"),
        ] {
            let error = Subject::of(&path, component, None).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    fn with(files: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }
}
