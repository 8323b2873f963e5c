//! This repository's own files.

/// The path of one of its files or folders, named from its root.
pub fn repository(path: &str) -> String {
    format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))
}
