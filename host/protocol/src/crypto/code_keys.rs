//! Keys that authenticate our own compiled code.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};

use super::at_rest::{MasterKey, MasterKeys};

/// Makes and checks the MAC of compiled code. The keys are derived from the master keys, which
/// cannot be computed from them. Has no `Debug`.
#[derive(Clone)]
pub struct CodeKeys {
    first: Key,
    second: Option<Key>,
}

impl CodeKeys {
    /// The key derived from the first master key makes MACs. The key derived from the second, which
    /// exists while the master key is being changed, only checks them.
    pub fn derive(master: &MasterKeys) -> Self {
        let key = |master: &MasterKey| Key::new(HMAC_SHA256, &*master.derive(LABEL));
        let (first, second) = master.both();
        Self { first: key(first), second: second.map(key) }
    }

    /// The MAC of the concatenated parts. It does not cover where a part ends: the parts have to
    /// say that themselves.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; MAC_BYTES] {
        mac(&self.first, parts)
    }

    /// Whether `given` is the MAC of these parts under one of the keys.
    pub fn verifies(&self, parts: &[&[u8]], given: &[u8]) -> bool {
        let fits = |key: &Key| verify_slices_are_equal(&mac(key, parts), given).is_ok();
        fits(&self.first) || self.second.as_ref().is_some_and(fits)
    }
}

fn mac(key: &Key, parts: &[&[u8]]) -> [u8; MAC_BYTES] {
    let mut context = Context::with_key(key);
    parts.iter().for_each(|part| context.update(part));
    context.sign().as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
}

/// The length of HMAC-SHA256.
pub const MAC_BYTES: usize = 32;

/// Keeps this key apart from all others derived from a master key: the label of a
/// [`SealContext`](super::SealContext) begins with a length, whose first byte is 0.
const LABEL: &[u8] = b"flowhost: MAC of compiled code, 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_fits_its_own_bytes_under_its_own_key_only() {
        let master = MasterKey::generate();
        let keys = CodeKeys::derive(&MasterKeys::new(master.clone(), None));
        let mac = keys.mac(&[b"code", b"more"]);

        assert!(keys.verifies(&[b"codemore"], &mac));
        assert!(!keys.verifies(&[b"codemorf"], &mac));
        assert!(!keys.verifies(&[b"codemore"], &mac[..31]));
        let others = CodeKeys::derive(&MasterKeys::new(MasterKey::generate(), None));
        assert!(!others.verifies(&[b"codemore"], &mac));
    }

    #[test]
    fn the_second_master_key_checks_and_never_signs() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let of = |first: &MasterKey, second: Option<&MasterKey>| {
            CodeKeys::derive(&MasterKeys::new(first.clone(), second.cloned()))
        };
        let both = of(&new, Some(&old));

        assert!(both.verifies(&[b"code"], &of(&old, None).mac(&[b"code"])));
        assert!(of(&new, None).verifies(&[b"code"], &both.mac(&[b"code"])));
        assert!(!of(&old, None).verifies(&[b"code"], &both.mac(&[b"code"])));
    }
}
