//! Paths in this repository.

/// The path of a file or folder, given relative to the repository's root.
pub fn repository(path: &str) -> String {
    format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))
}
