//! The compiling process: it reads a component, writes code, and can do nothing else.

use std::io::{self, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::engine::{EngineIdentity, compiling_engine};
use super::super::{ComponentError, advice, explain, inspect};
use super::frame::{self, Compiled};
use super::{confinement, validation};

/// What a compiling process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerLimits {
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// CPU time, in seconds.
    pub cpu_seconds: u64,
}

/// Why a compiling process has no answer, through no fault of the component.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The kernel refused to take rights away.
    #[error("the compiling process can't be confined: {0}")]
    Confine(String),
    /// wasmtime does not start.
    #[error("the compiler does not start: {0}")]
    Engine(String),
    /// Standard input or output failed.
    #[error("the component can't be read, or the answer can't be written")]
    Io(#[from] io::Error),
}

/// Compiles the component on standard input to standard output. Must be called first in a process
/// of its own that has no other threads and ends afterwards: before it reads the component it gives
/// up rights for good.
pub fn compile_stdin(limits: WorkerLimits) -> Result<(), WorkerError> {
    confinement::close_inherited()?;
    let engine = compiling_engine().map_err(|error| WorkerError::Engine(explain(&error)))?;
    let identity = EngineIdentity::of(&engine);
    confinement::limit(limits).map_err(|error| WorkerError::Confine(error.to_string()))?;
    confinement::drop_system_calls().map_err(|error| WorkerError::Confine(error.to_string()))?;
    let mut component = Vec::new();
    io::stdin().lock().take(MAX_COMPONENT_BYTES).read_to_end(&mut component)?;
    let compiled = without_panics(|| compile(&engine, &component, limits));
    Ok(frame::write(&mut io::stdout().lock(), identity, compiled)?)
}

fn compile(
    engine: &wasmtime::Engine,
    component: &[u8],
    limits: WorkerLimits,
) -> Result<Compiled, ComponentError> {
    let inspection = inspect(component)?;
    validation::check(component, &inspection)?;
    let code = engine.precompile_component(component).map_err(|error| match error
        .is::<wasmtime::OutOfMemory>(
    ) {
        true => ComponentError::CompilerMemory(limits.memory_bytes),
        false => ComponentError::Invalid(advice::on(&explain(&error), &inspection)),
    })?;
    Ok(Compiled { inspection, code })
}

/// A panic over a component is an answer too. Its message has gone to standard error, from which
/// the host writes it to its log.
fn without_panics(
    compile: impl FnOnce() -> Result<Compiled, ComponentError>,
) -> Result<Compiled, ComponentError> {
    catch_unwind(AssertUnwindSafe(compile))
        .unwrap_or_else(|_| Err(ComponentError::CompilerFailed("a panic".to_owned())))
}

impl Default for WorkerLimits {
    /// An SDK guest takes 100 MiB and a second; a JavaScript engine 600 MiB and 20 s. This is four
    /// times the worst of a usual guest.
    fn default() -> Self {
        Self { memory_bytes: 2 << 30, cpu_seconds: 60 }
    }
}

/// Only a bound: the parent process has checked the size.
const MAX_COMPONENT_BYTES: u64 = 65 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_refusal() {
        let refused = without_panics(|| panic!("what no component should make happen"));

        assert_eq!(refused, Err(ComponentError::CompilerFailed("a panic".to_owned())));
    }
}
