//! What the tools say, made fit for the author of a plugin.

use std::io::{self, Write as _};
use std::process::Stdio;

use tokio::process::Command;

use super::super::error::BuildError;

/// Runs a tool to its end. All that it says goes to stderr; if it fails, as `told` has it.
pub(super) async fn run(
    mut command: Command,
    told: impl FnOnce(&str) -> String,
) -> Result<(), BuildError> {
    let program = command.as_std().get_program().to_owned();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().await.map_err(BuildError::file("run", program))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let status = output.status;
    let shown = if status.success() { said.into_owned() } else { told(&said) };
    io::stderr().write_all(shown.as_bytes()).map_err(BuildError::file("write to", "stderr"))?;
    if status.success() { Ok(()) } else { Err(BuildError::Failed { status }) }
}

/// What componentize-py says of an exception while the plugin is imported, without its own frames and
/// the SDK's, and once. What is no such exception stays as it is.
pub(super) fn of_the_author(said: &str) -> String {
    let Some((before, failure)) = said.split_once(RAISED) else { return said.to_owned() };
    if !failure.starts_with(TRACEBACK) {
        return said.to_owned();
    }
    // What the plugin printed, before the traceback of componentize-py itself.
    let printed = before.rfind(TRACEBACK).map_or("", |at| &before[..at]);
    let failure = failure.rfind(AGAIN).map_or(failure, |at| &failure[..at]);
    let mut is_authors = true;
    let kept: Vec<_> = failure
        .trim_end()
        .lines()
        .filter(|line| {
            // What follows a frame and belongs to it begins with blanks, too.
            if line.starts_with(FRAME) {
                is_authors = line.starts_with(AUTHORS_FRAME);
            } else if !line.starts_with("  ") {
                is_authors = true;
            }
            is_authors
        })
        .collect();
    let mut shown = printed.to_owned();
    for (number, line) in kept.iter().enumerate() {
        let has_frames = kept.get(number + 1).is_some_and(|next| next.starts_with(FRAME));
        if *line != TRACEBACK || has_frames {
            shown += &line.replacen(AUTHORS_FRAME, FRAME, 1);
            shown.push('\n');
        }
    }
    shown
}

/// What mypy says, and how to get what it did not find.
pub(super) fn with_advice(said: &str) -> String {
    let is_missing =
        ["[import-not-found]", "[import-untyped]"].iter().any(|code| said.contains(code));
    if is_missing { format!("{said}{MISSING}\n") } else { said.to_owned() }
}

/// componentize-py raises what the plugin raised as a text.
const RAISED: &str = "AssertionError: ";
const TRACEBACK: &str = "Traceback (most recent call last):";
/// Then it says the exception once more.
const AGAIN: &str = "\nCaused by:\n";

const FRAME: &str = "  File \"";
/// The project's folder is the first that modules are looked for in.
const AUTHORS_FRAME: &str = "  File \"/0/";

const MISSING: &str = "note: a package has to be in requirements.txt and in requirements.lock, which requirements.txt says how to make; \
it has to be in pure Python, and there are no sockets: requests go by flowhost_sdk.http";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_at_import_is_shown_once_with_the_authors_frames() {
        assert_eq!(
            of_the_author(&raised("ValueError: invalid literal: 'x'", &FRAMES.join("\n"))),
            r#"printed
Traceback (most recent call last):
  File "plugin.py", line 2, in <module>
    import rates
  File "rates.py", line 2, in load
    return int("x")
ValueError: invalid literal: 'x'
"#
        );
    }

    #[test]
    fn a_forgotten_handler_is_one_line() {
        let said = raised("TypeError: write `@flow.init`", &FRAMES[..2].join("\n"));

        assert_eq!(of_the_author(&said), "printed\nTypeError: write `@flow.init`\n");
    }

    #[test]
    fn what_is_no_exception_of_the_plugin_is_shown_whole() {
        for said in ["no such world", "Traceback\nAssertionError: no world\n\nCaused by:\n    x"] {
            assert_eq!(of_the_author(said), said);
        }
    }

    #[test]
    fn a_package_that_is_missing_is_added_to_the_requirements() {
        for code in ["import-not-found", "import-untyped"] {
            let told = with_advice(&format!("plugin.py:1:1: error: no yaml  [{code}]\n"));
            assert!(told.contains("]\nnote: ") && told.contains("requirements.txt"), "{told}");
        }
        assert_eq!(with_advice("error: [assignment]\n"), "error: [assignment]\n");
    }

    /// As componentize-py 0.25 says it.
    fn raised(exception: &str, frames: &str) -> String {
        format!(
            "printed\nTraceback (most recent call last):\n  File \"/venv/bin/componentize-py\", line 8, in <module>\n    sys.exit(script())\n             ^^^^^^^^\n\
             AssertionError: Traceback (most recent call last):\n{frames}\n{exception}\n\n\nCaused by:\n    {exception}\n"
        )
    }

    const FRAMES: [&str; 4] = [
        "  File \"/1/flowhost_sdk/component.py\", line 70, in <module>\n    importlib.import_module(\"plugin\")\n    ~~~~~~~~~~~~~~~~~~~~~~~^^^^^^^^^^",
        "  File \"/python/importlib/__init__.py\", line 88, in import_module\n    return _bootstrap._gcd_import(name)",
        "  File \"/0/plugin.py\", line 2, in <module>\n    import rates",
        "  File \"/0/rates.py\", line 2, in load\n    return int(\"x\")",
    ];
}
