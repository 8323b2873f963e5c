//! See `flowhost_fuzz::envelope`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    flowhost_fuzz::envelope::check(data);
});
