//! Key pairs as people read them.

use serde::Deserialize;

use super::super::output::printable;
use super::super::table::{Table, or_dash};

/// The answer to a list: of [`Key`]s, or of whatever the API says of each.
#[derive(Deserialize)]
pub(super) struct Keys<K> {
    pub(super) keys: Vec<K>,
}

/// One key pair in an answer.
#[derive(Deserialize)]
pub(super) struct Key {
    id: String,
    state: String,
    public_key_pem: String,
    fingerprint: String,
    retires_at: Option<String>,
    created_at: Option<String>,
}

impl Keys<Key> {
    /// One line for each key.
    pub(super) fn for_people(&self) -> String {
        let mut table = Table::new(&["KEY", "STATE", "FINGERPRINT", "RETIRES", "CREATED"]);
        for key in &self.keys {
            let (retires, created) = (or_dash(key.retires_at.as_ref()), or_dash(key.created_at.as_ref()));
            table.row([key.id.clone(), key.state.clone(), key.fingerprint.clone(), retires, created]);
        }
        table.to_string()
    }

    /// The public keys, the active one first.
    pub(super) fn pem(&self) -> String {
        let (active, others): (Vec<_>, Vec<_>) = self.keys.iter().partition(|key| key.state == "active");
        active.iter().chain(&others).map(|key| key.pem()).collect::<Vec<_>>().join("\n")
    }
}

impl Key {
    fn pem(&self) -> String {
        self.public_key_pem.lines().map(printable).collect::<Vec<_>>().join("\n")
    }

    /// A key that was just added; `retirement` says what becomes of those before.
    pub(super) fn as_added(&self, tenant: &str, retirement: &str) -> String {
        format!(
            "Key {} is {}; fingerprint {}.\n{}\n\n{}\n\n\
             Next: upload this public key to WhatsApp, for each phone number of the tenant, before the keys before it retire:\n  \
             POST /{{PHONE_NUMBER_ID}}/whatsapp_business_encryption with business_public_key=<the key above> (Meta's Graph API)\n\
             Phones go on with the key that they have. The first request after it retired gets a 421: they fetch the new key and send again.\n\
             The public keys again: flowhost key list {} --pem",
            printable(&self.id),
            printable(&self.state),
            printable(&self.fingerprint),
            retirement,
            self.pem(),
            printable(tenant),
        )
    }

    /// One key with all that is known of it.
    pub(super) fn in_full(&self) -> String {
        let mut table = Table::new(&["key", &printable(&self.id)]);
        table.row(["state".to_owned(), self.state.clone()]);
        table.row(["fingerprint".to_owned(), self.fingerprint.clone()]);
        table.row(["created".to_owned(), or_dash(self.created_at.as_ref())]);
        table.row(["retires".to_owned(), or_dash(self.retires_at.as_ref())]);
        format!("{table}\n\n{}", self.pem())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_active_key_comes_first_in_pem() {
        let key = |state: &str, pem: &str| json!({"id":"1","state":state,"public_key_pem":pem,"fingerprint":"f"});
        let list: Keys<Key> = serde_json::from_value(json!({"keys":[key("retiring", "OLD\n"), key("active", "NEW\n")]})).unwrap();

        assert_eq!(list.pem(), "NEW\nOLD");
    }

    #[test]
    fn a_key_that_was_added_is_shown_with_fingerprint_and_what_to_do_next() {
        let key = json!({"id":"1","state":"active","public_key_pem":"PEM\u{1b}\nEND\n","fingerprint":"sha256:ab"});
        let key = Key::deserialize(key).unwrap();

        let text = key.as_added("acme", "The keys before it retire after 60 seconds.");

        for part in ["sha256:ab", "60 seconds", "PEM\u{fffd}\nEND", "each phone number", "421", "flowhost key list acme --pem"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(key.in_full().contains("fingerprint  sha256:ab"));
    }
}
