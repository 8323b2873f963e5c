//! The files of a new project in Python.

use flowhost_flow_json::screen_types::Flow;

use super::screens;

/// What a project has besides its template: the SDK, and the types of the template's screens, so
/// that an editor knows them before the first build.
pub(in crate::plugin_project) fn generated() -> Vec<(String, String)> {
    let flow = Flow::parse(FLOW_JSON).expect("the template's Flow JSON is one");
    let mut files = vec![(super::WRITTEN.to_owned(), screens::module(&flow))];
    let vendored =
        |(path, text): &(&str, &str)| (format!("{}/{path}", super::VENDOR), (*text).to_owned());
    files.extend(SDK.iter().map(vendored));
    files
}

/// The path and the text of each file, with `{{name}}` to be filled in.
pub(in crate::plugin_project) const FILES: &[(&str, &str)] = &[
    (".gitignore", include_str!("../template/python/gitignore")),
    (".taplo.toml", include_str!("../template/taplo.toml")),
    (".vscode/extensions.json", include_str!("../template/python/.vscode/extensions.json")),
    (".vscode/settings.json", include_str!("../template/python/.vscode/settings.json")),
    ("README.md", include_str!("../template/python/README.md")),
    ("flow.json", FLOW_JSON),
    ("flowhost.toml", include_str!("../template/flowhost.toml")),
    ("plugin.py", include_str!("../template/python/plugin.py")),
    ("pyproject.toml", include_str!("../template/python/pyproject.toml")),
    ("requirements.lock", include_str!("../template/python/requirements.lock")),
    ("requirements.txt", include_str!("../template/python/requirements.txt")),
    ("scenarios/question.toml", include_str!("../template/scenarios/question.toml")),
    ("scenarios/without-a-token.toml", include_str!("../template/scenarios/without-a-token.toml")),
    ("tests/test_plugin.py", include_str!("../template/python/tests/test_plugin.py")),
];

const FLOW_JSON: &str = include_str!("../template/flow.json");

macro_rules! sdk {
    ($($name:literal),* $(,)?) => {
        &[
            ("README.md", include_str!("../../../../../guest-sdk/python/README.md")),
            $((concat!("flowhost_sdk/", $name), include_str!(concat!("../../../../../guest-sdk/python/flowhost_sdk/", $name)))),*
        ]
    };
}

/// The SDK: its guide and its modules.
const SDK: &[(&str, &str)] = sdk![
    "__init__.py",
    "_host.py",
    "_surroundings.py",
    "clock.py",
    "component.py",
    "config.py",
    "errors.py",
    "exchange.py",
    "flow.py",
    "http.py",
    "log.py",
    "logs.py",
    "media.py",
    "py.typed",
    "random.py",
    "reply.py",
    "screen.py",
    "session.py",
    "store.py",
    "testing.py",
    "typed.py",
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_project_has_all_of_the_sdk() {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-sdk/python/flowhost_sdk");
        let known: Vec<&str> =
            SDK.iter().filter_map(|(path, _)| path.strip_prefix("flowhost_sdk/")).collect();

        assert_eq!(names_in(&folder), known);
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        let mut names: Vec<String> =
            files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}
