//! Pictures. They come from the Flow JSON or the endpoint as base64, and are untrusted.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde_json::Value;

use super::expression::shown;
use super::field::Properties;

/// A picture of a component, of a choice or within a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Its alternative text. May be empty.
    pub alternative: String,
    /// Its width in the phone's units, if it says one.
    pub width: Option<f64>,
    /// Its height in the phone's units, if it says one.
    pub height: Option<f64>,
    /// Its width divided by its height, if it says so. It matters without a height.
    pub aspect_ratio: Option<f64>,
    /// Whether it is cut to fill its place, rather than made small enough for it.
    pub covers: bool,
    /// The base64, perhaps after `data:image/..;base64,`.
    source: String,
}

/// Pictures side by side, of which one is seen at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Carousel {
    /// From the first to the last.
    pub pictures: Vec<Picture>,
    /// Whether each is four units wide and three high, rather than sixteen and nine.
    pub is_four_to_three: bool,
}

impl Picture {
    /// The picture of an `Image`.
    pub(super) fn of(image: &Properties<'_>) -> Self {
        Self {
            width: image.measure("width"),
            height: image.measure("height"),
            aspect_ratio: image.measure("aspect-ratio"),
            covers: image.text("scale-type") == COVER,
            ..Self::from(image.text("src"), image.text("alt-text"))
        }
    }

    /// A picture of the size that its place has. `source` is base64, or a `data:` URI.
    pub(super) fn from(source: String, alternative: String) -> Self {
        Self { source, alternative, ..Self::default() }
    }

    /// The picture in a member of a record, if there is one.
    pub(super) fn within(record: &Value, name: &str) -> Option<Self> {
        let source = record.get(name).map(shown).filter(|source| !source.is_empty())?;
        Some(Self::from(source, record.get("alt-text").map(shown).unwrap_or_default()))
    }

    /// The picture as a `data:` URI that names the type of its bytes, which is one of PNG, JPEG,
    /// WebP and GIF, whatever the source said. `None` if it is none of them, not base64, or too
    /// large.
    pub fn data_uri(&self) -> Option<String> {
        let source = self.source.trim();
        let written = match source.strip_prefix("data:") {
            Some(uri) => uri.split_once(";base64,")?.1,
            None => source,
        };
        if written.len() > MAX_BYTES.div_ceil(3) * 4 {
            return None;
        }
        let bytes = LENIENT.decode(written).ok()?;
        let media_type = media_type(&bytes)?;
        Some(format!("data:{media_type};base64,{}", STANDARD.encode(&bytes)))
    }
}

impl Carousel {
    pub(super) fn of(carousel: &Properties<'_>) -> Self {
        let images = carousel.value("images").unwrap_or_default();
        let covers = carousel.text("scale-type") == COVER;
        let picture = |image: &Value| {
            let alternative = || image.get("alt-text").map(shown).unwrap_or_default();
            let picture = Picture::within(image, "src")
                .unwrap_or_else(|| Picture::from(String::new(), alternative()));
            Picture { covers, ..picture }
        };
        Self {
            pictures: images.as_array().into_iter().flatten().map(picture).collect(),
            is_four_to_three: carousel.text("aspect-ratio") != "16:9",
        }
    }
}

/// The type of a picture, by its first bytes.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// A `scale-type`; the other one, `contain`, is the usual one.
const COVER: &str = "cover";

/// More than any picture that WhatsApp shows: a whole answer may have 1 MB (`protocol.md`).
const MAX_BYTES: usize = 1 << 20;

/// Phones take base64 without its padding, too.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scope::tests::with_scope;
    use super::*;
    use flowhost_flow_json::Component;

    fn uri(source: &str) -> Option<String> {
        Picture::from(source.to_owned(), String::new()).data_uri()
    }

    #[test]
    fn the_bytes_say_what_a_picture_is() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\n.."[..], "png"),
            (b"\xff\xd8\xff\xe0", "jpeg"),
            (b"GIF89a", "gif"),
            (b"RIFF\x01\0\0\0WEBPVP8 ", "webp"),
        ] {
            let base64 = STANDARD.encode(bytes);
            let due = Some(format!("data:image/{media_type};base64,{base64}"));
            assert_eq!(uri(&base64), due);
            assert_eq!(uri(base64.trim_end_matches('=')), due, "without padding");
            assert_eq!(uri(&format!("data:image/svg+xml;base64,{base64}")), due);
        }
    }

    #[test]
    fn components_say_how_large_a_picture_is_and_how_it_fits() {
        let written = |written: Value, read: fn(&Properties<'_>) -> Vec<Picture>| {
            let written = Component::of(&written).unwrap();
            with_scope(json!({"src": "R0lGODlh"}), json!({}), |scope| {
                read(&Properties { written, scope })
            })
        };
        let image = json!({"type": "Image", "src": "${data.src}", "width": 20, "height": "-1", "aspect-ratio": 1.5, "scale-type": "cover", "alt-text": "x"});
        let images = json!([{"src": "${data.src}", "alt-text": "one"}, {"alt-text": "two"}]);
        let carousel = json!({"type": "ImageCarousel", "images": images, "scale-type": "cover"});

        let image = written(image, |image| vec![Picture::of(image)]).remove(0);
        assert_eq!((image.width, image.height, image.aspect_ratio), (Some(20.0), None, Some(1.5)));
        assert!(image.covers && image.data_uri().is_some());
        let pictures = written(carousel, |carousel| Carousel::of(carousel).pictures);
        let said = pictures.iter().map(|picture| {
            (picture.alternative.as_str(), picture.covers, picture.data_uri().is_some())
        });
        assert_eq!(said.collect::<Vec<_>>(), [("one", true, true), ("two", true, false)]);
    }

    #[test]
    fn what_is_no_picture_has_no_address() {
        let svg = STANDARD.encode("<svg onload=\"alert(1)\"/>");
        let large = STANDARD.encode([&b"GIF89a"[..], &vec![0; MAX_BYTES]].concat());
        for source in [
            "",
            "aGk=",
            "GIF89a",
            "https://example.com/a.png",
            "data:text/html,<script>",
            &svg,
            &format!("data:image/svg+xml;base64,{svg}"),
            &large,
        ] {
            assert_eq!(uri(source), None, "{source:.40}");
        }
    }
}
