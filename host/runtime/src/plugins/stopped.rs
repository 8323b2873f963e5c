//! Why a guest was stopped: what the runtime says, and what the guest did before.

use std::time::Duration;

use wasmtime::{Error, PoolConcurrencyLimitError, Trap};

use super::limits::HostMemoryUsedUp;
use super::{GuestText, PluginError};

/// What a call did before it was stopped.
#[derive(Debug, Default)]
pub(super) struct LastSigns {
    /// The limit of its CPU time.
    pub(super) cpu: Duration,
    /// The limit of its memory in bytes, if it asked for more.
    pub(super) memory_refused: Option<u64>,
    /// Whether it said that it panics.
    pub(super) told_of_a_panic: bool,
}

/// Stops a guest at its CPU limit.
#[derive(Debug, thiserror::Error)]
#[error("the CPU time is used up")]
pub(super) struct CpuTimeUsedUp;

/// Why a guest was stopped. A resource that the host ran out of is not a trap of the guest.
pub(super) fn stopped(error: &Error, signs: &LastSigns) -> PluginError {
    if error.is::<CpuTimeUsedUp>() {
        PluginError::CpuTime(signs.cpu)
    } else if error.is::<HostMemoryUsedUp>() {
        PluginError::HostFull("memory")
    } else if error.is::<PoolConcurrencyLimitError>() {
        PluginError::HostFull("instance")
    } else {
        gave_up(error, signs).unwrap_or_else(|| {
            let cause = error.root_cause().to_string();
            let hint = if may_be_the_stack(error) { STACK_HINT } else { "" };
            PluginError::Trap(GuestText::new(&format!("{cause}{hint}")))
        })
    }
}

/// The reason behind a trap that does not say it itself.
fn gave_up(error: &Error, signs: &LastSigns) -> Option<PluginError> {
    match (error.downcast_ref::<Trap>()?, signs) {
        (Trap::UnreachableCodeReached, LastSigns { told_of_a_panic: true, .. }) => {
            Some(PluginError::Panic)
        }
        // An allocation that fails ends like a panic, without its words.
        (Trap::UnreachableCodeReached, LastSigns { memory_refused: Some(limit), .. }) => {
            Some(PluginError::Memory(*limit))
        }
        (Trap::StackOverflow, _) => Some(PluginError::Stack),
        (Trap::MemoryOutOfBounds, _) if address(error).is_some_and(is_below_zero) => {
            Some(PluginError::Stack)
        }
        _ => None,
    }
}

/// Whether an access at this address was below 0. Compilers that put the stack first in memory let
/// it grow down to address 0, so this is how a full stack looks; a stray pointer of Rust code would
/// have to come from `unsafe`.
fn is_below_zero(address: u64) -> bool {
    address >= ADDRESSES - LARGEST_FRAMES
}

/// Whether memory was copied or filled out of bounds, which is how the first use of an array on a full
/// stack looks too. Of these there is no address.
fn may_be_the_stack(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(Trap::MemoryOutOfBounds)) && address(error).is_none()
}

/// The address of the access that trapped; `None` if it was checked before it was made.
fn address(error: &Error) -> Option<u64> {
    error.chain().find_map(|reason| {
        let text = reason.to_string();
        let (address, _) = text.strip_prefix(FAULT)?.split_once(' ')?;
        u64::from_str_radix(address, 16).ok()
    })
}

const STACK_HINT: &str = "; a full stack looks like this too: a function calls itself again and again, or keeps large arrays in local variables";

/// How wasmtime 48 tells the address of an access (its type `WasmFault` is private).
const FAULT: &str = "memory fault at wasm address 0x";

/// How many addresses a memory has. Those below 0 are at the end.
const ADDRESSES: u64 = 1 << 32;

/// More than the frames of a function have. No memory of a guest reaches as far up.
const LARGEST_FRAMES: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use wasmtime::{Instance, Module, Store};

    use super::*;
    use crate::plugins::engine::PluginEngine;

    #[test]
    fn an_access_below_zero_is_a_full_stack() {
        for (address, is_stack) in
            [(-16, true), (-1_000_000, true), (70_000, false), (1 << 30, false)]
        {
            let error = trap_of(&format!("i32.const {address} i32.load drop"));

            let failed = stopped(&error, &LastSigns::default());

            assert_eq!(matches!(failed, PluginError::Stack), is_stack, "{address}: {error:?}");
        }
    }

    #[test]
    fn what_was_copied_or_filled_out_of_bounds_may_be_a_full_stack() {
        let of =
            |instructions: &str| stopped(&trap_of(instructions), &LastSigns::default()).to_string();

        for instructions in [
            "i32.const -16 i32.const 0 i32.const 8 memory.fill",
            "i32.const -16 i32.const 0 i32.const 8 memory.copy",
        ] {
            let failed = of(instructions);
            assert!(failed.contains("out of bounds memory access; a full stack"), "{failed}");
        }
        assert!(!of("i32.const 70000 i32.load drop").contains("stack"));
    }

    #[test]
    fn giving_up_has_the_reason_that_the_guest_had() {
        let error = trap_of("unreachable");
        let failed = |told_of_a_panic, memory_refused| {
            stopped(&error, &LastSigns { told_of_a_panic, memory_refused, ..LastSigns::default() })
                .to_string()
        };

        assert_eq!(failed(true, Some(1)), "the plugin panicked");
        assert_eq!(failed(false, Some(64 << 20)), "the plugin used up its memory of 64 MiB");
        assert_eq!(failed(false, Some(96 << 10)), "the plugin used up its memory of 96 KiB");
        assert!(failed(false, None).contains("`unreachable`"));
        // Words alone are no panic.
        let signs = LastSigns { told_of_a_panic: true, ..LastSigns::default() };
        let failed = stopped(&trap_of("i32.const 0 i32.const 0 i32.div_u drop"), &signs);
        assert!(matches!(failed, PluginError::Trap(_)), "{failed}");
    }

    /// Runs these instructions in a guest with a memory of one page.
    fn trap_of(instructions: &str) -> Error {
        let engine = PluginEngine::of_calls(1);
        let mut store = Store::new(engine.engine(), ());
        let wat = format!("(module (memory 1) (func (export \"f\") {instructions}))");
        let module = Module::new(engine.engine(), wat::parse_str(wat).unwrap()).unwrap();
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
        f.call(&mut store, ()).unwrap_err()
    }
}
