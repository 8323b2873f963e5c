//! See `flowhost_fuzz::oaep`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    flowhost_fuzz::oaep::check(data);
});
