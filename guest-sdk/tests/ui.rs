//! The mistakes that authors make most: each must give a message that says what to write.
//!
//! The snapshots are Rust 1.95's words. To renew them: `TRYBUILD=overwrite cargo test -p flowhost-sdk --test ui`.

#[test]
fn mistakes_say_what_to_write() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
