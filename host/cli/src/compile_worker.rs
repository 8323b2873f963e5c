//! `flowhost compile-worker`: the process that a host starts for each component that it compiles.
//! Not for people.

use clap::{Args as ClapArgs, Parser};

use flowhost_runtime::plugins::{WorkerLimits, compile_stdin};

/// The command line of the process.
#[derive(Parser)]
#[command(name = NAME, after_help = EXAMPLE)]
pub(crate) struct Worker {
    #[command(flatten)]
    pub(crate) args: Args,
}

/// Arguments of `compile-worker`.
#[derive(ClapArgs)]
pub struct Args {
    /// Bytes of memory that compiling may take
    #[arg(long, default_value_t = WorkerLimits::default().memory_bytes, value_name = "BYTES")]
    memory_bytes: u64,
    /// Seconds of CPU that compiling may take
    #[arg(long, default_value_t = WorkerLimits::default().cpu_seconds, value_name = "SECONDS")]
    cpu_seconds: u64,
}

/// Runs on the main thread, and starts no other.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    Ok(compile_stdin(WorkerLimits {
        memory_bytes: args.memory_bytes,
        cpu_seconds: args.cpu_seconds,
    })?)
}

/// The first argument.
pub(crate) const NAME: &str = "compile-worker";

const EXAMPLE: &str = "Example:
  flowhost compile-worker <component.wasm >answer

Hosts start it themselves, one for each component: it reads the component from standard input, takes its own rights away, and writes
the code, or why the component is refused, to standard output.";
