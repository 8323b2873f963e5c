//! The kind of a DER document, told by its outermost elements. A file's first line or name is often
//! wrong about it.

use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode, Header, Reader, SliceReader, Tag, Tagged};

/// The kind of a DER document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A certificate, or a request for one.
    Certificate,
    /// Shorter than its own length says.
    Cut {
        /// How many bytes there are.
        there: usize,
        /// How many bytes its header announces.
        due: u64,
    },
    /// Encrypted PKCS#8.
    EncryptedPkcs8,
    /// An elliptic-curve or DSA private key, in its own format.
    NotRsa,
    Pkcs12,
    Pkcs1,
    Pkcs8,
    PublicKey,
    Unknown,
}

impl Shape {
    pub(super) fn of(der: &[u8]) -> Self {
        // A PKCS#12 store may be BER of indefinite length instead of DER.
        if der.starts_with(&[0x30, 0x80, 0x02, 0x01, 0x03]) {
            return Self::Pkcs12;
        }
        if let Some(due) = announced_bytes(der).filter(|due| *due > der.len() as u64) {
            return Self::Cut { there: der.len(), due };
        }
        match elements(der).unwrap_or_default().as_slice() {
            [Tag::Integer, Tag::Sequence, Tag::OctetString, ..] => Self::Pkcs8,
            [Tag::Sequence, Tag::OctetString] => Self::EncryptedPkcs8,
            [Tag::Integer, numbers @ ..]
                if numbers.len() >= 8 && numbers[..8].iter().all(|tag| *tag == Tag::Integer) =>
            {
                Self::Pkcs1
            }
            [Tag::Integer, Tag::OctetString, ..]
            | [
                Tag::Integer,
                Tag::Integer,
                Tag::Integer,
                Tag::Integer,
                Tag::Integer,
                Tag::Integer,
            ] => Self::NotRsa,
            [Tag::Sequence, Tag::BitString] | [Tag::Integer, Tag::Integer] => Self::PublicKey,
            [Tag::Sequence, Tag::Sequence, Tag::BitString] => Self::Certificate,
            [Tag::Integer, Tag::Sequence] | [Tag::Integer, Tag::Sequence, Tag::Sequence] => {
                Self::Pkcs12
            }
            _ => Self::Unknown,
        }
    }
}

/// The length of the whole document, as the header of its outermost sequence announces it.
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
