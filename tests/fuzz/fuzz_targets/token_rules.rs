//! See `flowhost_fuzz::token_rules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    flowhost_fuzz::token_rules::check(data);
});
