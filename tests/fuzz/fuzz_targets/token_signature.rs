//! See `flowhost_fuzz::token_signature`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    flowhost_fuzz::token_signature::check(data);
});
