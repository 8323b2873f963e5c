//! Which folders a project is compiled from: its own, and those of packages that it names by a path.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use super::python;

/// The folders of a project and of the packages beside it that it depends on, directly or not, and
/// of the workspace that it belongs to the manifest. A folder is absolute, and within none of the
/// others.
///
/// What can't be read is left out: cargo says what is wrong with it.
pub(super) fn folders_and_files(project: &Path) -> (BTreeSet<PathBuf>, BTreeSet<PathBuf>) {
    let mut found = Found::default();
    found.visit(project);
    let within =
        |folder: &Path| folder.ancestors().skip(1).any(|above| found.packages.contains(above));
    let folders = found.packages.iter().filter(|folder| !within(folder)).cloned().collect();
    (folders, found.workspaces)
}

/// The source files that a project's author can change, and what they are called.
#[derive(Clone, Debug, Default)]
pub(super) struct AuthorsFiles {
    /// The folder in which cargo runs the compiler: file names in panics begin there.
    root: PathBuf,
    /// The project's own folder, and those of packages that it names by a path, without the SDK.
    folders: BTreeSet<PathBuf>,
}

impl AuthorsFiles {
    /// Those of the project in a folder.
    pub(super) fn of(project: &Path) -> Self {
        let (mut folders, _) = folders_and_files(project);
        let name = |folder: &Path| {
            let manifest = read(&folder.join(MANIFEST))?;
            Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
        };
        folders.retain(|folder| name(folder).as_deref() != Some(SDK));
        let project = fs::canonicalize(project).unwrap_or_else(|_| project.to_owned());
        let root = workspace_of(&project).map_or(project, |(root, _)| root);
        Self { root, folders }
    }

    /// The name of a file as its author writes it, given by its absolute path: `src/lib.rs`, or
    /// `../shared/src/lib.rs`. `None` if it is somebody else's.
    pub(super) fn shown(&self, path: &str) -> Option<String> {
        let path = without_dots(Path::new(path));
        if !self.folders.iter().any(|folder| path.starts_with(folder)) {
            return None;
        }
        let above = self.root.ancestors().position(|above| path.starts_with(above))?;
        let common = self.root.ancestors().nth(above)?;
        let mut shown: PathBuf = std::iter::repeat_n("..", above).collect();
        shown.push(path.strip_prefix(common).ok()?);
        Some(shown.to_str()?.to_owned())
    }

    /// Whether the project says that its components are to have no names.
    pub(super) fn wants_no_names(&self) -> bool {
        let strip = read(&self.root.join(MANIFEST))
            .and_then(|manifest| manifest.get("profile")?.get("release")?.get("strip").cloned());
        matches!(strip, Some(Value::Boolean(true)))
            || strip.as_ref().and_then(Value::as_str) == Some("symbols")
    }
}

/// The path without `.` and `..`.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => (),
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

#[derive(Default)]
struct Found {
    packages: BTreeSet<PathBuf>,
    /// The manifests of workspaces.
    workspaces: BTreeSet<PathBuf>,
}

impl Found {
    fn visit(&mut self, folder: &Path) {
        let Ok(folder) = fs::canonicalize(folder) else { return };
        if self.packages.len() >= MAX_PACKAGES || !self.packages.insert(folder.clone()) {
            return;
        }
        self.packages.extend(python::sdk_elsewhere(&folder));
        for path in npm_paths(&folder) {
            self.visit(&folder.join(path));
        }
        let manifest = read(&folder.join(MANIFEST)).unwrap_or_default();
        let workspace = workspace_of(&folder);
        self.workspaces.extend(workspace.iter().map(|(root, _)| root.join(MANIFEST)));
        for (name, dependency) in dependencies(&manifest) {
            if let Some(path) = path_of(dependency) {
                self.visit(&folder.join(path));
            } else if inherits(dependency)
                && let Some((root, workspace)) = &workspace
                && let Some(path) = workspace
                    .get("dependencies")
                    .and_then(|dependencies| path_of(dependencies.get(name)?))
            {
                self.visit(&root.join(path));
            }
        }
    }
}

/// The folders of packages that a `package.json` names by their paths, such as `file:../shared`.
fn npm_paths(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("package.json")).unwrap_or_default();
    let package: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let dependencies = ["dependencies", "devDependencies"].into_iter();
    dependencies
        .filter_map(|kind| package[kind].as_object())
        .flat_map(|dependencies| dependencies.values())
        .filter_map(|version| Some(version.as_str()?.strip_prefix("file:")?.to_owned()))
        .collect()
}

/// All dependencies of a manifest, those for tests, for build scripts and for some targets only too.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let parts = targets.filter_map(|(_, part)| part.as_table()).chain([manifest]);
    parts.flat_map(|part| KINDS.iter().filter_map(|kind| part.get(*kind)?.as_table()).flatten())
}

fn path_of(dependency: &Value) -> Option<&str> {
    dependency.get("path")?.as_str()
}

fn inherits(dependency: &Value) -> bool {
    dependency.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// The folder and the table of the workspace that a package belongs to: the nearest manifest that
/// has one.
fn workspace_of(folder: &Path) -> Option<(PathBuf, Table)> {
    folder.ancestors().find_map(|folder| {
        let mut manifest = read(&folder.join(MANIFEST))?;
        match manifest.remove("workspace")? {
            Value::Table(workspace) => Some((folder.to_owned(), workspace)),
            _ => None,
        }
    })
}

fn read(manifest: &Path) -> Option<Table> {
    toml::from_str(&fs::read_to_string(manifest).ok()?).ok()
}

const MANIFEST: &str = "Cargo.toml";

const SDK: &str = "flowhost-sdk";

/// Cargo takes the older spellings too.
const KINDS: [&str; 5] = [
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "build-dependencies",
    "build_dependencies",
];

/// Far more than a plugin has; manifests that name each other for ever end here too.
const MAX_PACKAGES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_named_by_a_path_belong_to_it_however_they_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let write = |package: &str, manifest: &str| {
            fs::create_dir_all(root.join(package)).unwrap();
            fs::write(root.join(package).join("Cargo.toml"), manifest).unwrap();
        };
        write("", "[workspace]\n[workspace.dependencies]\nshared = { path = \"shared\" }\n");
        write(
            "plugin",
            "[dependencies]\nshared.workspace = true\nserde = \"1\"\ninner = { path = \"inner\" }\n\
             [target.'cfg(unix)'.dev-dependencies]\nhelpers = { path = \"../helpers\" }\n",
        );
        write("plugin/inner", "");
        write("shared", "[dependencies]\nmoney = { path = \"../money\", optional = true }\n");
        // Names the one that names it.
        write("money", "[build-dependencies]\nshared = { path = \"../shared\" }\n");
        write("helpers", "this is no manifest");
        write("stranger", "");

        let (folders, files) = folders_and_files(&root.join("plugin"));

        let expected = ["helpers", "money", "plugin", "shared"].map(|name| root.join(name));
        assert_eq!(folders, BTreeSet::from(expected));
        assert_eq!(files, BTreeSet::from([root.join("Cargo.toml")]));
    }

    #[test]
    fn so_do_packages_of_npm() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for package in ["plugin", "shared", "tools"] {
            fs::create_dir(root.join(package)).unwrap();
        }
        let package = r#"{"dependencies": {"shared": "file:../shared", "x": "1.0.0"}, "devDependencies": {"tools": "file:../tools"}}"#;
        fs::write(root.join("plugin/package.json"), package).unwrap();

        let (folders, _) = folders_and_files(&root.join("plugin"));

        assert_eq!(folders, ["plugin", "shared", "tools"].map(|name| root.join(name)).into());
    }

    #[test]
    fn a_file_is_called_what_its_author_calls_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let write = |package: &str, manifest: &str| {
            fs::create_dir_all(root.join(package)).unwrap();
            fs::write(root.join(package).join("Cargo.toml"), manifest).unwrap();
        };
        write("flows", "[workspace]\n");
        write(
            "flows/plugin",
            "[dependencies]\nshared = { path = \"../../shared\" }\nsdk = { path = \"../../sdk\" }\n",
        );
        write("shared", "[package]\nname = \"shared\"\n");
        write("sdk", "[package]\nname = \"flowhost-sdk\"\n");

        let files = AuthorsFiles::of(&root.join("flows/plugin"));

        for (file, shown) in [
            ("flows/plugin/src/lib.rs", Some("plugin/src/lib.rs")),
            ("flows/plugin/./src/../src/lib.rs", Some("plugin/src/lib.rs")),
            ("shared/src/lib.rs", Some("../shared/src/lib.rs")),
            ("sdk/src/lib.rs", None),
            ("flows/other/src/lib.rs", None),
        ] {
            let path = root.join(file);
            assert_eq!(files.shown(path.to_str().unwrap()).as_deref(), shown, "{file}");
        }
        assert_eq!(files.shown("crates/serde-1.0.0/src/lib.rs"), None);
    }

    #[test]
    fn a_project_says_that_it_wants_no_names() {
        let folder = tempfile::tempdir().unwrap();
        for (strip, wants_none) in
            [("true", true), ("\"symbols\"", true), ("\"debuginfo\"", false), ("false", false)]
        {
            let manifest = format!("[profile.release]\nstrip = {strip}\n");
            fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
            assert_eq!(AuthorsFiles::of(folder.path()).wants_no_names(), wants_none, "{strip}");
        }
    }

    #[test]
    fn a_folder_without_a_manifest_is_itself_alone() {
        let folder = tempfile::tempdir().unwrap();

        let (folders, _) = folders_and_files(folder.path());

        assert_eq!(folders, BTreeSet::from([fs::canonicalize(folder.path()).unwrap()]));
    }
}
