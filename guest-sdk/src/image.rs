//! Images for a screen: in base64, within what WhatsApp shows.
//!
//! ```
//! use flowhost_sdk::{Error, Reply, http, image, json};
//!
//! fn dish(url: &str) -> Result<Reply, Error> {
//!     let photo = http::Request::get(url).send()?;
//!     Ok(Reply::screen("DISH").data(json!({ "photo": image::encode(photo.bytes(), image::SCREEN)? })))
//! }
//! # assert!(dish("https://img.example.com/1").is_err());
//! ```
//!
//! A phone loads no image from an address, so a reply carries its bytes. **A whole reply has 256
//! KiB** by a flow's default limits (`reply_bytes`), which can be raised to 1 MiB, the most that
//! WhatsApp takes. Base64 makes four bytes of three, so without that all images of a reply together
//! have 190 KB at most. Let your API make them small.

use std::fmt;

use base64ct::{Base64, Encoding};

/// The most bytes of an `Image` or of one in an `ImageCarousel`: 300 KB. A screen has three
/// `Image`s, and two carousels of three images each (Meta's reference of Flow components, which
/// recommends the size of an `Image` and gives none for a carousel).
pub const SCREEN: usize = 300_000;
/// The most bytes of an image of an option, in a Dropdown, a RadioButtonsGroup, a CheckboxGroup or
/// a NavigationList: 100 KB from Flow JSON 6.0 on. Of a larger one, the phone shows a placeholder
/// (Meta's reference of Flow components).
pub const OPTION: usize = 100_000;

/// The image in base64, as `src` of an `Image` and `image` of an option take it.
///
/// Takes a JPEG, a PNG or a WebP file, and looks at its first bytes only. WebP is shown in options
/// alone, and not by iOS before 14, so a JPEG or a PNG is the safe choice.
///
/// # Errors
///
/// [`Error::TooLarge`] if the file has more than `most` bytes, usually [`SCREEN`] or [`OPTION`], and
/// [`Error::NoImage`] if it is of another kind. With `?` they are internal errors. An option can do
/// without an image: `.ok()` leaves it out.
pub fn encode(file: &[u8], most: usize) -> Result<String, Error> {
    if !is_image(file) {
        return Err(Error::NoImage);
    }
    if file.len() > most {
        return Err(Error::TooLarge { bytes: file.len(), most });
    }
    Ok(Base64::encode_string(file))
}

fn is_image(file: &[u8]) -> bool {
    let is_webp = file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP");
    file.starts_with(JPEG) || file.starts_with(PNG) || is_webp
}

/// Why a file is not an image for a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It is neither a JPEG nor a PNG nor a WebP file.
    NoImage,
    /// It has more bytes than the phone shows.
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoImage => {
                formatter.write_str("the file is no image that WhatsApp shows: JPEG, PNG or WebP")
            }
            Error::TooLarge { bytes, most } => {
                write!(formatter, "the image has {bytes} bytes, but WhatsApp shows {most} at most")
            }
        }
    }
}

impl std::error::Error for Error {}

/// The marker that begins an image, and the first byte of the next marker.
const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
/// The signature of RFC 2083, section 3.1.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn file(begin: &[u8], bytes: usize) -> Vec<u8> {
        let mut file = begin.to_vec();
        file.resize(bytes, 0);
        file
    }

    #[test]
    fn an_image_is_encoded_with_padding_and_no_line_breaks() {
        assert_eq!(encode(PNG, SCREEN).unwrap(), "iVBORw0KGgo=");
        assert_eq!(encode(&file(JPEG, 4), OPTION).unwrap(), "/9j/AA==");
        assert_eq!(encode(b"RIFF\0\0\0\0WEBP", OPTION).unwrap(), "UklGRgAAAABXRUJQ");
        let long = encode(&file(JPEG, 90_000), OPTION).unwrap();
        assert!(long.len() == 120_000 && long.is_ascii() && !long.contains(['\n', '\r']));
    }

    #[test]
    fn one_byte_too_many_is_refused_with_both_numbers() {
        assert!(encode(&file(PNG, OPTION), OPTION).is_ok());
        let error = encode(&file(PNG, OPTION + 1), OPTION).unwrap_err();

        assert_eq!(
            error.to_string(),
            "the image has 100001 bytes, but WhatsApp shows 100000 at most"
        );
    }

    #[test]
    fn what_is_no_image_is_refused_whatever_its_size() {
        let pages: [&[u8]; 6] =
            [b"", b"<svg>", b"GIF89a", b"%PDF-1.7", b"RIFF\0\0\0\0WAVE", b"\xff\xd8"];
        for other in pages {
            assert_eq!(encode(other, SCREEN), Err(Error::NoImage));
        }
        assert_eq!(encode(&[b' '; OPTION + 1], OPTION), Err(Error::NoImage));
    }
}
