//! What a nested build inherits: the user's own settings, but not the variables of a cargo above
//! this process.
//!
//! `cargo run` and `cargo test` set variables for their child that are about *their* package and
//! toolchain. A nested cargo would take them for the user's settings.

use std::ffi::{OsStr, OsString};

/// Variables with their values, as for `Command::envs`.
pub(super) type Variables = Vec<(OsString, OsString)>;

/// The variables that the build would have in a fresh shell.
pub(super) fn as_from_a_fresh_shell(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Variables {
    let variables: Variables = variables.into_iter().collect();
    let below_cargo = variables.iter().any(|(name, _)| name == "CARGO_MANIFEST_DIR");
    let kept = variables.into_iter().filter(|(name, _)| !is_dropped(name, below_cargo));
    kept.collect()
}

fn is_dropped(name: &OsStr, below_cargo: bool) -> bool {
    let name = name.to_string_lossy();
    // The master key and tokens must not reach the build scripts of a plugin's dependencies.
    let is_own = name.starts_with("FLOWHOST_") && !name.starts_with("FLOWHOST_TOOLCHAIN");
    let is_cargos = SET_BY_CARGO.contains(&&*name)
        || SET_BY_CARGO_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    is_own || FLAGS.contains(&&*name) || below_cargo && is_cargos
}

/// Flags for the machine's own programs. Those for WebAssembly come from the toolchain script.
const FLAGS: [&str; 3] = ["CARGO_ENCODED_RUSTFLAGS", "RUSTDOCFLAGS", "RUSTFLAGS"];

/// What cargo sets for its children (the Cargo book, "Environment variables Cargo sets"), and
/// rustup for cargo. A value that the user set cannot be told apart, so below cargo it is dropped
/// too.
const SET_BY_CARGO: [&str; 20] = [
    "CARGO",
    "CARGO_CRATE_NAME",
    "CARGO_MAKEFLAGS",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "LD_LIBRARY_PATH",
    "MAKEFLAGS",
    "MFLAGS",
    "NUM_JOBS",
    "OUT_DIR",
    "RUSTC",
    "RUSTC_LINKER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOC",
    "RUSTUP_TOOLCHAIN",
    "RUST_RECURSION_COUNT",
];

const SET_BY_CARGO_PREFIXES: [&str; 4] =
    ["CARGO_BIN_", "CARGO_CFG_", "CARGO_FEATURE_", "CARGO_PKG_"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_cargo_its_variables_are_dropped_and_the_users_kept() {
        let kept = names(&[
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "LD_LIBRARY_PATH",
            "RUSTUP_TOOLCHAIN",
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "HTTPS_PROXY",
            "PATH",
        ]);

        assert_eq!(kept, ["CARGO_HOME", "CARGO_TARGET_DIR", "HTTPS_PROXY", "PATH"]);
    }

    #[test]
    fn in_a_shell_the_users_toolchain_and_libraries_are_kept() {
        let kept = names(&["LD_LIBRARY_PATH", "RUSTC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"]);

        assert_eq!(kept, ["LD_LIBRARY_PATH", "RUSTC", "RUSTUP_TOOLCHAIN"]);
    }

    #[test]
    fn the_hosts_own_settings_are_no_business_of_a_build() {
        let kept = names(&[
            "FLOWHOST_MASTER_KEY",
            "FLOWHOST_TOKEN",
            "FLOWHOST_TOOLCHAIN",
            "FLOWHOST_TOOLCHAIN_DIR",
        ]);

        assert_eq!(kept, ["FLOWHOST_TOOLCHAIN", "FLOWHOST_TOOLCHAIN_DIR"]);
    }

    fn names(given: &[&str]) -> Vec<String> {
        let variables = given.iter().map(|name| (OsString::from(name), OsString::from("x")));
        as_from_a_fresh_shell(variables)
            .into_iter()
            .map(|(name, _)| name.into_string().unwrap())
            .collect()
    }
}
