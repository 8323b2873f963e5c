//! The `flowhost` program: parse, dispatch, print what went wrong, exit code.

use std::process::ExitCode;

use flowhost::{cli, telemetry};

fn main() -> ExitCode {
    let command = match cli::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(shown) => return shown.print(),
    };
    let code = match cli::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::report(&error),
    };
    telemetry::finish_log();
    code
}
