//! Runs the script that makes the target `wasm32-wasip2` buildable, and reads the settings that
//! cargo needs.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::environment::Variables;
use super::error::BuildError;

/// What cargo must be given to build for `wasm32-wasip2`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) variables: Variables,
    pub(super) arguments: Vec<OsString>,
}

/// Runs the script in the project's folder; its stderr goes to `progress` line by line.
pub(super) async fn prepare(
    script: &str,
    project: &Path,
    environment: &Variables,
    progress: &impl Fn(&str),
) -> Result<Settings, BuildError> {
    let mut command = Command::new(SHELL);
    command.args(["-c", script, "flowhost-toolchain"]).current_dir(project);
    command.env_clear().envs(environment.iter().cloned()).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(BuildError::program(SHELL))?;
    let mut stdout = child.stdout.take().expect("stdout was asked for");
    let stderr = child.stderr.take().expect("stderr was asked for");

    let mut settings = Vec::new();
    let (read, reason) =
        tokio::join!(stdout.read_to_end(&mut settings), report_lines(stderr, progress));
    let status = child.wait().await;
    let status = read.and(status).map_err(BuildError::program(SHELL))?;
    if !status.success() {
        let reason = reason
            .unwrap_or_else(|| format!("the toolchain script ended without a word ({status})"));
        return Err(BuildError::Toolchain { reason });
    }
    parse_settings(&settings)
}

/// Reports every line at once, since the step that it announces may take minutes. Returns the last
/// line, which is the reason after a failure.
async fn report_lines(source: impl AsyncRead + Unpin, progress: &impl Fn(&str)) -> Option<String> {
    let mut lines = BufReader::new(source).split(b'\n');
    let mut last = None;
    // A broken pipe ends the lines too; the exit status says the rest.
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line).into_owned();
        progress(&line);
        last = Some(line);
    }
    last
}

fn parse_settings(output: &[u8]) -> Result<Settings, BuildError> {
    let mut settings = Settings::default();
    for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        parse_setting(line, &mut settings).ok_or_else(|| BuildError::ToolchainSetting {
            line: String::from_utf8_lossy(line).into_owned(),
        })?;
    }
    Ok(settings)
}

/// Works on bytes, because a value may be a path, and a path need not be UTF-8.
fn parse_setting(line: &[u8], settings: &mut Settings) -> Option<()> {
    if let Some(argument) = line.strip_prefix(b"arg ") {
        settings.arguments.push(OsStr::from_bytes(argument).to_owned());
        return Some(());
    }
    let variable = line.strip_prefix(b"env ")?;
    let equals = variable.iter().position(|byte| *byte == b'=')?;
    let (name, value) =
        (OsStr::from_bytes(&variable[..equals]), OsStr::from_bytes(&variable[equals + 1..]));
    settings.variables.push((name.to_owned(), value.to_owned()));
    Some(())
}

const SHELL: &str = "/bin/sh";

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn takes_settings_from_stdout_and_progress_from_stderr() {
        let said = Mutex::new(Vec::new());
        let script = "echo one >&2; echo 'env A=b=c d'; echo 'arg -Zx=1,2'; echo two >&2";

        let progress = |line: &str| said.lock().unwrap().push(line.to_owned());
        let settings = prepare(script, Path::new("/"), &Variables::new(), &progress).await.unwrap();

        let expected = Settings {
            variables: vec![("A".into(), "b=c d".into())],
            arguments: vec!["-Zx=1,2".into()],
        };
        assert_eq!(settings, expected);
        assert_eq!(*said.lock().unwrap(), ["one", "two"]);
    }

    #[tokio::test]
    async fn a_failure_gives_the_last_line_as_the_reason() {
        let script = "echo trying >&2; echo 'toolchain: no network' >&2; exit 1";

        let failed = prepare(script, Path::new("/"), &Variables::new(), &|_| ()).await;

        assert!(
            matches!(failed, Err(BuildError::Toolchain { reason }) if reason == "toolchain: no network")
        );
    }

    #[tokio::test]
    async fn anything_but_a_setting_is_refused() {
        for line in ["hello", "env WITHOUT_VALUE", "argument"] {
            let failed =
                prepare(&format!("echo '{line}'"), Path::new("/"), &Variables::new(), &|_| ())
                    .await;

            assert!(
                matches!(failed, Err(BuildError::ToolchainSetting { line: seen }) if seen == line)
            );
        }
    }

    #[tokio::test]
    async fn the_script_runs_in_the_project_with_the_given_variables_only() {
        let project = tempfile::Builder::new().prefix("with space ").tempdir().unwrap();
        let variables = vec![(OsString::from("PATH"), OsString::from("/usr/bin:/bin"))];

        let script = r#"echo "env AT=$(pwd -P)"; echo "env HOME=${HOME-none}""#;
        let settings =
            prepare(script, project.path(), &variables, &|_| ()).await.unwrap().variables;

        assert_eq!(settings[0].1, std::fs::canonicalize(project.path()).unwrap());
        assert_eq!(settings[1].1, "none");
    }
}
