//! Asking before something is destroyed.

use std::io::{BufRead as _, IsTerminal as _};

use super::output::note;

/// Asks on a terminal. A script that calls a command to delete something means it, and is not asked.
pub(crate) fn confirm(question: &str, yes: bool) -> anyhow::Result<()> {
    if yes || !std::io::stdin().is_terminal() {
        return Ok(());
    }
    note(&format!("{question} Type yes to go on:"));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    anyhow::ensure!(answer.trim().eq_ignore_ascii_case("yes"), "nothing was changed");
    Ok(())
}
