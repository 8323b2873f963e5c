//! Asks before something is destroyed.

use std::io::{BufRead as _, IsTerminal as _};

use super::output::note;
use flowhost_server::config::ConfigError;

/// Asks on a terminal. Without a terminal the command is refused unless it has `--yes`, because a
/// mistake in a script can delete a tenant's keys for good.
pub(crate) fn confirm(question: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        let refused = format!(
            "{question} There is no terminal to ask on: say --yes if that is meant; nothing was changed"
        );
        return Err(ConfigError::new(refused).into());
    }
    note(&format!("{question} Type yes to go on:"));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    anyhow::ensure!(answer.trim().eq_ignore_ascii_case("yes"), "nothing was changed");
    Ok(())
}
