//! The plugin contract, one file per version. A published version is never changed: old components keep running.

pub(super) mod v1;
