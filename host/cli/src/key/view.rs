//! Key pairs, formatted for people.

use flowhost_api::{KeyList, KeyView, ListedKey};

use super::super::output::printable;
use super::super::table::{Table, or_dash};

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
    pub(super) fn retiring_after(seconds: Option<u32>) -> Self {
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

/// One line for each key.
pub(super) fn for_people(list: &KeyList) -> String {
    let mut table = Table::new(&["KEY", "STATE", "AT META", "FINGERPRINT", "RETIRES", "CREATED"]);
    for listed in &list.keys {
        let KeyView { id, state, fingerprint, retires_at, created_at, .. } = &listed.key;
        let (retires, created) = (or_dash(retires_at.as_ref()), created_at.to_string());
        table.row([
            id.to_string(),
            state.clone(),
            at_meta(listed),
            fingerprint.clone(),
            retires,
            created,
        ]);
    }
    table.to_string()
}

/// The public keys, the active one first.
pub(super) fn pem_of_all(list: &KeyList) -> String {
    let keys = list.keys.iter().map(|listed| &listed.key);
    let (active, others): (Vec<_>, Vec<_>) = keys.partition(|key| key.state == "active");
    active.into_iter().chain(others).map(pem).collect::<Vec<_>>().join("\n")
}

/// The status of the key at Meta, as far as it is known.
fn at_meta(key: &ListedKey) -> String {
    match &key.needs_upload_reason {
        Some(reason) if key.needs_upload => format!("needs upload ({reason})"),
        _ if key.needs_upload => "needs upload".to_owned(),
        _ => {
            let not_valid = key.uploads.iter().find(|upload| upload.status != "valid");
            not_valid
                .or(key.uploads.first())
                .map_or_else(|| "-".to_owned(), |upload| upload.status.clone())
        }
    }
}

fn pem(key: &KeyView) -> String {
    key.public_key_pem.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// A key that was just added; `keys_before` says what happens to the earlier ones.
pub(super) fn as_added(key: &KeyView, tenant: &str, keys_before: &KeysBefore) -> String {
    let KeysBefore { fate, upload_until, first_request } = keys_before;
    let (id, state, fingerprint) = (&key.id, printable(&key.state), printable(&key.fingerprint));
    let (pem, tenant) = (pem(key), printable(tenant));
    format!(
        "Key {id} is {state}; fingerprint {fingerprint}.\n{fate}\n\n{pem}\n\n\
         Next: upload this public key to WhatsApp, for each phone number of the tenant, {upload_until}:\n  \
         flowhost key upload {tenant}   # or, by hand: POST /{{PHONE_NUMBER_ID}}/whatsapp_business_encryption of Meta's Graph API\n\
         Phones go on with the key that they have. {first_request} gets a 421: they fetch the new key and send again.\n\
         The public keys again: flowhost key list {tenant} --pem"
    )
}

/// Everything that is known of one key.
pub(super) fn in_full(listed: &ListedKey) -> String {
    let KeyView { id, state, fingerprint, retires_at, created_at, .. } = &listed.key;
    let mut table = Table::new(&["key", &id.to_string()]);
    table.row(["state".to_owned(), state.clone()]);
    table.row(["at meta".to_owned(), at_meta(listed)]);
    table.row(["fingerprint".to_owned(), fingerprint.clone()]);
    table.row(["created".to_owned(), created_at.to_string()]);
    table.row(["retires".to_owned(), or_dash(retires_at.as_ref())]);
    format!("{table}\n\n{}", pem(&listed.key))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_active_key_comes_first_in_pem() {
        let keys = [key("retiring", "OLD\n", json!({})), key("active", "NEW\n", json!({}))];

        assert_eq!(pem_of_all(&KeyList { keys: keys.into() }), "NEW\nOLD");
    }

    #[test]
    fn a_key_says_how_it_stands_at_meta() {
        let at_meta = |more: Value| at_meta(&key("active", "PEM", more));

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
        let listed = key("active", "PEM\u{1b}\nEND\n", json!({}));

        let text = as_added(&listed.key, "acme", &KeysBefore::retiring_after(Some(60)));

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
        assert!(in_full(&listed).contains("fingerprint  sha256:ab"));
    }

    #[test]
    fn keys_before_that_retired_at_once_do_not_retire_later() {
        let text = as_added(
            &key("active", "PEM", json!({})).key,
            "acme",
            &KeysBefore::retiring_after(Some(0)),
        );

        assert!(
            text.contains("have retired.")
                && text.contains("each phone number of the tenant, at once:"),
            "{text}"
        );
        assert!(!text.contains("retire:") && !text.contains("after it retired"), "{text}");
    }

    fn key(state: &str, pem: &str, more: Value) -> ListedKey {
        let mut key = json!({
            "id": "0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b", "state": state, "public_key_pem": pem, "fingerprint": "sha256:ab",
            "created_at": "2026-01-02T03:04:05Z",
        });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(key).unwrap()
    }
}
