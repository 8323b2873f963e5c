//! See `flowhost_fuzz::opened_payload`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    flowhost_fuzz::opened_payload::check(data);
});
