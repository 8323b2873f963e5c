//! The SDK's files, which a new project gets a copy of: the SDK is on no registry yet, and a project
//! has to build on other machines too.

use serde_json::Value;

/// Where a project has them.
const FOLDER: &str = "vendor/flowhost-sdk";

/// The files, each with its path in the project and its text.
pub(in crate::plugin_project) fn files() -> impl Iterator<Item = (String, String)> {
    let sources = FILES.iter().map(|(path, text)| (*path, (*text).to_owned()));
    sources
        .chain([("package.json", package()), ("wit/v1/flow.wit", CONTRACT.to_owned())])
        .map(|(path, text)| (format!("{FOLDER}/{path}"), text))
}

/// Without what only the SDK's own tests need.
fn package() -> String {
    let mut package: Value = serde_json::from_str(PACKAGE).expect("the SDK's package.json is JSON");
    if let Some(package) = package.as_object_mut() {
        package.remove("devDependencies");
        package.remove("scripts");
    }
    format!("{package:#}\n")
}

macro_rules! sdk {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../../guest-sdk/typescript/", $path)))
    };
}

const PACKAGE: &str = include_str!("../../../../../guest-sdk/typescript/package.json");

const CONTRACT: &str = include_str!("../../../../../guest-sdk/wit/v1/flow.wit");

const FILES: &[(&str, &str)] = &[
    sdk!("build/advice.mjs"),
    sdk!("build/bundle.mjs"),
    sdk!("build/cli.mjs"),
    sdk!("build/component.mjs"),
    sdk!("build/lines.mjs"),
    sdk!("build/project.mjs"),
    sdk!("build/test.mjs"),
    sdk!("build/types.mjs"),
    sdk!("src/call.ts"),
    sdk!("src/component/imports.d.ts"),
    sdk!("src/component/quickjs.ts"),
    sdk!("src/component/starlingmonkey.ts"),
    sdk!("src/component/surroundings.ts"),
    sdk!("src/config.ts"),
    sdk!("src/contract.ts"),
    sdk!("src/error.ts"),
    sdk!("src/exchange.ts"),
    sdk!("src/flow.ts"),
    sdk!("src/form.ts"),
    sdk!("src/globals.d.ts"),
    sdk!("src/host.ts"),
    sdk!("src/http.ts"),
    sdk!("src/index.ts"),
    sdk!("src/inspect.ts"),
    sdk!("src/json.ts"),
    sdk!("src/log.ts"),
    sdk!("src/media.ts"),
    sdk!("src/promise.ts"),
    sdk!("src/random.ts"),
    sdk!("src/reply.ts"),
    sdk!("src/session.ts"),
    sdk!("src/shape.ts"),
    sdk!("src/store.ts"),
    sdk!("src/testing/answer.ts"),
    sdk!("src/testing/index.ts"),
    sdk!("src/testing/store.ts"),
    sdk!("src/testing/surroundings.ts"),
    sdk!("src/text.ts"),
    sdk!("src/thrown.ts"),
    sdk!("src/typed.ts"),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_project_gets_all_of_the_sdk() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-sdk/typescript");
        let mut there = Vec::new();
        for folder in ["build", "src"] {
            collect(&sdk.join(folder), folder, &mut there);
        }
        there.retain(|path| path != "build/tsconfig.json");
        there.sort();

        let listed: Vec<_> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(listed, there);
    }

    #[test]
    fn its_package_asks_for_nothing_else() {
        let package: Value = serde_json::from_str(&package()).unwrap();

        assert_eq!(package["name"], "@flowhost/sdk");
        assert_eq!(package["version"], env!("CARGO_PKG_VERSION"), "host and SDK have one version");
        assert!(package.get("devDependencies").is_none() && package.get("dependencies").is_none());
    }

    fn collect(folder: &Path, name: &str, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                collect(&entry.path(), &name, into);
            } else {
                into.push(name);
            }
        }
    }
}
