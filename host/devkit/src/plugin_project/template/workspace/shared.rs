//! What the plugins of this workspace have in common.

use flowhost_sdk::Error;

/// A number of guests as a user typed it.
pub fn guests(text: &str) -> Result<u8, Error> {
    text.trim().parse().map_err(|_| Error::bad_request("Please enter a number of guests."))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_number_is_read_and_a_word_is_not() {
        assert_eq!(super::guests(" 2 ").unwrap(), 2);
        assert!(super::guests("two").is_err());
    }
}
