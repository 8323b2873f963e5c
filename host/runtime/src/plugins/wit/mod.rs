//! The plugin contract, one file per version. A published version never changes, so old components
//! keep running.

pub(super) mod v1;
