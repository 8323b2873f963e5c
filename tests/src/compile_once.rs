//! Compiling the same plugin once, however many hosts the tests deploy it to.
//!
//! Only the compiler's work is shared. A host still starts a process for each upload and each load,
//! waits for its turn, checks the answer, and seals it with a key of its own. The cache of compiled
//! code can't do this: an upload is compiled whatever is in there, so that its time tells no tenant
//! what others run.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::process::program;

/// A program that compiles, made in this folder by the first call. What it keeps is there too, and
/// goes with the folder.
pub(crate) fn compiler(folder: &Path) -> PathBuf {
    static COMPILER: OnceLock<PathBuf> = OnceLock::new();
    COMPILER.get_or_init(|| make(folder).expect("the database's folder can be written to")).clone()
}

fn make(folder: &Path) -> std::io::Result<PathBuf> {
    let script = folder.join("compile-once");
    symlink(program(), script.with_extension("program"))?;
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(&script, Permissions::from_mode(0o700))?;
    Ok(script)
}

const SCRIPT: &str = include_str!("compile_once.sh");
