//! The errors of this package.

/// Why the library is not used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not there, can't be loaded, or lacks a function.
    #[error("it can't be loaded")]
    Unloadable(#[from] libloading::Error),
    /// It says that it has this version, whose functions may be others.
    #[error("its version is {0}, and 1.0 is needed")]
    Version(String),
    /// The processor lacks the instructions.
    #[error("this processor lacks AVX-512 IFMA")]
    Processor,
    /// It asks for no memory, or for more than makes sense, to work in.
    #[error("it asks for {0} bytes to work in")]
    Memory(i32),
}
