//! Where the calls of a test spend their time: in which functions of the guest, and in which
//! imports. Nothing of it is there for a call that serves.
//!
//! A sample is the guest's stack when it notices an epoch tick, which comes once a millisecond: at
//! the start of its next function, or in its next round of a loop. A tick that came while the host
//! worked is noticed as soon as the guest goes on, and would be charged to whatever function that
//! is; such a sample is dropped.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::{AsContext, WasmBacktrace};

use super::backtrace::{Frame, Function};
use super::host::CallState;
use super::symbols::Symbols;

/// Receives the samples of the calls that it is given to.
#[derive(Clone, Debug, Default)]
pub struct Profile(Arc<Mutex<Profiled>>);

/// What a profile has seen.
#[derive(Clone, Debug, Default)]
pub struct Profiled {
    /// How many samples were taken of each stack: the names of its functions, the outermost first,
    /// demangled and escaped.
    pub stacks: BTreeMap<Vec<String>, u64>,
    /// The imports that were called, by name: `store.get`.
    pub imports: BTreeMap<&'static str, ImportUse>,
    /// Whether the component names any of the functions that were seen.
    pub has_names: bool,
}

/// The calls of one import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportUse {
    /// How many calls ended. One that was cut off by the end of its call's time did not.
    pub calls: u64,
    /// The wall-clock time from its beginning in the host to its end there, of all calls.
    pub time: Duration,
}

/// How much of all samples one function has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionShare {
    /// The function's name.
    pub name: String,
    /// Samples that were taken in the function itself.
    pub in_itself: u64,
    /// Samples that were taken in the function or in one that it called.
    pub in_all: u64,
}

/// One call, as its profile sees it.
pub(super) struct Watch {
    profile: Profile,
    /// When the host last handed over to the guest.
    guest_since: Instant,
}

/// A call of an import that has begun.
pub(super) struct ImportCall(Instant);

impl Profile {
    /// What was seen until now.
    pub fn seen(&self) -> Profiled {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Profiled> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Profiled {
    /// The number of samples.
    pub fn samples(&self) -> u64 {
        self.stacks.values().sum()
    }

    /// All functions that were seen, those with the most samples in themselves first.
    pub fn functions(&self) -> Vec<FunctionShare> {
        let mut shares = BTreeMap::<&str, (u64, u64)>::new();
        for (stack, samples) in &self.stacks {
            if let Some(innermost) = stack.last() {
                shares.entry(innermost).or_default().0 += samples;
            }
            // A function that calls itself counts once.
            for name in stack.iter().collect::<HashSet<_>>() {
                shares.entry(name).or_default().1 += samples;
            }
        }
        let mut functions: Vec<_> = shares
            .into_iter()
            .map(|(name, (in_itself, in_all))| FunctionShare {
                name: name.to_owned(),
                in_itself,
                in_all,
            })
            .collect();
        functions.sort_by_key(|share| std::cmp::Reverse((share.in_itself, share.in_all)));
        functions
    }
}

impl Watch {
    pub(super) fn new(profile: Profile) -> Self {
        Self { profile, guest_since: Instant::now() }
    }

    /// The guest goes on from here.
    pub(super) fn guest_begins(&mut self) {
        self.guest_since = Instant::now();
    }
}

impl ImportCall {
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }

    pub(super) fn end(self, import: &'static str, state: &mut CallState) {
        let Some(watch) = &mut state.watch else { return };
        let mut profiled = watch.profile.lock();
        let used = profiled.imports.entry(import).or_default();
        used.calls += 1;
        used.time += self.0.elapsed();
        drop(profiled);
        watch.guest_begins();
    }
}

/// Takes a sample of a guest that has just noticed a tick, and whose component has these symbols.
pub(super) fn sample(store: impl AsContext<Data = CallState>, symbols: &Symbols) {
    let store = store.as_context();
    let Some(watch) = &store.data().watch else { return };
    if watch.guest_since.elapsed() < NOTICED_AT_ONCE {
        return;
    }
    let trace = WasmBacktrace::capture(store);
    let mut functions: Vec<Function> =
        trace.frames().iter().flat_map(|frame| Frame::of(frame).functions(symbols)).collect();
    functions.reverse();
    if !functions.is_empty() {
        let mut profiled = watch.profile.lock();
        profiled.has_names |= functions.iter().any(|function| function.is_named);
        let names = functions.into_iter().map(|function| function.name).collect();
        *profiled.stacks.entry(names).or_default() += 1;
    }
}

/// A guest that goes on notices an earlier tick well within this time. So it costs the samples of
/// that much of its own time after each import.
const NOTICED_AT_ONCE: Duration = Duration::from_micros(10);

/// How many functions of a stack are seen. The outermost ones of deeper stacks are missing.
pub(super) const MAX_FRAMES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_its_own_samples_and_those_of_what_it_calls() {
        let stack = |names: &str| names.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let stacks = BTreeMap::from([(stack("a b"), 3), (stack("a"), 1), (stack("a c c"), 2)]);
        let profiled = Profiled { stacks, ..Profiled::default() };

        let functions = profiled.functions();

        let shares: Vec<_> = functions
            .iter()
            .map(|share| (share.name.as_str(), share.in_itself, share.in_all))
            .collect();
        assert_eq!(shares, [("b", 3, 3), ("c", 2, 2), ("a", 1, 6)]);
        assert_eq!(profiled.samples(), 6);
    }
}
