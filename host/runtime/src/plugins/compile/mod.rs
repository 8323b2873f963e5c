//! Compiling, in a separate process for each component: a compiler is large, reads untrusted input,
//! and takes as much time and memory as that input makes it take.

mod confinement;
mod frame;
mod validation;
mod worker;

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

pub(super) use self::frame::Compiled;
pub use self::worker::{WorkerError, WorkerLimits, compile_stdin};
use super::engine::EngineIdentity;
use super::{ComponentError, LoadError};
use crate::telemetry::{Metrics, printable};
use crate::tenant_limits::TenantLimits;
use flowhost_protocol::ids::TenantId;

/// How components are compiled.
#[derive(Clone, Debug)]
pub struct CompileSettings {
    /// The program that compiles when it is called with `compile-worker`: this program.
    pub program: PathBuf,
    /// What one compiling process may use.
    pub limits: WorkerLimits,
    /// The longest wall time of one compilation, however busy the machine is.
    pub time: Duration,
}

/// Runs compiling processes, up to a limit.
pub(super) struct Compiler {
    settings: CompileSettings,
    identity: EngineIdentity,
    uploads: TenantLimits,
    loads: TenantLimits,
}

/// What code is compiled for. Each purpose has permits of its own: requests wait for a load, so no
/// upload may delay it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To answer an upload.
    Upload,
    /// To load a plugin that was compiled before, when its code is gone or was made by another
    /// release.
    Load,
}

/// A component's bytes on their way to the compiler.
pub(super) enum Source {
    /// An open file, read from its current position.
    File(File),
    Memory(Vec<u8>),
}

impl Compiler {
    /// A compiler for engines of this identity.
    pub(super) fn new(
        settings: CompileSettings,
        identity: EngineIdentity,
        metrics: &Metrics,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // Each process takes one core and at the worst 2 GiB. Two even on one core, so that a
        // compile bomb of one tenant does not delay all others.
        let workers = cores.clamp(2, MAX_WORKERS);
        // One per tenant, so that a tenant with many slow components delays only itself.
        let limits = |name| TenantLimits::new(workers, 1, metrics.budget(name));
        Self {
            settings,
            identity,
            uploads: limits("compiling-uploads"),
            loads: limits("compiling-loads"),
        }
    }

    /// Compiles a component when the tenant gets a permit. If the future is dropped, the process is
    /// killed.
    pub(super) async fn compile(
        &self,
        tenant: TenantId,
        purpose: Purpose,
        source: Source,
    ) -> Result<Compiled, LoadError> {
        let limits = if purpose == Purpose::Upload { &self.uploads } else { &self.loads };
        let _permit = limits.acquire(tenant).await;
        let time = self.settings.time;
        let answer = timeout(time, self.run(source)).await;
        answer.unwrap_or(Err(LoadError::Component(ComponentError::CompilerTime(time.as_secs()))))
    }

    async fn run(&self, source: Source) -> Result<Compiled, LoadError> {
        let mut worker = self.spawn(&source)?;
        let (stdin, stdout, stderr) =
            (worker.stdin.take(), worker.stdout.take(), worker.stderr.take());
        let feed = async {
            if let (Some(mut stdin), Source::Memory(bytes)) = (stdin, source) {
                // A process that ended early explains itself by its status and standard error.
                let _ = stdin.write_all(&bytes).await;
            }
        };
        let ((), answer, said) = tokio::join!(
            feed,
            read_at_most(stdout, MAX_ANSWER_BYTES),
            read_at_most(stderr, MAX_SAID_BYTES)
        );
        let (answer, said) = (answer.map_err(host)?, said.map_err(host)?);
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(LoadError::Component(ComponentError::CompiledSize(
                MAX_ANSWER_BYTES as u64,
            )));
        }
        let status = worker.wait().await.map_err(host)?;
        if !status.success() {
            return Err(
                self.why(status, &printable(&String::from_utf8_lossy(&said), MAX_SAID_BYTES))
            );
        }
        let outcome = frame::read(answer, self.identity).map_err(host)?;
        if let Err(ComponentError::CompilerFailed(_)) = &outcome {
            let said = printable(&String::from_utf8_lossy(&said), MAX_SAID_BYTES);
            tracing::warn!(said, "the compiler panicked on a component");
        }
        outcome.map_err(LoadError::Component)
    }

    fn spawn(&self, source: &Source) -> Result<Child, LoadError> {
        let WorkerLimits { memory_bytes, cpu_seconds } = self.settings.limits;
        let stdin = match source {
            Source::File(file) => file.try_clone().map_err(host)?.into(),
            Source::Memory(_) => Stdio::piped(),
        };
        let mut command = Command::new(&self.settings.program);
        command.arg("compile-worker").arg("--memory-bytes").arg(memory_bytes.to_string());
        command.arg("--cpu-seconds").arg(cpu_seconds.to_string());
        // The environment may hold the master key and the database's password.
        command.env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = self.settings.program.display();
        command.spawn().map_err(|error| {
            LoadError::Host(format!("{program} can't be started to compile: {error}"))
        })
    }

    /// What the end of a process without an answer means for the component.
    fn why(&self, status: ExitStatus, said: &str) -> LoadError {
        let WorkerLimits { memory_bytes, cpu_seconds } = self.settings.limits;
        let signal = status.signal().and_then(|signal| Signal::try_from(signal).ok());
        let refused = match signal {
            Some(Signal::SIGXCPU) => ComponentError::CompilerCpu(cpu_seconds),
            // Rust's standard library prints this, then aborts.
            Some(Signal::SIGABRT) if said.contains("memory allocation of") => {
                ComponentError::CompilerMemory(memory_bytes)
            }
            Some(
                signal @ (Signal::SIGABRT
                | Signal::SIGSEGV
                | Signal::SIGBUS
                | Signal::SIGILL
                | Signal::SIGTRAP),
            ) => {
                tracing::warn!(%status, said, "the compiler crashed on a component");
                ComponentError::CompilerFailed(signal.as_str().to_owned())
            }
            None if status.code() == Some(PANICKED) => {
                tracing::warn!(%status, said, "the compiler panicked on a component");
                ComponentError::CompilerFailed("a panic".to_owned())
            }
            _ => {
                return LoadError::Host(format!(
                    "the compiling process ended with {status}: {said}"
                ));
            }
        };
        LoadError::Component(refused)
    }
}

/// Reads at most one byte past the limit, which tells the caller that there was more.
async fn read_at_most(
    from: Option<impl AsyncRead + Unpin>,
    limit: usize,
) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(limit as u64 + 1).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn host(error: impl std::fmt::Display) -> LoadError {
    LoadError::Host(error.to_string())
}

/// Processes of one purpose at once, however many cores there are: each may take 2 GiB.
const MAX_WORKERS: usize = 4;

/// Machine code is two to three times the size of a component's code, and a component's data is not
/// copied. The code of a component of 64 MiB fits.
const MAX_ANSWER_BYTES: usize = 256 << 20;

/// Room for a panic's message.
const MAX_SAID_BYTES: usize = 4 << 10;

/// The exit code of a Rust program whose main thread panicked.
const PANICKED: i32 = 101;
