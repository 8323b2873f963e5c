//! The `flowhost` program: parse, dispatch, print what went wrong, exit code.

use std::process::ExitCode;

use flowhost::cli;

fn main() -> ExitCode {
    let command = match cli::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(shown) => return shown.print(),
    };
    match cli::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::report(&error),
    }
}
