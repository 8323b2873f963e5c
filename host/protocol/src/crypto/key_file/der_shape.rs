//! What a DER document is, told by its outermost elements. What a file's first line or name says of it is often wrong.

use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode, Header, Reader, SliceReader, Tag, Tagged};

/// What a DER document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A certificate, or a request for one.
    Certificate,
    /// Less than its own length says.
    Cut {
        /// Bytes that there are.
        there: usize,
        /// Bytes that its beginning announces.
        due: u64,
    },
    /// PKCS#8, encrypted.
    EncryptedPkcs8,
    /// A private key for elliptic curves or DSA, in their own forms.
    NotRsa,
    /// A PKCS#12 store.
    Pkcs12,
    /// PKCS#1.
    Pkcs1,
    /// PKCS#8.
    Pkcs8,
    /// A public key.
    PublicKey,
    /// Nothing of these.
    Unknown,
}

impl Shape {
    /// Looks at a document.
    pub(super) fn of(der: &[u8]) -> Self {
        // A PKCS#12 store may have no length in front: BER, not DER.
        if der.starts_with(&[0x30, 0x80, 0x02, 0x01, 0x03]) {
            return Self::Pkcs12;
        }
        if let Some(due) = announced_bytes(der).filter(|due| *due > der.len() as u64) {
            return Self::Cut { there: der.len(), due };
        }
        match elements(der).unwrap_or_default().as_slice() {
            [Tag::Integer, Tag::Sequence, Tag::OctetString, ..] => Self::Pkcs8,
            [Tag::Sequence, Tag::OctetString] => Self::EncryptedPkcs8,
            [Tag::Integer, numbers @ ..] if numbers.len() >= 8 && numbers[..8].iter().all(|tag| *tag == Tag::Integer) => {
                Self::Pkcs1
            }
            [Tag::Integer, Tag::OctetString, ..]
            | [Tag::Integer, Tag::Integer, Tag::Integer, Tag::Integer, Tag::Integer, Tag::Integer] => Self::NotRsa,
            [Tag::Sequence, Tag::BitString] | [Tag::Integer, Tag::Integer] => Self::PublicKey,
            [Tag::Sequence, Tag::Sequence, Tag::BitString] => Self::Certificate,
            [Tag::Integer, Tag::Sequence] | [Tag::Integer, Tag::Sequence, Tag::Sequence] => Self::Pkcs12,
            _ => Self::Unknown,
        }
    }
}

/// The length of the whole document, as a sequence's beginning announces it.
fn announced_bytes(der: &[u8]) -> Option<u64> {
    let mut reader = SliceReader::new(der).ok()?;
    let header = Header::decode(&mut reader).ok().filter(|header| header.tag == Tag::Sequence)?;
    Some(u64::from(u32::from(reader.position())) + u64::from(u32::from(header.length)))
}

/// The tags of the elements inside the outermost sequence.
fn elements(der: &[u8]) -> Option<Vec<Tag>> {
    let outermost = AnyRef::from_der(der).ok()?;
    let read = outermost.sequence(|fields| {
        let mut tags = Vec::new();
        while !fields.is_finished() {
            tags.push(AnyRef::decode(fields)?.tag());
        }
        Ok(tags)
    });
    read.ok()
}
