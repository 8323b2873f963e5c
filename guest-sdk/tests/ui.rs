//! The most common mistakes of authors. Each must give a message that says what to write.
//!
//! The snapshots have the wording of Rust 1.95. To renew them: `TRYBUILD=overwrite cargo test -p
//! flowhost-sdk --test ui`.

use std::fs;
use std::path::Path;

#[test]
fn mistakes_say_what_to_write() {
    lay_out_flow_jsons();

    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// `screens!` looks beside `Cargo.toml`. The one of the crate that trybuild makes is in the target
/// folder.
fn lay_out_flow_jsons() {
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests/trybuild/flowhost-sdk");
    fs::create_dir_all(&project).expect("the target folder can be written");
    for (file, name) in
        [("flow.json", "flow.json"), ("macros/tests/flows/broken.json", "broken.json")]
    {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(file), project.join(name))
            .expect("the file is there");
    }
}
