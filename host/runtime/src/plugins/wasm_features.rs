//! Which WebAssembly features plugins may use. Features that plugins do not need are attack
//! surface, and off.
//!
//! Some are off in the build already: wasmtime's cargo features `gc`, `threads`,
//! `component-model-async` and `stack-switching` are not compiled in, nor are Winch and Pulley, so
//! their setters do not exist. They are stated here in case a dependency turns one on.

use wasmtime::{Config, WasmFeatures};

/// States each feature that wasmtime's validator knows: those of components, and what the engine
/// needs besides.
pub(super) fn state(config: &mut Config) {
    for (feature, enabled) in FEATURES {
        config.wasm_features(feature, enabled);
    }
    config.wasm_features(OF_ADAPTERS, true);
}

/// What an uploaded component may use. The engine may use more, so an upload is validated with
/// these alone before the engine sees it (`compile/upload.rs`).
pub(super) fn of_components() -> WasmFeatures {
    FEATURES.iter().fold(WasmFeatures::empty(), |all, (feature, enabled)| match enabled {
        true => all | *feature,
        false => all - *feature,
    })
}

/// Where one part of a component hands another part a text or a list, wasmtime generates a module
/// between them that copies from one's memory to the other's. It panics if it may not use both.
const OF_ADAPTERS: WasmFeatures = WasmFeatures::MULTI_MEMORY;

const ON: bool = true;
const OFF: bool = false;

/// Groups come first, since some features include bits of others.
const FEATURES: [(WasmFeatures, bool); 41] = [
    // ---- what compilers emit by default (Rust, Go, C), and the component model's adapters ----
    (WasmFeatures::MUTABLE_GLOBAL, ON),
    (WasmFeatures::SATURATING_FLOAT_TO_INT, ON),
    (WasmFeatures::SIGN_EXTENSION, ON),
    (WasmFeatures::REFERENCE_TYPES, ON),
    (WasmFeatures::MULTI_VALUE, ON),
    (WasmFeatures::BULK_MEMORY, ON),
    (WasmFeatures::BULK_MEMORY_OPT, ON),
    (WasmFeatures::CALL_INDIRECT_OVERLONG, ON),
    (WasmFeatures::FLOATS, ON),
    // Vectorised JSON and UTF-8 code. Results are the same on every processor.
    (WasmFeatures::SIMD, ON),
    // Constant expressions with additions, which position-independent guests (Python, JavaScript)
    // are linked with.
    (WasmFeatures::EXTENDED_CONST, ON),
    (WasmFeatures::COMPONENT_MODEL, ON),
    // QuickJS is compiled with it. Endless tail calls are a loop that no stack limit ends, but each is
    // the start of a function, where a guest yields and is stopped.
    (WasmFeatures::TAIL_CALL, ON),
    // ---- off: another class of bugs, and no guest of ours needs them ----
    // Results differ between processors, and a conversation may continue on another host.
    (WasmFeatures::RELAXED_SIMD, OFF),
    // A call is one thread. Shared memory also breaks checks that rely on nobody else writing.
    (WasmFeatures::THREADS, OFF),
    (WasmFeatures::SHARED_EVERYTHING_THREADS, OFF),
    // No compiler emits it. The modules that wasmtime generates between the parts of a component
    // use it (`OF_ADAPTERS`); they define no memory themselves.
    (WasmFeatures::MULTI_MEMORY, OFF),
    // Memories past 4 GiB: no plugin may have one, and their bounds checks are other code
    // (RUSTSEC-2024-0439, 2026-0087).
    (WasmFeatures::MEMORY64, OFF),
    (WasmFeatures::CM64, OFF),
    (WasmFeatures::MEMORY_CONTROL, OFF),
    // Memories would not end at a guard page.
    (WasmFeatures::CUSTOM_PAGE_SIZES, OFF),
    // Garbage collection and features that are of use only with it: its heap is invisible to the
    // memory limiter.
    (WasmFeatures::GC, OFF),
    (WasmFeatures::GC_TYPES, OFF),
    (WasmFeatures::FUNCTION_REFERENCES, OFF),
    (WasmFeatures::CUSTOM_DESCRIPTORS, OFF),
    (WasmFeatures::CM_GC, OFF),
    // Needs garbage collection. Guests are built with `panic = abort`.
    (WasmFeatures::EXCEPTIONS, OFF),
    (WasmFeatures::LEGACY_EXCEPTIONS, OFF),
    // Unfinished in wasmtime, and a second way to switch stacks beside our own.
    (WasmFeatures::STACK_SWITCHING, OFF),
    // Faster big numbers; unfinished.
    (WasmFeatures::WIDE_ARITHMETIC, OFF),
    (WasmFeatures::COMPACT_IMPORTS, OFF),
    // The contract is WASI 0.2: each call is one function call, and nothing of the guest runs
    // beside it.
    (WasmFeatures::CM_ASYNC, OFF),
    (WasmFeatures::CM_ASYNC_STACKFUL, OFF),
    (WasmFeatures::CM_MORE_ASYNC_BUILTINS, OFF),
    (WasmFeatures::CM_THREADING, OFF),
    (WasmFeatures::CM_ERROR_CONTEXT, OFF),
    // Types and names that the contract does not use.
    (WasmFeatures::CM_VALUES, OFF),
    (WasmFeatures::CM_NESTED_NAMES, OFF),
    (WasmFeatures::CM_FIXED_LENGTH_LISTS, OFF),
    (WasmFeatures::CM_MAP, OFF),
    (WasmFeatures::CM_IMPLEMENTS, OFF),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_feature_is_stated_and_the_engine_has_just_those() {
        let mut config = Config::new();
        state(&mut config);
        let engine = wasmtime::Engine::new(&config).unwrap();

        let stated =
            FEATURES.iter().fold(WasmFeatures::empty(), |all, (feature, _)| all | *feature);
        // wasmtime 48 refuses an engine that has this one, so it cannot be stated.
        assert_eq!(WasmFeatures::all() - stated, WasmFeatures::CM_CANON_NAMES);
        let on = FEATURES
            .iter()
            .filter(|(_, on)| *on)
            .fold(WasmFeatures::empty(), |all, (feature, _)| all | *feature);
        assert_eq!(of_components(), on, "no group that is off has a feature that is on");
        assert_eq!(engine.get_wasm_features() - of_components(), WasmFeatures::MULTI_MEMORY);
        assert_eq!(of_components() - engine.get_wasm_features(), WasmFeatures::empty());
    }
}
