//! The photos of the damage. The order has what is known of them; the files themselves stay with
//! WhatsApp, whose keys for them belong into no state and no log.

use flowhost_sdk::{Error, log, media};
use serde::{Deserialize, Serialize};

use crate::words::Words;

/// How many photos an order has.
pub const MOST: usize = 3;

/// What the order says of a photo.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Photo {
    pub kind: String,
    pub bytes: usize,
    /// Tells photos apart; it does not prove that one is genuine.
    pub digest: String,
}

/// Fetches the photos one after another; the inner error is a text for the user.
pub fn fetch(
    picked: &[media::Reference],
    words: &Words,
) -> Result<Result<Vec<Photo>, String>, Error> {
    if picked.is_empty() || picked.len() > MOST {
        return Ok(Err(words.how_many_photos.to_owned()));
    }
    let mut photos = Vec::new();
    for (index, reference) in picked.iter().enumerate() {
        let problem = match media::fetch(reference) {
            Ok(file) => match look_at(&file) {
                Some(photo) => {
                    photos.push(photo);
                    continue;
                }
                None => words.photo_unreadable,
            },
            Err(media::Error::TooLarge) => words.photo_too_large,
            Err(error @ (media::Error::DownloadFailed(_) | media::Error::CheckFailed)) => {
                log::warn!("photo {}: {error}", index + 1);
                words.photo_unreadable
            }
            Err(other) => return Err(other.into()),
        };
        let which = reference.file_name().map_or_else(|| (index + 1).to_string(), str::to_owned);
        return Ok(Err(format!("{problem} {which}")));
    }
    Ok(Ok(photos))
}

/// None if this is no photo.
fn look_at(file: &[u8]) -> Option<Photo> {
    let kind = match file {
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
        _ => return None,
    };
    Some(Photo {
        kind: kind.to_owned(),
        bytes: file.len(),
        digest: format!("{:016x}", fnv1a(file)),
    })
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_are_known_by_their_first_bytes() {
        let kind = |file: &[u8]| look_at(file).map(|photo| photo.kind);
        assert_eq!(kind(b"\xff\xd8\xff\xe0").as_deref(), Some("jpeg"));
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n").as_deref(), Some("png"));
        assert_eq!(kind(b"RIFF\x04\0\0\0WEBPVP8 ").as_deref(), Some("webp"));
        for other in [&b""[..], b"\xff\xd8", b"GIF89a", b"%PDF-1.7"] {
            assert_eq!(kind(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_digest_is_fnv_1a() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
