//! Key pairs, formatted for people.

use serde::Deserialize;

use super::super::output::printable;
use super::super::table::{Table, or_dash};
use super::upload::Upload;

/// The answer to a list, with [`Key`]s or other views of keys.
#[derive(Deserialize)]
pub(super) struct Keys<K> {
    pub(super) keys: Vec<K>,
}

/// What happens to the earlier keys when one is added, and what the user has to do because of it.
pub(super) struct KeysBefore {
    /// What happens to them, as a sentence.
    pub(super) fate: String,
    /// The time by which the new key has to be at Meta.
    pub(super) upload_until: &'static str,
    /// Which request gets the 421 that makes phones fetch the new key.
    pub(super) first_request: &'static str,
}

impl KeysBefore {
    /// For keys that stay valid for so many seconds; a day if none are given.
    pub(super) fn retiring_after(seconds: Option<u64>) -> Self {
        let (fate, upload_until, first_request) = match seconds {
            Some(0) => (
                "The keys before it have retired.".to_owned(),
                "at once",
                "Every request that is sealed for one of those before",
            ),
            Some(seconds) => (
                format!("The keys before it retire after {seconds} seconds."),
                BEFORE_RETIREMENT,
                AFTER_RETIREMENT,
            ),
            None => (
                "The keys before it retire after a day.".to_owned(),
                BEFORE_RETIREMENT,
                AFTER_RETIREMENT,
            ),
        };
        Self { fate, upload_until, first_request }
    }
}

const BEFORE_RETIREMENT: &str = "before the keys before it retire";
const AFTER_RETIREMENT: &str = "The first request after it retired";

/// A key pair in the API's answer.
#[derive(Deserialize)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) state: String,
    public_key_pem: String,
    fingerprint: String,
    retires_at: Option<String>,
    created_at: Option<String>,
    #[serde(default)]
    needs_upload: bool,
    needs_upload_reason: Option<String>,
    #[serde(default)]
    uploads: Vec<Upload>,
}

impl Keys<Key> {
    /// One line for each key.
    pub(super) fn for_people(&self) -> String {
        let mut table =
            Table::new(&["KEY", "STATE", "AT META", "FINGERPRINT", "RETIRES", "CREATED"]);
        for key in &self.keys {
            let (retires, created) =
                (or_dash(key.retires_at.as_ref()), or_dash(key.created_at.as_ref()));
            table.row([
                key.id.clone(),
                key.state.clone(),
                key.at_meta(),
                key.fingerprint.clone(),
                retires,
                created,
            ]);
        }
        table.to_string()
    }

    /// The public keys, the active one first.
    pub(super) fn pem(&self) -> String {
        let (active, others): (Vec<_>, Vec<_>) =
            self.keys.iter().partition(|key| key.state == "active");
        active.iter().chain(&others).map(|key| key.pem()).collect::<Vec<_>>().join("\n")
    }
}

impl Key {
    /// The status of the key at Meta, as far as it is known.
    fn at_meta(&self) -> String {
        match &self.needs_upload_reason {
            Some(reason) if self.needs_upload => format!("needs upload ({reason})"),
            _ if self.needs_upload => "needs upload".to_owned(),
            _ => {
                let not_valid = self.uploads.iter().find(|upload| upload.status != "valid");
                not_valid
                    .or(self.uploads.first())
                    .map_or_else(|| "-".to_owned(), |upload| upload.status.clone())
            }
        }
    }

    fn pem(&self) -> String {
        self.public_key_pem.lines().map(printable).collect::<Vec<_>>().join("\n")
    }

    /// A key that was just added; `keys_before` says what happens to the earlier ones.
    pub(super) fn as_added(&self, tenant: &str, keys_before: &KeysBefore) -> String {
        let KeysBefore { fate, upload_until, first_request } = keys_before;
        let (id, state, fingerprint) =
            (printable(&self.id), printable(&self.state), printable(&self.fingerprint));
        let (pem, tenant) = (self.pem(), printable(tenant));
        format!(
            "Key {id} is {state}; fingerprint {fingerprint}.\n{fate}\n\n{pem}\n\n\
             Next: upload this public key to WhatsApp, for each phone number of the tenant, {upload_until}:\n  \
             flowhost key upload {tenant}   # or, by hand: POST /{{PHONE_NUMBER_ID}}/whatsapp_business_encryption of Meta's Graph API\n\
             Phones go on with the key that they have. {first_request} gets a 421: they fetch the new key and send again.\n\
             The public keys again: flowhost key list {tenant} --pem"
        )
    }

    /// Everything that is known of one key.
    pub(super) fn in_full(&self) -> String {
        let mut table = Table::new(&["key", &printable(&self.id)]);
        table.row(["state".to_owned(), self.state.clone()]);
        table.row(["at meta".to_owned(), self.at_meta()]);
        table.row(["fingerprint".to_owned(), self.fingerprint.clone()]);
        table.row(["created".to_owned(), or_dash(self.created_at.as_ref())]);
        table.row(["retires".to_owned(), or_dash(self.retires_at.as_ref())]);
        format!("{table}\n\n{}", self.pem())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_active_key_comes_first_in_pem() {
        let key = |state: &str, pem: &str| json!({"id":"1","state":state,"public_key_pem":pem,"fingerprint":"f"});
        let list: Keys<Key> = serde_json::from_value(
            json!({"keys":[key("retiring", "OLD\n"), key("active", "NEW\n")]}),
        )
        .unwrap();

        assert_eq!(list.pem(), "NEW\nOLD");
    }

    #[test]
    fn a_key_says_how_it_stands_at_meta() {
        let at_meta = |more: Value| {
            let mut key =
                json!({"id":"1","state":"active","public_key_pem":"PEM","fingerprint":"f"});
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            Key::deserialize(key).unwrap().at_meta()
        };

        assert_eq!(at_meta(json!({})), "-");
        let upload = |status: &str| json!({"phone_number_id": "1", "status": status});
        assert_eq!(at_meta(json!({"needs_upload": false, "uploads": [upload("valid")]})), "valid");
        assert_eq!(
            at_meta(json!({"needs_upload": false, "uploads": [upload("valid"), upload("failed")]})),
            "failed"
        );
        assert_eq!(
            at_meta(json!({"needs_upload": true, "needs_upload_reason": "other-key"})),
            "needs upload (other-key)"
        );
    }

    #[test]
    fn a_key_that_was_added_is_shown_with_fingerprint_and_what_to_do_next() {
        let key = json!({"id":"1","state":"active","public_key_pem":"PEM\u{1b}\nEND\n","fingerprint":"sha256:ab"});
        let key = Key::deserialize(key).unwrap();

        let text = key.as_added("acme", &KeysBefore::retiring_after(Some(60)));

        for part in [
            "sha256:ab",
            "60 seconds",
            "PEM\u{fffd}\nEND",
            "each phone number",
            "421",
            "flowhost key list acme --pem",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(key.in_full().contains("fingerprint  sha256:ab"));
    }

    #[test]
    fn keys_before_that_retired_at_once_do_not_retire_later() {
        let key = json!({"id":"1","state":"active","public_key_pem":"PEM","fingerprint":"f"});
        let key = Key::deserialize(key).unwrap();

        let text = key.as_added("acme", &KeysBefore::retiring_after(Some(0)));

        assert!(
            text.contains("have retired.")
                && text.contains("each phone number of the tenant, at once:"),
            "{text}"
        );
        assert!(!text.contains("retire:") && !text.contains("after it retired"), "{text}");
    }
}
