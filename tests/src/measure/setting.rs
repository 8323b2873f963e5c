//! What the environment says of how much a benchmark does.

/// The text of a variable, if it is set.
#[expect(clippy::disallowed_methods, reason = "a benchmark has no configuration but this")]
pub fn setting(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// The number of a variable; the default if it is not set.
///
/// # Panics
/// It is no number.
pub fn number_setting(variable: &str, default: u32) -> u32 {
    setting(variable)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}
