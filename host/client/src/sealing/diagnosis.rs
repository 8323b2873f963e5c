//! Finds out why a sealed reply can't be opened, by trying the mistakes that endpoints are known to
//! make.
//!
//! A phone does none of this: to it they are all the same error. Whatever is decrypted on the way
//! is thrown away.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use base64::Engine;
use base64::alphabet::{STANDARD as STANDARD_ALPHABET, URL_SAFE as URL_SAFE_ALPHABET};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, KeyIvInit};
use serde::Serialize;
use serde_json::Value;

use super::{ExchangeKey, IV_BYTES, SealedRequest};

/// How a reply was sealed wrongly, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SealFlaw {
    /// AES in CBC mode instead of GCM.
    CbcMode,
    /// There is no body.
    Empty,
    /// Hexadecimal digits instead of base64.
    Hexadecimal,
    /// The request's IV without inversion.
    IvNotInverted,
    /// Base64 in lines, or with white space around it.
    LineBreaks,
    /// Neither base64 nor any known mistake.
    NotBase64,
    /// JSON in plain text.
    NotEncrypted,
    /// It can be opened, but is not JSON.
    NotJson,
    /// Base64 over JSON in plain text.
    OnlyEncoded,
    /// The URL-safe alphabet of base64, or no padding.
    OtherBase64,
    /// A nonce of the endpoint's own in front of the ciphertext.
    OwnNonce,
    /// Base64 as a JSON string, in quotes.
    Quoted,
    /// The ciphertext's bytes without base64.
    RawBytes,
    /// The authentication tag in front of the ciphertext.
    TagInFront,
    /// The ciphertext without its authentication tag.
    TagMissing,
    /// The ciphertext is right, but its authentication tag is wrong.
    TagWrong,
    /// A nonce of 12 bytes: the first bytes of the inverted IV.
    TwelveByteNonce,
    /// A nonce of 12 bytes: the first bytes of the IV without inversion.
    TwelveByteNonceNotInverted,
    /// Not sealed with the request's key, or with a mistake that is not known.
    Unknown,
    /// Base64 as a field of a JSON object.
    WrappedInJson,
}

impl SealFlaw {
    /// What the author of the endpoint got wrong, and what is right instead.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::CbcMode => "the reply is encrypted with AES in CBC mode; AES-128-GCM is due",
            Self::Empty => "the body is empty, where an encrypted one is due",
            Self::Hexadecimal => {
                "the reply is written in hexadecimal digits; standard base64 is due"
            }
            Self::IvNotInverted => {
                "the IV is not inverted: the reply is sealed under the request's IV as it came; every bit of it must be flipped"
            }
            Self::LineBreaks => {
                "the base64 is broken into lines or has white space around it; it must be one run of characters"
            }
            Self::NotBase64 => "the body is not base64",
            Self::NotEncrypted => {
                "the body is JSON in plain text; it must be encrypted, then written in base64"
            }
            Self::NotJson => "the reply opens, but what is in it is not JSON",
            Self::OnlyEncoded => {
                "the body is base64 of JSON in plain text: it was encoded, but not encrypted"
            }
            Self::OtherBase64 => {
                "the body is base64 of the URL-safe alphabet or without padding; standard base64 is due"
            }
            Self::OwnNonce => {
                "the reply is sealed under a nonce of its own, put in front of it; the nonce is the request's IV with every bit flipped"
            }
            Self::Quoted => {
                "the body is a JSON string: the base64 must be sent as plain text, without quotes around it"
            }
            Self::RawBytes => {
                "the body is the encrypted bytes themselves; they must be written in base64"
            }
            Self::TagInFront => {
                "the authentication tag is in front of the ciphertext; it must be at its end"
            }
            Self::TagMissing => {
                "the authentication tag is missing: its 16 bytes must be put behind the ciphertext"
            }
            Self::TagWrong => {
                "the text decrypts, but the authentication tag does not fit: was it cut, or made over additional data? There must be none"
            }
            Self::TwelveByteNonce => {
                "the nonce has 12 bytes: the IV must be used in full, all 16 bytes, every bit of them flipped"
            }
            Self::TwelveByteNonceNotInverted => {
                "the nonce has 12 bytes and is not inverted: the IV must be used in full, all 16 bytes, every bit of them flipped"
            }
            Self::Unknown => {
                "the reply does not open: it must be AES-128-GCM under the key of this very request and its IV with every bit flipped, \
                 without additional data, with the tag at the end"
            }
            Self::WrappedInJson => {
                "the base64 is a field of a JSON object; it must be the body itself, as plain text"
            }
        }
    }
}

impl SealedRequest {
    /// Why the body of a reply to this request can't be opened. For one that can, the only flaw
    /// left is [`SealFlaw::NotJson`].
    pub fn diagnose(&self, body: &[u8]) -> SealFlaw {
        let key = &self.exchange;
        if body.is_empty() {
            return SealFlaw::Empty;
        }
        match STANDARD.decode(body) {
            Ok(sealed) => key.diagnose_sealed(&sealed),
            Err(_) => std::str::from_utf8(body)
                .map_or(None, |text| key.diagnose_text(text))
                .unwrap_or_else(|| {
                    if key.opens_somehow(body) { SealFlaw::RawBytes } else { SealFlaw::NotBase64 }
                }),
        }
    }
}

impl ExchangeKey {
    /// The flaw in bytes that came as standard base64.
    fn diagnose_sealed(&self, sealed: &[u8]) -> SealFlaw {
        if is_json(sealed) {
            return SealFlaw::OnlyEncoded;
        }
        let (iv, inverted) = (self.iv, self.iv.map(|byte| !byte));
        let tries: [(SealFlaw, &dyn Fn() -> bool); 9] = [
            (SealFlaw::NotJson, &|| self.opens(inverted, sealed)),
            (SealFlaw::IvNotInverted, &|| self.opens(iv, sealed)),
            (SealFlaw::TwelveByteNonce, &|| self.opens_by_12(&inverted, sealed)),
            (SealFlaw::TwelveByteNonceNotInverted, &|| self.opens_by_12(&iv, sealed)),
            (SealFlaw::OwnNonce, &|| self.opens_by_own_nonce(sealed)),
            (SealFlaw::TagInFront, &|| {
                tag_moved_to_the_end(sealed).is_some_and(|moved| self.opens(inverted, &moved))
            }),
            (SealFlaw::TagMissing, &|| is_json(&self.decrypted_unchecked(inverted, sealed))),
            (SealFlaw::TagWrong, &|| {
                let text = &sealed[..sealed.len().saturating_sub(TAG_BYTES)];
                is_json(&self.decrypted_unchecked(inverted, text))
            }),
            (SealFlaw::CbcMode, &|| {
                self.opens_by_cbc(inverted, sealed) || self.opens_by_cbc(iv, sealed)
            }),
        ];
        tries.into_iter().find(|(_, fits)| fits()).map_or(SealFlaw::Unknown, |(flaw, _)| flaw)
    }

    /// The flaw in a text that is not standard base64. `None` if it matches no known mistake.
    fn diagnose_text(&self, text: &str) -> Option<SealFlaw> {
        match serde_json::from_str(text) {
            Ok(Value::String(quoted)) if STANDARD.decode(&quoted).is_ok() => {
                return Some(SealFlaw::Quoted);
            }
            Ok(Value::Object(fields)) => {
                let wrapped = fields
                    .values()
                    .filter_map(Value::as_str)
                    .filter_map(|field| STANDARD.decode(field).ok());
                let opens = wrapped.into_iter().any(|field| self.opens_somehow(&field));
                return Some(if opens { SealFlaw::WrappedInJson } else { SealFlaw::NotEncrypted });
            }
            Ok(_) => return Some(SealFlaw::NotEncrypted),
            Err(_) => (),
        }
        let in_one_run: String = text.split_ascii_whitespace().collect();
        if STANDARD.decode(&in_one_run).is_ok() {
            return Some(SealFlaw::LineBreaks);
        }
        // Short words can consist of the alphabets' letters by chance, so only a text that can be
        // opened counts.
        if [&STANDARD_UNPADDED, &URL_SAFE]
            .into_iter()
            .any(|base64| base64.decode(&in_one_run).is_ok_and(|b| self.opens_somehow(&b)))
        {
            return Some(SealFlaw::OtherBase64);
        }
        hex::decode(&in_one_run)
            .ok()
            .filter(|bytes| self.opens_somehow(bytes))
            .map(|_| SealFlaw::Hexadecimal)
    }

    /// Whether the bytes were sealed with this key, correctly or with one of the known mistakes.
    fn opens_somehow(&self, sealed: &[u8]) -> bool {
        self.diagnose_sealed(sealed) != SealFlaw::Unknown
    }

    fn opens(&self, nonce: [u8; IV_BYTES], sealed: &[u8]) -> bool {
        self.cipher().decrypt(&Nonce::from(nonce), sealed).is_ok()
    }

    fn opens_by_12(&self, vector: &[u8], sealed: &[u8]) -> bool {
        let cipher =
            Aes128Gcm::new_from_slice(self.key.as_slice()).expect("an AES-128 key has 16 bytes");
        let nonce = vector.first_chunk::<12>().map(|nonce| Nonce::from(*nonce));
        nonce.is_some_and(|nonce| cipher.decrypt(&nonce, sealed).is_ok())
    }

    fn opens_by_own_nonce(&self, sealed: &[u8]) -> bool {
        let by_16 = sealed
            .split_first_chunk::<IV_BYTES>()
            .is_some_and(|(nonce, rest)| self.opens(*nonce, rest));
        by_16
            || sealed
                .split_at_checked(12)
                .is_some_and(|(nonce, rest)| self.opens_by_12(nonce, rest))
    }

    /// GCM without checking the tag: encrypting zeros gives the key stream.
    fn decrypted_unchecked(&self, nonce: [u8; IV_BYTES], text: &[u8]) -> Vec<u8> {
        let zeros = vec![0; text.len()];
        let stream =
            self.cipher().encrypt(&Nonce::from(nonce), zeros.as_slice()).unwrap_or_default();
        text.iter().zip(stream).map(|(byte, mask)| byte ^ mask).collect()
    }

    fn opens_by_cbc(&self, vector: [u8; IV_BYTES], sealed: &[u8]) -> bool {
        let key: &[u8; 16] = &self.key;
        let mut buffer = sealed.to_vec();
        let opened = cbc::Decryptor::<aes::Aes128>::new(key.into(), (&vector).into())
            .decrypt_padded_mut::<Pkcs7>(&mut buffer);
        opened.is_ok_and(is_json)
    }
}

fn tag_moved_to_the_end(sealed: &[u8]) -> Option<Vec<u8>> {
    let (tag, text) = sealed.split_at_checked(TAG_BYTES)?;
    Some([text, tag].concat())
}

/// Only objects count: a single digit is JSON too, and occurs in dozens of random bytes.
fn is_json(text: &[u8]) -> bool {
    matches!(serde_json::from_slice(text), Ok(Value::Object(_)))
}

const STANDARD_UNPADDED: GeneralPurpose = GeneralPurpose::new(&STANDARD_ALPHABET, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE_ALPHABET, ANY_PADDING);
const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

const TAG_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use aes_gcm::aead::Payload;
    use cbc::cipher::BlockEncryptMut;

    use super::*;

    #[test]
    fn names_what_was_done_instead_of_sealing() {
        let request = request();
        let sealed = rightly(&request);
        let base64 = STANDARD.encode(&sealed);
        let lines = format!("{}\n{}\n", &base64[..20], &base64[20..]);
        let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&sealed);
        let cases = [
            (SealFlaw::Empty, Vec::new()),
            (SealFlaw::NotEncrypted, REPLY.to_vec()),
            (SealFlaw::NotEncrypted, br#""an error""#.to_vec()),
            (SealFlaw::OnlyEncoded, STANDARD.encode(REPLY).into_bytes()),
            (SealFlaw::Quoted, format!("\"{base64}\"").into_bytes()),
            (
                SealFlaw::WrappedInJson,
                format!(r#"{{"encrypted_response":"{base64}"}}"#).into_bytes(),
            ),
            (SealFlaw::LineBreaks, lines.into_bytes()),
            (SealFlaw::OtherBase64, url_safe.into_bytes()),
            (SealFlaw::Hexadecimal, hex::encode(&sealed).into_bytes()),
            (SealFlaw::RawBytes, sealed),
            (SealFlaw::NotBase64, b"<html>Internal Server Error</html>".to_vec()),
        ];

        for (flaw, body) in cases {
            assert_eq!(request.diagnose(&body), flaw, "{}", String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn names_what_was_sealed_in_another_way() {
        let request = request();
        let ExchangeKey { key, iv } = &request.exchange;
        let inverted = iv.map(|byte| !byte);
        let by_12 = |nonce: &[u8; 16]| {
            let nonce = Nonce::from(*nonce.first_chunk::<12>().unwrap());
            Aes128Gcm::new_from_slice(key.as_slice()).unwrap().encrypt(&nonce, REPLY).unwrap()
        };
        let mut text = rightly(&request);
        let tag = text.split_off(REPLY.len());
        let with_aad = request
            .exchange
            .cipher()
            .encrypt(&Nonce::from(inverted), Payload { msg: REPLY, aad: b"flow" })
            .unwrap();
        let key_bytes: &[u8; 16] = key;
        let mut by_cbc = [REPLY, &[0; 16]].concat();
        let cipher = cbc::Encryptor::<aes::Aes128>::new(key_bytes.into(), (&inverted).into());
        let length = cipher.encrypt_padded_mut::<Pkcs7>(&mut by_cbc, REPLY.len()).unwrap().len();
        by_cbc.truncate(length);
        let cases = [
            (SealFlaw::IvNotInverted, seal(&request, *iv, REPLY)),
            (SealFlaw::TwelveByteNonce, by_12(&inverted)),
            (SealFlaw::TwelveByteNonceNotInverted, by_12(iv)),
            (SealFlaw::OwnNonce, [vec![7; 16], seal(&request, [7; 16], REPLY)].concat()),
            (SealFlaw::OwnNonce, [vec![7; 12], by_12(&[7; 16])].concat()),
            (SealFlaw::TagInFront, [tag, text.clone()].concat()),
            (SealFlaw::TagMissing, text),
            (SealFlaw::TagWrong, with_aad),
            (SealFlaw::CbcMode, by_cbc),
            (SealFlaw::NotJson, seal(&request, inverted, b"pong")),
            (SealFlaw::Unknown, rightly(&self::request())),
            (SealFlaw::Unknown, vec![0; 3]),
        ];

        for (flaw, sealed) in cases {
            assert_eq!(request.diagnose(STANDARD.encode(sealed).as_bytes()), flaw);
        }
    }

    fn request() -> SealedRequest {
        SealedRequest {
            body: Vec::new(),
            signature: String::new(),
            exchange: ExchangeKey::random(),
        }
    }

    fn rightly(request: &SealedRequest) -> Vec<u8> {
        seal(request, request.exchange.iv.map(|byte| !byte), REPLY)
    }

    fn seal(request: &SealedRequest, nonce: [u8; IV_BYTES], text: &[u8]) -> Vec<u8> {
        request.exchange.cipher().encrypt(&Nonce::from(nonce), text).unwrap()
    }

    const REPLY: &[u8] = br#"{"screen":"WELCOME","data":{"greeting":"Hello, and welcome"}}"#;
}
