//! A new plugin project, which builds, passes its tests and can be deployed as it is.

use std::fs;
use std::path::{Path, PathBuf};

use super::language::Language;
use super::python;
use super::typescript;

/// What to make, and where.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// The project's folder; its last part is the plugin's name. It must not exist, or be empty.
    pub folder: PathBuf,
    /// The language of its sources.
    pub language: Language,
    /// Where the project finds the SDK.
    pub sdk: SdkSource,
    /// Whether to make a workspace for several plugins around it, if there is none yet.
    pub workspace: bool,
    /// Files that are made by the program, besides those of the template: each with its path in the
    /// project and its text.
    pub generated: Vec<(String, String)>,
}

/// Where a project finds the SDK of its language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SdkSource {
    /// In the project itself: this program writes the files there.
    Vendored,
    /// A git repository that has the SDK, and a tag or a commit of it.
    Git {
        /// As cargo takes it: `https://..`, `ssh://..`, `file://..`.
        url: String,
        /// A tag, a branch or a commit; the default branch if there is none.
        rev: Option<String>,
    },
    /// An absolute path on this machine.
    Path(PathBuf),
    /// A version in the registry, as in `Cargo.toml`.
    Version(String),
}

/// Why no project was made.
#[derive(Debug, thiserror::Error)]
pub enum NewProjectError {
    /// The folder can't be written.
    #[error("can't write {}", path.display())]
    File {
        /// The path that can't be written.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The name is not valid for a plugin in its language.
    #[error(
        "{name:?} is no name for a plugin: use lower-case letters, digits and hyphens, a letter first, 64 at most{}",
        if *language == Language::Rust { ", no word of Rust" } else { "" }
    )]
    Name {
        /// The name as given.
        name: String,
        /// The language of the project.
        language: Language,
    },
    /// There is no SDK in the folder.
    #[error("there is no flowhost-sdk in {}", path.display())]
    NoSdk {
        /// The folder as given.
        path: PathBuf,
    },
    /// The SDK of this language is part of a project.
    #[error("the SDK is written into the project, from this program: leave `--sdk` out")]
    SdkIsVendored,
    /// The folder can't be a plugin of a new workspace.
    #[error(
        "{} is not WORKSPACE/plugins/NAME, or there is another Cargo.toml in WORKSPACE: the plugins of a workspace are in its folder plugins",
        path.display()
    )]
    NoWorkspace {
        /// The project's folder.
        path: PathBuf,
    },
    /// Workspaces are cargo's.
    #[error("a workspace is for plugins in Rust: leave `--workspace` out")]
    NoWorkspaceOf {
        /// The language that was asked for.
        language: Language,
    },
    /// The folder exists and is not empty.
    #[error("{} is there already, and not empty", path.display())]
    NotEmpty {
        /// The project's folder.
        path: PathBuf,
    },
}

/// Makes a project. On an error nothing is left behind.
pub fn create(project: &NewProject) -> Result<(), NewProjectError> {
    let name = plugin_name(&project.folder, project.language)?;
    let files = template(project.language);
    let sdk = project.sdk.dependency()?;
    if project.language != Language::Rust && project.sdk != SdkSource::Vendored {
        return Err(NewProjectError::SdkIsVendored);
    }
    let generated = generated(project, files);
    let folder = &project.folder;
    let around = Around::of(project)?;
    let parent =
        folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed(parent))?;
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(NewProjectError::NotEmpty { path: folder.clone() });
    }
    // Made beside the target, so that it can be moved there as a whole.
    let beside = tempfile::tempdir_in(parent).map_err(failed(parent))?;
    let filled_in = |text: &str| text.replace("{{name}}", &name).replace("{{sdk}}", &sdk);
    let template = files.iter().map(|(path, text)| {
        let is_member = *path == "Cargo.toml" && !matches!(around, Around::Nothing);
        ((*path).to_owned(), filled_in(if is_member { MEMBER } else { text }))
    });
    for (path, text) in template.chain(generated) {
        let path = beside.path().join(path);
        let folder = path.parent().unwrap_or(beside.path());
        fs::create_dir_all(folder).map_err(failed(folder))?;
        fs::write(&path, text).map_err(failed(&path))?;
    }
    if let Around::NewWorkspace(root) = &around {
        write_workspace(root, &filled_in)?;
    }
    // Replaces an empty folder, and nothing else.
    fs::rename(beside.path(), folder).map_err(failed(folder))?;
    allow_others(folder).map_err(failed(folder))
}

/// The path and the text of each file, with `{{name}}` and `{{sdk}}` to be filled in.
fn template(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::Python => python::template::FILES,
        Language::Rust => FILES,
        Language::TypeScript => TYPESCRIPT_FILES,
    }
}

/// The files that are not in the template.
fn generated(project: &NewProject, files: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut generated = project.generated.clone();
    if project.language == Language::Python {
        generated.extend(python::template::generated());
    }
    if project.language == Language::TypeScript {
        generated.extend(typescript::sdk_files());
        let flow_json = files.iter().find(|(path, _)| *path == "flow.json");
        let types = flow_json.map(|(_, text)| typescript::types_file(text));
        generated.extend(types);
    }
    generated
}

/// What there is around a project.
enum Around {
    /// Nothing that it belongs to.
    Nothing,
    /// A workspace that takes each folder in `plugins`.
    Workspace,
    /// One that is still to be made.
    NewWorkspace(PathBuf),
}

impl Around {
    fn of(project: &NewProject) -> Result<Self, NewProjectError> {
        if project.language != Language::Rust {
            return if project.workspace {
                Err(NewProjectError::NoWorkspaceOf { language: project.language })
            } else {
                Ok(Self::Nothing)
            };
        }
        let folder = std::path::absolute(&project.folder).map_err(failed(&project.folder))?;
        let plugins = folder.parent().filter(|parent| parent.ends_with(PLUGINS));
        let root = plugins.and_then(Path::parent);
        let manifest = root.map(|root| fs::read_to_string(root.join("Cargo.toml")));
        match (root, manifest) {
            (Some(_), Some(Ok(manifest))) if manifest.contains(MEMBERS) => Ok(Self::Workspace),
            (Some(root), Some(Err(_))) if project.workspace => {
                Ok(Self::NewWorkspace(root.to_owned()))
            }
            _ if project.workspace => {
                Err(NewProjectError::NoWorkspace { path: project.folder.clone() })
            }
            _ => Ok(Self::Nothing),
        }
    }
}

/// Writes what the plugins of a workspace have in common. What is there stays.
fn write_workspace(
    root: &Path,
    filled_in: &impl Fn(&str) -> String,
) -> Result<(), NewProjectError> {
    for (path, text) in WORKSPACE {
        let path = root.join(path);
        if !path.exists() {
            let folder = path.parent().unwrap_or(root);
            fs::create_dir_all(folder).map_err(failed(folder))?;
            fs::write(&path, filled_in(text)).map_err(failed(&path))?;
        }
    }
    Ok(())
}

impl SdkSource {
    /// In Rust, the folder of the SDK beside this program's own sources; if those are not there,
    /// the SDK version that belongs to this program. In other languages, the files in this program.
    pub fn of_this_program(language: Language) -> Self {
        if language != Language::Rust {
            return Self::Vendored;
        }
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-sdk");
        match beside.canonicalize() {
            Ok(folder) => Self::Path(folder),
            Err(_) => Self::Version(env!("CARGO_PKG_VERSION").to_owned()),
        }
    }

    /// A git address if it has a scheme, a folder if there is one of that name, otherwise a version.
    /// A git address may end with `#` and a tag or a commit.
    pub fn parse(text: &str) -> Result<Self, NewProjectError> {
        if text.contains("://") {
            let (url, rev) = match text.split_once('#') {
                Some((url, rev)) => (url, Some(rev.to_owned())),
                None => (text, None),
            };
            return Ok(Self::Git { url: url.to_owned(), rev });
        }
        match Path::new(text).canonicalize() {
            Ok(folder) => Ok(Self::Path(folder)),
            Err(_)
                if text.starts_with(|char: char| char.is_ascii_digit() || "=^~".contains(char)) =>
            {
                Ok(Self::Version(text.to_owned()))
            }
            Err(_) => Err(NewProjectError::NoSdk { path: text.into() }),
        }
    }

    /// The right side of the line in `Cargo.toml`.
    fn dependency(&self) -> Result<String, NewProjectError> {
        match self {
            Self::Vendored => Ok(String::new()),
            Self::Git { url, rev } => {
                let rev = rev.as_ref().map(|rev| format!(", rev = {}", quoted(rev)));
                Ok(format!("{{ git = {}{} }}", quoted(url), rev.unwrap_or_default()))
            }
            Self::Version(version) => Ok(quoted(version)),
            Self::Path(path) => {
                let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
                if !manifest.contains("name = \"flowhost-sdk\"") {
                    return Err(NewProjectError::NoSdk { path: path.clone() });
                }
                Ok(format!("{{ path = {} }}", quoted(&path.to_string_lossy())))
            }
        }
    }
}

/// Quotes a text as a basic string of TOML, whose escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn plugin_name(folder: &Path, language: Language) -> Result<String, NewProjectError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fits = name.len() <= 64
        && name.starts_with(|char: char| char.is_ascii_lowercase())
        && name
            .chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-')
        && !(language == Language::Rust && TAKEN.contains(&name.as_str()));
    if fits { Ok(name) } else { Err(NewProjectError::Name { name, language }) }
}

/// A temporary folder is private to its owner. The project gets the mode that a new folder would
/// have here.
fn allow_others(folder: &Path) -> std::io::Result<()> {
    let inside = fs::metadata(folder.join("scenarios"))?;
    fs::set_permissions(folder, inside.permissions())
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> NewProjectError {
    let path = path.to_owned();
    move |source| NewProjectError::File { path, source }
}

/// Keywords of Rust, and crates that a plugin of that name would shadow. Cargo refuses most of
/// them.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "flowhost-sdk",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// The template in Rust.
const FILES: &[(&str, &str)] = &[
    (".gitignore", include_str!("template/gitignore")),
    (".taplo.toml", include_str!("template/taplo.toml")),
    (".vscode/extensions.json", include_str!("template/.vscode/extensions.json")),
    (".vscode/settings.json", include_str!("template/.vscode/settings.json")),
    ("Cargo.toml", include_str!("template/manifest.toml")),
    ("README.md", include_str!("template/README.md")),
    ("flow.json", include_str!("template/flow.json")),
    ("flowhost.toml", include_str!("template/flowhost.toml")),
    ("scenarios/question.toml", include_str!("template/scenarios/question.toml")),
    ("scenarios/without-a-token.toml", include_str!("template/scenarios/without-a-token.toml")),
    ("src/lib.rs", include_str!("template/src/lib.rs")),
];

/// The template in TypeScript.
const TYPESCRIPT_FILES: &[(&str, &str)] = &[
    (".gitignore", include_str!("template/typescript/gitignore")),
    (".npmrc", include_str!("template/typescript/npmrc")),
    (".taplo.toml", include_str!("template/taplo.toml")),
    (".vscode/extensions.json", include_str!("template/typescript/.vscode/extensions.json")),
    (".vscode/settings.json", include_str!("template/typescript/.vscode/settings.json")),
    ("README.md", include_str!("template/typescript/README.md")),
    ("flow.json", include_str!("template/flow.json")),
    ("flowhost.toml", include_str!("template/flowhost.toml")),
    ("package-lock.json", include_str!("template/typescript/package-lock.json")),
    ("package.json", include_str!("template/typescript/package.json")),
    ("scenarios/question.toml", include_str!("template/scenarios/question.toml")),
    ("scenarios/without-a-token.toml", include_str!("template/scenarios/without-a-token.toml")),
    ("src/plugin.ts", include_str!("template/typescript/src/plugin.ts")),
    ("tests/plugin.test.ts", include_str!("template/typescript/tests/plugin.test.ts")),
    ("tests/tsconfig.json", include_str!("template/typescript/tests/tsconfig.json")),
    ("tsconfig.json", include_str!("template/typescript/tsconfig.json")),
];

/// The manifest of a plugin in a workspace.
const MEMBER: &str = include_str!("template/member.toml");

/// What a workspace has besides its plugins.
const WORKSPACE: &[(&str, &str)] = &[
    (".gitignore", include_str!("template/workspace/gitignore")),
    ("Cargo.toml", include_str!("template/workspace/manifest.toml")),
    ("README.md", include_str!("template/workspace/README.md")),
    ("shared/Cargo.toml", include_str!("template/workspace/shared.toml")),
    ("shared/src/lib.rs", include_str!("template/workspace/shared.rs")),
];

/// Where the plugins of a workspace are.
const PLUGINS: &str = "plugins";

/// How its manifest says so.
const MEMBERS: &str = "\"plugins/*\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_its_name_and_its_sdk() {
        let parent = tempfile::tempdir().unwrap();
        let project = in_folder(parent.path().join("some/where/my-plugin"));

        create(&project).unwrap();

        let manifest: toml::Table =
            fs::read_to_string(project.folder.join("Cargo.toml")).unwrap().parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("my-plugin"));
        let sdk = manifest["dependencies"]["flowhost-sdk"]["path"].as_str().unwrap();
        assert!(Path::new(sdk).join("src/lib.rs").is_file(), "{sdk}");
        for (path, _) in FILES {
            let text = fs::read_to_string(project.folder.join(path)).unwrap();
            assert!(!text.contains("{{"), "{path} has something to be filled in");
        }
        let generated = fs::read_to_string(project.folder.join(".schemas/scenario.json")).unwrap();
        assert_eq!(generated, "{}");
        assert_eq!(
            fs::read_dir(parent.path().join("some/where")).unwrap().count(),
            1,
            "nothing else is left there"
        );
    }

    #[test]
    fn a_project_in_typescript_has_its_sdk_and_its_types() {
        let parent = tempfile::tempdir().unwrap();
        let mut project = in_folder(parent.path().join("my-plugin"));
        (project.language, project.sdk) = (Language::TypeScript, SdkSource::Vendored);

        create(&project).unwrap();

        let read = |path: &str| fs::read_to_string(project.folder.join(path)).unwrap();
        for file in ["package.json", "package-lock.json"] {
            let package: serde_json::Value = serde_json::from_str(&read(file)).unwrap();
            assert_eq!(package["name"], "my-plugin");
        }
        assert!(!read("package-lock.json").contains("://"), "it names no registry");
        assert!(read("src/flow.gen.ts").contains("export interface QuestionForm"));
        assert!(read("vendor/flowhost-sdk/wit/v1/flow.wit").contains("flowhost:flow@1.0.0"));
        assert!(read("vendor/flowhost-sdk/src/index.ts").contains("export"));
        for (path, _) in TYPESCRIPT_FILES {
            assert!(!read(path).contains("{{"), "{path} has something to be filled in");
        }
        project.folder = parent.path().join("other");
        project.sdk = SdkSource::Version("0.1".to_owned());
        assert!(matches!(create(&project), Err(NewProjectError::SdkIsVendored)));
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let project = in_folder(parent.path().join("mine"));
        fs::create_dir(&project.folder).unwrap();
        fs::write(project.folder.join("notes"), "mine").unwrap();

        let refused = create(&project);

        assert!(matches!(refused, Err(NewProjectError::NotEmpty { .. })), "{refused:?}");
        assert_eq!(fs::read_dir(&project.folder).unwrap().count(), 1);
        fs::remove_file(project.folder.join("notes")).unwrap();
        create(&project).unwrap();
    }

    #[test]
    fn a_name_must_be_one_that_a_crate_can_have() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["Mine", "1st", "a_b", "fn", "a b", "a.b", "", "test", &"a".repeat(65)] {
            let refused = create(&in_folder(parent.path().join(name).join("")));
            assert!(refused.is_err(), "{name:?}");
        }
        create(&in_folder(parent.path().join("a-1"))).unwrap();
    }

    #[test]
    fn a_word_of_rust_is_a_name_for_a_plugin_in_another_language() {
        let parent = tempfile::tempdir().unwrap();
        for language in [Language::Python, Language::TypeScript] {
            let sdk = SdkSource::of_this_program(language);
            let named = |name: &str| {
                let folder = parent.path().join(language.name()).join(name);
                NewProject { language, sdk: sdk.clone(), ..in_folder(folder) }
            };
            create(&named("async")).unwrap();

            let refused = create(&named("a_b")).unwrap_err().to_string();
            assert!(!refused.contains("Rust"), "{refused}");
        }
    }

    #[test]
    fn an_sdk_is_a_folder_or_a_version() {
        assert_eq!(SdkSource::parse("0.1").unwrap(), SdkSource::Version("0.1".to_owned()));
        assert!(matches!(SdkSource::parse("/"), Ok(SdkSource::Path(_))));
        assert!(matches!(SdkSource::parse("no/such/folder"), Err(NewProjectError::NoSdk { .. })));
        let parent = tempfile::tempdir().unwrap();
        let elsewhere = NewProject {
            folder: parent.path().join("a"),
            language: Language::Rust,
            sdk: SdkSource::Path(parent.path().to_owned()),
            workspace: false,
            generated: Vec::new(),
        };
        assert!(matches!(create(&elsewhere), Err(NewProjectError::NoSdk { .. })));
        let version = NewProject {
            folder: parent.path().join("b"),
            language: Language::Rust,
            sdk: SdkSource::Version("=0.1.0".to_owned()),
            workspace: false,
            generated: Vec::new(),
        };
        create(&version).unwrap();
        let manifest = fs::read_to_string(version.folder.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("flowhost-sdk = \"=0.1.0\"\n"), "{manifest}");
    }

    #[test]
    fn a_git_address_may_name_a_tag_or_a_commit() {
        let line = |text: &str| SdkSource::parse(text).unwrap().dependency().unwrap();

        assert_eq!(line("https://g.example/f.git"), "{ git = \"https://g.example/f.git\" }");
        assert_eq!(
            line("ssh://git@g.example/f.git#v0.1.0"),
            "{ git = \"ssh://git@g.example/f.git\", rev = \"v0.1.0\" }"
        );
    }

    #[test]
    fn a_workspace_is_made_once_and_takes_more_plugins() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("acme-flows");
        let project = |name: &str, workspace: bool| NewProject {
            workspace,
            ..in_folder(root.join("plugins").join(name))
        };
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();

        create(&project("booking", true)).unwrap();
        fs::write(root.join("shared/src/lib.rs"), "// ours").unwrap();
        create(&project("survey", false)).unwrap();

        for name in ["booking", "survey"] {
            let manifest: toml::Table =
                read(&format!("plugins/{name}/Cargo.toml")).parse().unwrap();
            assert_eq!(manifest["package"]["name"].as_str(), Some(name));
            assert!(manifest["dependencies"]["flowhost-sdk"]["workspace"].as_bool().unwrap());
            assert!(manifest.get("workspace").is_none() && manifest.get("profile").is_none());
        }
        let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
        assert!(manifest["workspace"]["dependencies"]["flowhost-sdk"]["path"].is_str());
        assert!(read("README.md").contains("plugin test plugins/booking"));
        assert_eq!(read("shared/src/lib.rs"), "// ours", "what is there stays");
    }

    #[test]
    fn a_workspace_needs_a_folder_plugins_of_its_own() {
        let parent = tempfile::tempdir().unwrap();
        let refused = |folder: PathBuf| {
            let project = NewProject { workspace: true, ..in_folder(folder.clone()) };
            let error = create(&project).unwrap_err();
            assert!(matches!(error, NewProjectError::NoWorkspace { .. }), "{error}");
            assert!(!folder.exists());
        };

        refused(parent.path().join("booking"));
        fs::write(parent.path().join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
        refused(parent.path().join("plugins/booking"));
    }

    fn in_folder(folder: PathBuf) -> NewProject {
        let generated = vec![(".schemas/scenario.json".to_owned(), "{}".to_owned())];
        NewProject {
            folder,
            language: Language::Rust,
            sdk: SdkSource::of_this_program(Language::Rust),
            workspace: false,
            generated,
        }
    }
}
