//! The rules for screen ids.

/// Why a text is not a valid screen id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdFault {
    /// It is empty.
    Empty,
    /// It has characters other than letters (A to Z, a to z) and underscores.
    Characters,
    /// It is [`SUCCESS`], which ends a flow.
    Ends,
    /// It is `success`, which WhatsApp also reserves.
    Reserved,
    /// It has only underscores, which WhatsApp may refuse from version 7.0 on.
    NoLetters,
}

/// Checks a screen id; `None` if it is valid.
pub fn id_fault(id: &str) -> Option<IdFault> {
    match id {
        "" => Some(IdFault::Empty),
        SUCCESS => Some(IdFault::Ends),
        "success" => Some(IdFault::Reserved),
        _ if !id.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') => {
            Some(IdFault::Characters)
        }
        _ if id.bytes().all(|byte| byte == b'_') => Some(IdFault::NoLetters),
        _ => None,
    }
}

/// As the next screen it ends a flow, so no screen may have this id.
pub const SUCCESS: &str = "SUCCESS";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_letters_and_is_not_taken() {
        for (id, fault) in [
            ("A", None),
            ("MY_screen", None),
            ("SUCCESSFUL", None),
            ("", Some(IdFault::Empty)),
            ("B2", Some(IdFault::Characters)),
            ("é", Some(IdFault::Characters)),
            ("A B", Some(IdFault::Characters)),
            ("SUCCESS", Some(IdFault::Ends)),
            ("success", Some(IdFault::Reserved)),
            ("__", Some(IdFault::NoLetters)),
        ] {
            assert_eq!(id_fault(id), fault, "{id}");
        }
    }
}
