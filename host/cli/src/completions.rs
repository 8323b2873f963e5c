//! `flowhost completions`: what a shell needs to complete `flowhost`'s commands.

use clap::{Args as ClapArgs, Command};
use clap_complete::{Shell, generate};

use super::output::say;

/// Arguments of `completions`.
#[derive(ClapArgs)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, command: Command) {
    say(script(args.shell, command).trim_end());
}

fn script(shell: Shell, mut command: Command) -> String {
    let mut script = Vec::new();
    generate(shell, &mut command, "flowhost", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

const EXAMPLES: &str = "Examples:
  flowhost completions bash >~/.local/share/bash-completion/completions/flowhost
  flowhost completions zsh >~/.zfunc/_flowhost
  flowhost completions fish >~/.config/fish/completions/flowhost.fish";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, ValueEnum as _};

    use super::*;

    #[test]
    fn every_shell_has_a_script_that_knows_the_commands() {
        for shell in Shell::value_variants() {
            let script = script(*shell, crate::Cli::command());
            assert!(script.contains("deploy") && script.contains("no-activate"), "{shell}");
            assert!(!script.contains("compile-worker"), "{shell}");
        }
    }
}
