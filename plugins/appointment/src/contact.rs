//! The person whom the appointment is for, and the check of their details.

/// The form of screen DETAILS.
pub use crate::screens::details::Form as Contact;

const NAME_MAX: usize = 100;
/// The longest address that mail systems carry (RFC 5321).
const EMAIL_MAX: usize = 254;
const NOTES_MAX: usize = 600;

impl Contact {
    /// Removes the white space that keyboards add at the ends. Notes of nothing else are none.
    pub fn trimmed(self) -> Self {
        let trim = |text: String| text.trim().to_owned();
        let more_details = self.more_details.map(trim).filter(|notes| !notes.is_empty());
        Contact {
            name: trim(self.name),
            email: trim(self.email),
            phone: trim(self.phone),
            more_details,
        }
    }

    /// What is wrong, in words for the user.
    pub fn problem(&self) -> Option<&'static str> {
        if self.name.is_empty() {
            Some("Please enter your name.")
        } else if self.name.chars().count() > NAME_MAX {
            Some("Please shorten your name to 100 characters.")
        } else if !is_email(&self.email) {
            Some("Please check your email address, for example ana@example.com.")
        } else if !is_phone(&self.phone) {
            Some("Please check your phone number, for example +55 11 91234-5678.")
        } else if self.more_details.as_ref().is_some_and(|notes| notes.chars().count() > NOTES_MAX)
        {
            Some("Please shorten your notes to 600 characters.")
        } else {
            None
        }
    }
}

/// Requires something before a single @, and a domain with a dot after it. Only sending a message
/// could tell more.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let labels_fill_domain =
        domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    text.len() <= EMAIL_MAX
        && !local.is_empty()
        && labels_fill_domain
        && !domain.contains('@')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// 7 to 15 digits (ITU-T E.164), with the marks that people put between them.
fn is_phone(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    (7..=15).contains(&digits) && rest.chars().all(|c| c.is_ascii_digit() || " -().".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_addresses() {
        for good in ["ana@example.com", "a.b+c@mail.example.co"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "ana@.com",
            "ana@example.",
            "a@b@c.de",
            "a na@x.de",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn phone_numbers() {
        for good in ["+55 11 91234-5678", "(020) 7946 0000", "1234567"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in ["", "+", "123456", "1234567890123456", "call me", "12345678x", "++1234567"] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
