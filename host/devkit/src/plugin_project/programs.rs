//! Programs that play a build's tools in tests.

use std::path::Path;
use std::process::Command;

/// Writes a shell script that can be run. Another process does it: a program that a fork of this one
/// has open can't be run.
pub(super) fn write_program(path: &Path, script: &str) {
    let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$2\" && chmod 755 \"$2\"";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", write, "sh", script]).arg(path);
    assert!(shell.status().unwrap().success());
}
