//! Why a plugin could not be loaded or did not answer.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::telemetry::{Blame, printable};

/// Why a component was refused, in words for its author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ComponentError {
    /// Compiling it takes more memory than this many bytes.
    #[error("compiling the component takes more than {} of memory; {TOO_COMPLEX}", mib(*.0))]
    CompilerMemory(u64),
    /// Compiling it takes more CPU time than this many seconds.
    #[error("compiling the component takes more than {0} s of CPU; {TOO_COMPLEX}")]
    CompilerCpu(u64),
    /// Compiling it was not finished after this many seconds.
    #[error(
        "compiling the component was not through after {0} s: the machine is too busy, or {TOO_COMPLEX}"
    )]
    CompilerTime(u64),
    /// Its compiled code has more than this many bytes.
    #[error("the component's compiled code has more than {}; {TOO_COMPLEX}", mib(*.0))]
    CompiledSize(u64),
    /// The compiler crashed or panicked on it. Holds the signal's name or `a panic`.
    #[error(
        "the compiler failed on the component ({0}); that is no fault of yours, but please change what is unusual about it"
    )]
    CompilerFailed(String),
    /// A core module or something else entirely. For a module, the text says so.
    #[error(
        "this is not a WebAssembly component{0}; build it with `flowhost plugin build` (target wasm32-wasip2), not as a core module"
    )]
    NotAComponent(Cow<'static, str>),
    /// The section that `flowhost plugin build` wrote into it cannot be parsed.
    #[error(
        "the component's section `flowhost:plugin` can't be understood: {0}; build it with the `flowhost` of this host's release"
    )]
    Section(String),
    /// It is made for another release of the contract.
    #[error(
        "the component is made for release {0} of the plugin contract `flowhost:flow`, and this host knows 1.0.0"
    )]
    UnknownContract(String),
    /// It is made with another release of the SDK.
    #[error(
        "the component is made with flowhost-sdk {0}, which this host doesn't know; it knows 0.1.x"
    )]
    UnknownSdk(String),
    /// wasmtime refuses it.
    #[error("the component can't be compiled: {0}")]
    Invalid(String),
    /// It does not fit the world `flowhost:flow/flow`.
    #[error(
        "the component doesn't fit the plugin contract (world `flow` of package flowhost:flow@1.0.0): {0}"
    )]
    WrongWorld(String),
}

impl ComponentError {
    /// Whether another attempt may end differently on a machine that is less busy or has more free
    /// memory: a compiler that ran out of something or crashed says little about the component. All
    /// other errors are final.
    pub(super) fn may_be_the_machines(&self) -> bool {
        match self {
            Self::CompilerMemory(_)
            | Self::CompilerCpu(_)
            | Self::CompilerTime(_)
            | Self::CompilerFailed(_) => true,
            Self::CompiledSize(_)
            | Self::NotAComponent(_)
            | Self::Section(_)
            | Self::UnknownContract(_)
            | Self::UnknownSdk(_)
            | Self::Invalid(_)
            | Self::WrongWorld(_) => false,
        }
    }
}

/// Why a plugin did not answer.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The plugin failed so often in a row that it is not called for a while.
    #[error("the plugin failed again and again and is left alone for a while")]
    CircuitOpen {
        /// When it may be called again, from now.
        retry_after: Duration,
    },
    /// The plugin used up its CPU time: this much.
    #[error("the plugin used up its CPU time of {} ms", .0.as_millis())]
    CpuTime(Duration),
    /// The host has none of this resource left for the tenant.
    #[error("the host has no {0} left for the call")]
    HostFull(&'static str),
    /// The plugin reported an error of its own. Its text stands only in the plugin's log, since it
    /// may hold a customer's data.
    #[error("the plugin reported an internal error")]
    Internal,
    /// The component cannot be loaded.
    #[error("the plugin can't be loaded")]
    Load(#[from] LoadError),
    /// The plugin was refused memory, which would have been more than this many bytes in all, and
    /// gave up.
    #[error("the plugin used up its memory of {}", binary_size(*.0))]
    Memory(u64),
    /// Too many calls of the flow are under way.
    #[error("too many calls of the flow are under way")]
    Overloaded,
    /// The plugin panicked. Where, and with which words, stands only in the plugin's log: it is what
    /// the plugin wrote, and may hold a customer's data.
    #[error("the plugin panicked")]
    Panic,
    /// The plugin used up its stack.
    #[error(
        "the plugin used up its stack: a function calls itself again and again, or keeps large arrays in local variables"
    )]
    Stack,
    /// The plugin trapped, for the reason that the runtime gives.
    #[error("the plugin trapped: {0}")]
    Trap(GuestText),
    /// The plugin ran out of wall time: this much.
    #[error("the plugin ran out of its time of {} ms", .0.as_millis())]
    WallTime(Duration),
}

impl PluginError {
    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::CircuitOpen { .. }
            | Self::CpuTime(_)
            | Self::Internal
            | Self::Memory(_)
            | Self::Panic
            | Self::Stack
            | Self::Trap(_)
            | Self::WallTime(_) => Blame::Guest,
            Self::Load(LoadError::Component(_)) => Blame::Guest,
            Self::HostFull(_) => Blame::Host,
            Self::Load(
                LoadError::Absent
                | LoadError::Source(_)
                | LoadError::Host(_)
                | LoadError::NotNow(_),
            ) => Blame::Host,
            Self::Overloaded => Blame::Peer,
        }
    }

    /// What failed, as a label of metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CircuitOpen { .. } => "circuit-open",
            Self::CpuTime(_) => "cpu-time",
            Self::HostFull(_) => "host-full",
            Self::Internal => "internal",
            Self::Load(_) => "load",
            Self::Memory(_) => "memory",
            Self::Overloaded => "overloaded",
            Self::Panic => "panic",
            Self::Stack => "stack",
            Self::Trap(_) => "trap",
            Self::WallTime(_) => "wall-time",
        }
    }
}

/// Why a stored component cannot be loaded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not stored.
    #[error("the component is not stored")]
    Absent,
    /// It was refused.
    #[error("the component was refused")]
    Component(#[source] ComponentError),
    /// The compiling process or a thread of the host failed.
    #[error("the component could not be compiled: {0}")]
    Host(String),
    /// It could not be compiled this time; another attempt may succeed.
    #[error("the component could not be compiled this time")]
    NotNow(#[source] ComponentError),
    /// The [`ComponentSource`](super::ComponentSource) failed.
    #[error("the component can't be read")]
    Source(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// In the largest unit that leaves no rest.
pub(super) fn binary_size(bytes: u64) -> String {
    match bytes.trailing_zeros() {
        0..10 => format!("{bytes} bytes"),
        10..20 => format!("{} KiB", bytes >> 10),
        _ => mib(bytes),
    }
}

/// A slow compilation usually means one huge function, which was generated: the compiler's work
/// grows with the square of its size. A language's runtime comes nowhere near the limits.
const TOO_COMPLEX: &str = "a function in it is far too large or too deeply nested: split it up, and build in release mode, without libraries that it does not need";

/// Text that a plugin may have influenced: cut and escaped. For logs only, never for a client.
pub struct GuestText(String);

impl GuestText {
    /// Takes the first KiB of a text.
    pub fn new(text: &str) -> Self {
        Self(printable(text, GUEST_TEXT_BYTES))
    }
}

impl fmt::Display for GuestText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for GuestText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Room for a trap's cause, but not for a flood.
const GUEST_TEXT_BYTES: usize = 1024;
