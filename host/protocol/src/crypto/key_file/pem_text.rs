//! PEM as editors, shells and secret stores return it: newlines turned into spaces, written as
//! escapes, or removed; quoted; indented; in base64 once more. All of that can be undone, since
//! line breaks carry no information in PEM: base64 has neither spaces nor two hyphens in a row, and
//! a header's value has a known length.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::KeyFileError;

/// A PEM block whose data is not decoded yet.
pub(super) struct Block {
    label: String,
    body: Zeroizing<String>,
}

/// The data of a block.
pub(super) struct Content {
    /// How it is encrypted, if the block's headers say so (RFC 1421).
    pub(super) encryption: Option<Encryption>,
    /// DER, or its ciphertext.
    pub(super) data: Zeroizing<Vec<u8>>,
}

/// A block's `DEK-Info`.
pub(super) struct Encryption {
    /// OpenSSL's name of the cipher. It comes from the file.
    pub(super) cipher: String,
    pub(super) iv: Vec<u8>,
}

impl Block {
    /// Every block in a text. A block's end may be missing: truncated data is detected later.
    pub(super) fn all_in(text: &str) -> Vec<Self> {
        let text = without_escapes(text);
        let mut pieces = text
            .split("--")
            .map(|piece| piece.trim_matches('-'))
            .filter(|piece| !piece.trim().is_empty())
            .peekable();
        let mut blocks = Vec::new();
        while let Some(piece) = pieces.next() {
            let Some(label) = marked("BEGIN", piece) else { continue };
            let body =
                pieces.next_if(|piece| marked("BEGIN", piece).or(marked("END", piece)).is_none());
            blocks.push(Self { label, body: Zeroizing::new(body.unwrap_or_default().to_owned()) });
        }
        blocks
    }

    /// The label of its first line, with one space between words.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// Whether it has that label. Spaces do not count: whatever removed the newlines may have
    /// removed them too.
    pub(super) fn is(&self, label: &str) -> bool {
        compact(&self.label) == compact(label)
    }

    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.is(&other.label) && compact(&self.body) == compact(&other.body)
    }

    /// Decodes the data between its first and last line.
    pub(super) fn decode(&self) -> Result<Content, KeyFileError> {
        let body = compact(&self.body);
        let (encryption, base64) = split_headers(&body)?;
        let base64 = without_lost_backslashes(base64);
        if base64.is_empty() {
            return Err(damaged(
                "its first line is there and no data; a value of several lines may have lost the others",
            ));
        }
        let data =
            LENIENT.decode(base64.as_bytes()).map_err(|_| damaged(why_not_base64(&base64)))?;
        Ok(Content { encryption, data: Zeroizing::new(data) })
    }
}

/// Decodes the longest base64 in a text: behind a variable's name, inside JSON or YAML, or before a
/// last line whose first line is lost. Returns `None` if there is none, or too little of it for a
/// key.
pub(super) fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = without_escapes(text);
    let pieces = text
        .split("-----")
        .flat_map(|piece| piece.split(|char| !is_base64(char) && !is_filler(char)));
    // An `=` between two texts is not padding: it separates a name from its value.
    let values = pieces.filter_map(|piece| {
        piece.trim_end_matches(|char| char == '=' || is_filler(char)).rsplit('=').next()
    });
    let base64 = compact(values.max_by_key(|value| value.len())?);
    if base64.len() < LEAST_BASE64 {
        return None;
    }
    let base64 = Zeroizing::new(base64.replace('-', "+"));
    let base64 = Zeroizing::new(base64.replace('_', "/"));
    LENIENT.decode(base64.as_bytes()).ok().map(Zeroizing::new)
}

/// Decodes bytes as text: UTF-8, or UTF-16 as Windows writes it. Returns `None` if they are
/// neither.
pub(super) fn text_in(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let order = match bytes {
        [0xff, 0xfe, ..] | [b'-', 0, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] | [0, b'-', ..] => u16::from_be_bytes,
        _ => return std::str::from_utf8(bytes).ok().map(|text| Zeroizing::new(text.to_owned())),
    };
    let units = bytes.as_chunks().0.iter().map(|unit| order(*unit));
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 3 / 2));
    text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
    Some(text)
}

/// The label, if the piece is a block's first or last line.
fn marked(word: &str, piece: &str) -> Option<String> {
    let label = piece.trim().strip_prefix(word).filter(|label| label.len() <= MAX_LABEL_BYTES)?;
    Some(label.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Replaces escapes, with any number of backslashes, by what they stand for. Removes invisible
/// characters, and turns the dashes that word processors make of two hyphens back into two hyphens.
fn without_escapes(text: &str) -> Zeroizing<String> {
    // The output is never longer than the input, so the string does not reallocate and leaves no
    // copy of the key behind.
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                let escaped = chars.as_str().trim_start_matches('\\');
                let (meant, length) = match escaped.as_bytes().first() {
                    Some(b'n' | b'r' | b't') => (Some('\n'), 1),
                    Some(b'u') => {
                        ascii_of_hex(escaped, 1..5).map_or((None, 0), |char| (Some(char), 5))
                    }
                    // A slash or a quote, or the end of a line that is continued.
                    _ => (None, 0),
                };
                plain.extend(meant);
                chars = escaped[length..].chars();
            }
            '%' => match ascii_of_hex(chars.as_str(), 0..2) {
                Some(char) => {
                    plain.push(char);
                    chars = chars.as_str()[2..].chars();
                }
                None => plain.push('%'),
            },
            '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}' => {}
            '\u{2010}'..='\u{2015}' => plain.push_str("--"),
            other => plain.push(other),
        }
    }
    plain
}

/// The ASCII character that these hexadecimal digits stand for.
fn ascii_of_hex(text: &str, digits: std::ops::Range<usize>) -> Option<char> {
    let digits =
        text.get(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).filter(char::is_ascii)
}

/// Splits an encrypted block's two headers from its base64. The separator between IV and base64 may
/// be lost, so the IV's length follows from the cipher's name.
fn split_headers(body: &str) -> Result<(Option<Encryption>, &str), KeyFileError> {
    let Some((_, info)) = body.split_once("DEK-Info:") else {
        if body.contains("Proc-Type:") {
            return Err(damaged(
                "it says that it is encrypted and not how: its line DEK-Info is missing",
            ));
        }
        return Ok((None, body));
    };
    let (cipher, rest) =
        info.split_once(',').ok_or_else(|| damaged("its line DEK-Info has no vector"))?;
    let has_small_blocks =
        ["DES", "BF", "CAST", "RC2", "IDEA"].iter().any(|name| cipher.starts_with(name));
    let digits = if has_small_blocks { 16 } else { 32 };
    let (iv, base64) =
        rest.split_at_checked(digits).ok_or_else(|| damaged("it ends in its line DEK-Info"))?;
    let iv = hex::decode(iv).map_err(|_| damaged("the vector in its line DEK-Info is damaged"))?;
    Ok((Some(Encryption { cipher: cipher.to_owned(), iv }), base64))
}

/// Restores base64 whose newlines were written as `\n` until something, such as a shell, removed
/// the backslashes: an `n` stands before each line and after the last. No key begins like that.
fn without_lost_backslashes(base64: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(base64.replace(',', ""));
    for skipped in 1..=2 {
        let Some(lines) =
            plain.get(skipped..).filter(|_| plain.bytes().take(skipped).all(|byte| byte == b'n'))
        else {
            break;
        };
        let lines = lines.as_bytes().chunks(LINE_CHARS + 1).map(|line| line.strip_suffix(b"n"));
        let lines = lines
            .map(|line| line.and_then(|line| std::str::from_utf8(line).ok()))
            .collect::<Option<Vec<_>>>();
        if let Some(lines) = lines {
            plain = Zeroizing::new(lines.concat());
            break;
        }
    }
    plain
}

fn why_not_base64(text: &str) -> String {
    match text.chars().find(|char| !is_base64(*char)) {
        Some(char) => format!(
            "there is {char:?} in its data, which is no base64 then; the rest may be masked or cut away"
        ),
        None => "its base64 is cut or damaged".to_owned(),
    }
}

/// The text without characters that have no meaning in PEM.
fn compact(text: &str) -> Zeroizing<String> {
    let mut compact = Zeroizing::new(String::with_capacity(text.len()));
    compact.extend(text.chars().filter(|char| !is_filler(*char)));
    compact
}

fn is_filler(char: char) -> bool {
    char.is_whitespace() || matches!(char, '"' | '\'' | '`')
}

fn is_base64(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '+' | '/' | '=' | '-' | '_')
}

fn damaged(why: impl Into<String>) -> KeyFileError {
    KeyFileError::Damaged(why.into())
}

/// Padding may be lost: shells and URLs treat `=` specially.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// No key is this short, but a word may be.
const LEAST_BASE64: usize = 64;

/// The line length of every program that writes PEM, except those that write it in one line.
const LINE_CHARS: usize = 64;

/// Far longer than any label. A longer text is something else.
const MAX_LABEL_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::super::{parse_private_key, public_key_fingerprint};
    use super::*;

    /// What secret stores, shells and editors were seen to make of a file.
    const FORMS: [(&str, Form); 33] = [
        ("as it was", str::to_owned),
        ("without its last newline", |key| key.trim_end().to_owned()),
        ("with CRLF", |key| key.replace('\n', "\r\n")),
        ("with CR", |key| key.replace('\n', "\r")),
        ("with spaces for newlines", |key| key.replace('\n', " ")),
        ("with no newlines", |key| key.replace('\n', "")),
        ("with no white space at all", |key| key.split_whitespace().collect()),
        ("with tabs", |key| key.replace('\n', "\n\t")),
        ("in double quotes", |key| format!("\"{key}\"")),
        ("in single quotes", |key| format!("'{}'", key.trim_end())),
        ("in a line of .env", |key| format!("PRIVATE_KEY=\"{}\"\n", key.replace('\n', "\\n"))),
        ("indented", |key| key.lines().map(|line| format!("    {line}\n")).collect()),
        ("in YAML", |key| {
            format!(
                "private_key: |\n{}",
                key.lines().map(|line| format!("  {line}\n")).collect::<String>()
            )
        }),
        ("with spaces at the end of lines", |key| key.replace('\n', "  \n")),
        ("with an empty line between lines", |key| key.replace('\n', "\n\n")),
        ("with a byte order mark", |key| format!("\u{feff}{key}")),
        ("with spaces that don't break", |key| key.replace('\n', "\u{a0}\n")),
        ("with \\n written out", |key| key.replace('\n', "\\n")),
        ("with \\r\\n written out", |key| key.replace('\n', "\\r\\n")),
        ("with \\n escaped twice", |key| key.replace('\n', "\\\\n")),
        ("with \\n escaped three times", |key| key.replace('\n', "\\\\\\\\n")),
        ("with \\n of which a shell took the backslash", |key| key.replace('\n', "n")),
        ("in JSON", |key| serde_json::json!({ "private_key": key }).to_string()),
        ("in JSON with every sign escaped", |key| {
            let key = key
                .replace('\n', "\\u000a")
                .replace('/', "\\/")
                .replace('+', "\\u002B")
                .replace('=', "\\u003d");
            format!("{{\"key\":\"{key}\"}}")
        }),
        ("as a list of its lines", |key| {
            serde_json::json!(key.lines().collect::<Vec<_>>()).to_string()
        }),
        ("with what a URL escapes", |key| {
            key.replace('\n', "%0A").replace('+', "%2B").replace('=', "%3D")
        }),
        ("without padding", |key| key.replace("==", "").replace("=\n", "\n")),
        ("with other dashes", |key| key.replace("-----", "\u{2014}\u{2014}-")),
        ("in base64", |key| STANDARD.encode(key)),
        ("in base64 for URLs, with a variable's name", |key| {
            format!("export KEY='{}'\n", URL_SAFE_NO_PAD.encode(key))
        }),
        ("in base64 with lines", |key| {
            STANDARD
                .encode(key)
                .as_bytes()
                .chunks(76)
                .map(|line| [line, b"\n"].concat())
                .map(|line| String::from_utf8(line).unwrap())
                .collect()
        }),
        ("in base64 twice", |key| STANDARD.encode(STANDARD.encode(key))),
        ("as UTF-16, in base64", |key| {
            STANDARD.encode(
                format!("\u{feff}{key}")
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<_>>(),
            )
        }),
    ];

    type Form = fn(&str) -> String;

    #[test]
    fn reads_every_kind_of_key_in_every_form() {
        for (file, passphrase) in keys() {
            for (form, make) in FORMS {
                reads(&make(&file), passphrase.as_deref(), form);
            }
        }
    }

    #[test]
    fn reads_two_forms_on_top_of_each_other() {
        let (file, passphrase) = &keys()[2];
        for (one, make) in FORMS {
            let made = make(file);
            for (other, make_other) in FORMS {
                // These two depend on the lines of PEM.
                let is_whole =
                    made.starts_with("-----BEGIN") && made.lines().count() == file.lines().count();
                if !is_whole && ["took", "list"].iter().any(|word| other.contains(word)) {
                    continue;
                }
                reads(&make_other(&made), passphrase.as_deref(), &format!("{one}, then {other}"));
            }
        }
    }

    #[test]
    fn reads_the_private_key_of_a_file_that_holds_more() {
        let (public, certificate) =
            (fixture("vectors/keys/public.pem"), fixture("keys/certificate.pem"));
        for (file, passphrase) in keys() {
            let attributes =
                "Bag Attributes\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n";
            for more in [
                format!("{public}{file}"),
                format!("{file}{public}"),
                format!("{certificate}{certificate}{file}"),
                format!("{attributes}{file}{attributes}{certificate}"),
                format!("{file}{file}"),
                format!("# made for acme -- keep it\n{file}"),
            ] {
                reads(&more, passphrase.as_deref(), &more[..40]);
                reads(&more.replace('\n', " "), passphrase.as_deref(), &more[..40]);
                reads(&STANDARD.encode(more), passphrase.as_deref(), "in base64");
            }
        }
    }

    #[test]
    fn reads_an_encrypted_key_without_the_line_between_headers_and_data() {
        let (file, passphrase) = &keys()[2];
        for lost in
            [file.replace("\n\n", "\n"), file.replace("\n\n", ""), file.replace("\n\n", "\\n")]
        {
            assert_ne!(lost, *file);
            reads(&lost, passphrase.as_deref(), &lost);
        }
    }

    #[test]
    fn reads_what_another_kinds_first_line_stands_on() {
        for (file, passphrase) in keys() {
            for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
                let found = Block::all_in(&file)[0].label().to_owned();
                let relabelled = file.replace(&format!(" {found}-----"), &format!(" {label}-----"));
                reads(&relabelled, passphrase.as_deref(), label);
            }
        }
    }

    #[test]
    fn reads_der_in_base64() {
        for (file, passphrase) in keys().into_iter().filter(|(file, _)| !file.contains("Proc-Type"))
        {
            let der = pem::parse(&file).unwrap().into_contents();
            reads(&STANDARD.encode(&der), passphrase.as_deref(), "in one line");
            reads(&STANDARD.encode(STANDARD.encode(&der)), passphrase.as_deref(), "twice");
            reads(
                &format!("KEY={}\n", STANDARD.encode(&der)),
                passphrase.as_deref(),
                "with a name",
            );
            reads(
                file.split_once('\n').unwrap().1,
                passphrase.as_deref(),
                "without its first line",
            );
        }
    }

    #[test]
    fn reads_utf_16_of_either_byte_order_with_and_without_its_mark() {
        let (file, _) = &keys()[0];
        for text in [file.clone(), format!("\u{feff}{file}")] {
            for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                let bytes: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
                reads(&STANDARD.encode(bytes), None, "UTF-16");
            }
        }
    }

    #[test]
    fn characters_that_nobody_sees_are_ignored() {
        let (file, _) = &keys()[0];
        for hidden in ['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}'] {
            let file = file.replace("BEGIN", &format!("BE{hidden}GIN"));
            reads(&file.replace("MII", &format!("M{hidden}II")), None, &format!("{hidden:?}"));
        }
    }

    #[test]
    fn a_public_key_is_read_in_every_form_but_base64() {
        let public = fixture("vectors/keys/public.pem");
        let fingerprint = public_key_fingerprint(&public);
        assert!(fingerprint.is_some());
        for (form, make) in FORMS.into_iter().filter(|(form, _)| !form.contains("base64")) {
            assert_eq!(public_key_fingerprint(&make(&public)), fingerprint, "{form}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(pieces in proptest::collection::vec(prop::sample::select(PIECES.to_vec()), 0..30), other in ".{0,20}") {
            let text = pieces.concat() + &other;
            prop_assert!(parse_private_key(&text, Some("x")).is_err());
            prop_assert_eq!(public_key_fingerprint(&text), None);
            prop_assert!(parse_private_key(&STANDARD.encode(&text), None).is_err());
        }
    }

    const PIECES: [&str; 24] = [
        "-----",
        "--",
        "-",
        "BEGIN ",
        "END ",
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "PUBLIC KEY",
        "OPENSSH PRIVATE KEY",
        "CERTIFICATE",
        "Proc-Type: 4,ENCRYPTED",
        "DEK-Info: ",
        "AES-256-CBC,",
        "DES-CBC",
        "0123456789ABCDEF",
        "\n",
        "\\",
        "\\n",
        "\\u00",
        "%0",
        "n",
        "é",
        "MIIE",
        "\u{feff}",
    ];

    #[track_caller]
    fn reads(file: &str, passphrase: Option<&str>, form: &str) {
        let pair = parse_private_key(file, passphrase)
            .unwrap_or_else(|error| panic!("{form}: {error}\n{file:.300}"));
        assert_eq!(pair.public_pem, fixture("vectors/keys/public.pem"), "{form}");
    }

    /// The same key in PKCS#8 and PKCS#1, plain and encrypted.
    fn keys() -> Vec<(String, Option<String>)> {
        let judge: serde_json::Value =
            serde_json::from_str(&fixture("vectors/exchanges.json")).unwrap();
        let passphrase = judge["passphrase"].as_str().map(str::to_owned);
        [
            ("private.pkcs8.pem", &None),
            ("private.pkcs1.pem", &None),
            ("private.pkcs1.aes256.pem", &passphrase),
            ("private.pkcs1.des3.pem", &passphrase),
            ("private.pkcs8.aes256.pem", &passphrase),
        ]
        .map(|(file, passphrase)| (fixture(&format!("vectors/keys/{file}")), passphrase.clone()))
        .into()
    }

    fn fixture(name: &str) -> String {
        std::fs::read_to_string(format!(
            "{}/../../tests/fixtures/{name}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap()
    }
}
