//! What an author can change about a component that was refused, in the words of the tool that made
//! it.

use std::borrow::Cow;

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
    fn what_nobody_can_advise_on_is_said_as_it_is() {
        assert_eq!(on("unexpected end", &Inspection::default()), "unexpected end");
    }
}
