//! What an author can change about a component that was refused, in the words of the tool that made
//! it.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Inspection;

/// The tool that made a component, where the component shows it. Of several tools that had a hand in
/// it, the last of these is the one that its author knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// It does not say.
    #[default]
    Unknown,
    /// The compiler of Rust. The runtimes of other languages are made with it too.
    Rustc,
    /// `componentize-py`: CPython.
    ComponentizePy,
    /// `componentize-qjs`: JavaScript in QuickJS.
    ComponentizeQjs,
    /// `componentize-js` (and `jco componentize`): JavaScript in StarlingMonkey.
    ComponentizeJs,
}

impl Tool {
    /// By a name in a section `producers`.
    pub(super) fn by_producer(name: &str) -> Self {
        match name {
            "ComponentizeJS" | "componentize-js" => Self::ComponentizeJs,
            "componentize-qjs" => Self::ComponentizeQjs,
            "componentize-py" => Self::ComponentizePy,
            "rustc" => Self::Rustc,
            _ => Self::Unknown,
        }
    }

    /// By the name of a library that a module is linked against.
    pub(super) fn by_library(name: &str) -> Self {
        match name {
            _ if name.starts_with("libcomponentize_py") => Self::ComponentizePy,
            _ if name.starts_with("componentize_qjs") => Self::ComponentizeQjs,
            _ => Self::Unknown,
        }
    }
}

/// How a component came to be without a manifest. Such a component is taken, since one may be made
/// to ask for nothing. Displayed as a sentence for its author, without a full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LostManifest {
    /// It is composed of others. What a part asks for, the whole does not.
    Composed,
    /// No tool's section is left in it.
    Stripped,
    /// It is the own output of this tool.
    NotYetThere(Tool),
}

impl fmt::Display for LostManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the component has no manifest, so it may reach nothing, whatever flowhost.toml asks for: ")?;
        let tool = match self {
            Self::Composed => {
                return f.write_str("it is composed of others, and what a part asks for, the whole does not; `flowhost plugin build DIR --component FILE` writes the manifest of the project in DIR into it");
            }
            Self::Stripped => {
                return f.write_str("what strips a component, such as `wasm-tools strip`, removes it; deploy what `flowhost plugin build` wrote as it is, or let `flowhost plugin build DIR --component FILE` write it into this one again");
            }
            Self::NotYetThere(tool) => tool,
        };
        let whose = match tool {
            Tool::Unknown => "the own output of the tool that made it",
            Tool::Rustc => "cargo's own output, as it is in target/wasm32-wasip2/",
            Tool::ComponentizePy => "componentize-py's own output",
            Tool::ComponentizeQjs => "componentize-qjs's own output",
            Tool::ComponentizeJs => "componentize-js's own output",
        };
        write!(
            f,
            "this is {whose}, where `flowhost plugin build` writes it in; deploy the project's folder, or the file in target/flowhost/ that `flowhost plugin build` names"
        )
    }
}

/// Why a component was refused, with what to do about it if that is known.
pub(super) fn on(why: &str, inspection: &Inspection) -> String {
    match advice(why, inspection) {
        Some(advice) => format!("{why}; {advice}"),
        None => why.to_owned(),
    }
}

fn advice(why: &str, inspection: &Inspection) -> Option<Cow<'static, str>> {
    let (tool, says) = (inspection.tool, |text: &str| why.contains(text));
    let missing = says("matching implementation was not found in the linker");
    let advice = match tool {
        Tool::ComponentizeJs if missing && says("`wasi:http/") => {
            "`componentize-js` adds wasi:http unless it is told not to: give it `--disable http --disable fetch-event`, and send requests with `flowhost:flow/http`"
        }
        _ if missing && says("`wasi:http/") => {
            "plugins send requests with `flowhost:flow/http`, which takes its place"
        }
        _ if missing && says("`wasi:") && says("@0.3.") => "build it for WASI 0.2",
        _ if missing => {
            "a plugin may import the interfaces of the contract and those of WASI 0.2 for clocks, random numbers, streams, files, sockets and the environment"
        }
        Tool::ComponentizeQjs if says(ASYNC) => "give `componentize-qjs` the option `--sync`",
        Tool::ComponentizePy if says(ASYNC) => {
            "the functions of a plugin are not async: write `def` and not `async def`, and build it with the contract's own WIT"
        }
        _ if says(ASYNC) => {
            "the functions of a plugin are not async, and WASI is 0.2 without its threads, streams and futures"
        }
        Tool::ComponentizePy if says("core module instances") => {
            "each package with native code brings modules of its own: use fewer of them"
        }
        _ if says("core module instances")
            || says("linear memories, which")
            || says("tables, which") =>
        {
            "compose it of fewer parts"
        }
        _ if says("minimum byte size of") => {
            "let it begin with less memory, and grow when it needs more"
        }
        Tool::ComponentizeJs if says(NO_HANDLER) => {
            "name the contract's world: `--wit` with its folder, and `--world-name flow`"
        }
        Tool::ComponentizeQjs if says(NO_HANDLER) => {
            "name the contract's world: `--wit` with its folder, and `--world flow`"
        }
        Tool::ComponentizePy if says(NO_HANDLER) => {
            "name the contract's world: `-d` with its folder, and `-w flow`"
        }
        Tool::Rustc if says(NO_HANDLER) => "the SDK's `export!` exports it",
        _ if FEATURE_OFF.iter().any(|text| says(text)) => {
            "plugins don't have this feature of WebAssembly: switch it off in the compiler"
        }
        _ => return None,
    };
    Some(advice.into())
}

/// What a core module is told that was uploaded instead of a component.
pub(super) fn for_core_module(tool: Tool) -> Cow<'static, str> {
    match tool {
        Tool::Rustc => {
            ", but a core module, as wasm32-wasip1 and wasm32-unknown-unknown make them".into()
        }
        _ => ", but a core module, which `wasm-tools component new` makes a component of".into(),
    }
}

/// In what the validator says of a feature that is off.
const FEATURE_OFF: [&str; 4] =
    ["support is not enabled", "proposal not enabled", "multi-memory", "feature is not enabled"];

/// The same, of functions that may wait.
const ASYNC: &str = "component model async";

/// In what the host says of a component without the contract's export.
const NO_HANDLER: &str = "it doesn't export `";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_is_spoken_to_in_its_own_words() {
        let missing = |name: &str| {
            format!(
                "component imports instance `{name}`, but a matching implementation was not found in the linker"
            )
        };
        for (tool, why, named) in [
            (
                Tool::ComponentizeJs,
                missing("wasi:http/types@0.2.10"),
                "`--disable http --disable fetch-event`",
            ),
            (Tool::Unknown, missing("wasi:http/types@0.2.10"), "`flowhost:flow/http`"),
            (Tool::ComponentizePy, missing("wasi:cli/environment@0.3.0"), "WASI 0.2"),
            (Tool::Unknown, missing("acme:vault/keys@1.0.0"), "interfaces of the contract"),
            (
                Tool::ComponentizeQjs,
                "canonical option `async` requires the component model async feature".into(),
                "`--sync`",
            ),
            (
                Tool::Unknown,
                "`stream` requires the component model async feature".into(),
                "not async",
            ),
            (
                Tool::ComponentizePy,
                "contains 90 core module instances, which".into(),
                "native code",
            ),
            (Tool::Unknown, "contains 90 core module instances, which".into(), "fewer parts"),
            (
                Tool::ComponentizePy,
                "it doesn't export `flowhost:flow/handler@1.0.0`".into(),
                "-w flow",
            ),
            (Tool::Rustc, "it doesn't export `flowhost:flow/handler@1.0.0`".into(), "`export!`"),
            (Tool::Unknown, "exceptions proposal not enabled".into(), "compiler"),
        ] {
            let inspection = Inspection { tool, ..Inspection::default() };

            let told = on(&why, &inspection);

            assert!(told.starts_with(&why) && told.contains(named), "{tool:?}: {told}");
        }
    }

    #[test]
    fn a_lost_manifest_is_said_in_one_sentence_with_what_to_type() {
        for (lost, named) in [
            (LostManifest::Composed, "`flowhost plugin build DIR --component FILE`"),
            (LostManifest::Stripped, "`flowhost plugin build DIR --component FILE`"),
            (LostManifest::NotYetThere(Tool::Rustc), "cargo's own output"),
            (LostManifest::NotYetThere(Tool::ComponentizePy), "componentize-py's own output"),
            (LostManifest::NotYetThere(Tool::Unknown), "deploy the project's folder"),
        ] {
            let said = lost.to_string();

            assert!(said.starts_with("the component has no manifest"), "{said}");
            assert!(said.contains(named) && !said.contains(". "), "{said}");
        }
    }

    #[test]
    fn what_nobody_can_advise_on_is_said_as_it_is() {
        assert_eq!(on("unexpected end", &Inspection::default()), "unexpected end");
    }
}
