//! What a key file holds: its one private key, or something else, described for a user who took the
//! wrong file.

use serde::Deserialize;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use super::KeyFileError;
use super::der_shape::Shape;
use super::pem_text::{Block, Content, decoded, text_in};

/// Finds the private key: in PEM, in DER that is base64, or in either of them encoded in base64
/// once more.
pub(super) fn private_key_in(file: &str) -> Result<Content, KeyFileError> {
    let mut text = Zeroizing::new(file.to_owned());
    // Each pass shortens the text by a quarter at least.
    loop {
        refuse_json(&text)?;
        let blocks = Block::all_in(&text);
        if !blocks.is_empty() {
            return private_key_of(&blocks);
        }
        let Some(bytes) = decoded(&text) else { return Err(no_pem(&text)) };
        match text_in(&bytes) {
            Some(inside) => text = inside,
            None => return private_key_of_binary(bytes),
        }
    }
}

fn private_key_of(blocks: &[Block]) -> Result<Content, KeyFileError> {
    let mut private: Vec<&Block> =
        blocks.iter().filter(|block| PRIVATE_KEYS.iter().any(|label| block.is(label))).collect();
    private.dedup_by(|one, other| one.same_as(other));
    match private.as_slice() {
        [] => Err(no_private_key(blocks)),
        [key] => {
            let content = key.decode()?;
            match content.encryption {
                Some(_) => Ok(content),
                None => refuse_other_shapes(content),
            }
        }
        several => Err(KeyFileError::Several(several.len())),
    }
}

/// The error for blocks without a private key, by the block that tells most.
fn no_private_key(blocks: &[Block]) -> KeyFileError {
    let any =
        |labels: &[&str]| blocks.iter().any(|block| labels.iter().any(|label| block.is(label)));
    let all =
        |labels: &[&str]| blocks.iter().all(|block| labels.iter().any(|label| block.is(label)));
    let openssh = blocks.iter().find(|block| block.is("OPENSSH PRIVATE KEY"));
    if let Some(block) = openssh {
        return openssh_key(block);
    }
    if any(&["EC PRIVATE KEY", "EC PARAMETERS", "DSA PRIVATE KEY", "DSA PARAMETERS"]) {
        return KeyFileError::NotRsa;
    }
    if any(&["SSH2 ENCRYPTED PRIVATE KEY"]) {
        return other("a private key as ssh.com's programs write it", FROM_PUTTY);
    }
    if blocks.iter().any(|block| block.label().starts_with("PGP ")) {
        return other("a PGP key or message", MAKE_ONE);
    }
    if all(&["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"]) {
        return KeyFileError::Certificate;
    }
    if all(&["PUBLIC KEY", "RSA PUBLIC KEY", "SSH2 PUBLIC KEY"]) {
        return KeyFileError::PublicKey;
    }
    let labels: Vec<_> =
        blocks.iter().take(MAX_LABELS).map(|block| format!("{:?}", block.label())).collect();
    other(format!("PEM with no private key in it: {}", labels.join(", ")), PEM_WANTED)
}

/// OpenSSH's own format names the type of key before the encrypted part.
fn openssh_key(block: &Block) -> KeyFileError {
    match block.decode() {
        Ok(content) if content.data.windows(7).any(|name| name == b"ssh-rsa") => other(
            "a private key in OpenSSH's own form",
            "rewrite it as PEM: chmod 600 FILE && ssh-keygen -p -m PEM -f FILE",
        ),
        Ok(_) => KeyFileError::NotRsa,
        Err(damaged) => damaged,
    }
}

/// Binary data that came in base64.
fn private_key_of_binary(bytes: Zeroizing<Vec<u8>>) -> Result<Content, KeyFileError> {
    match bytes.as_slice() {
        [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => {
            Err(other("a Java key store", FROM_KEY_STORE))
        }
        _ => refuse_other_shapes(Content { encryption: None, data: bytes }),
    }
}

/// Returns the content if its shape can be that of a private key.
fn refuse_other_shapes(content: Content) -> Result<Content, KeyFileError> {
    match Shape::of(&content.data) {
        Shape::Certificate => Err(KeyFileError::Certificate),
        Shape::NotRsa => Err(KeyFileError::NotRsa),
        Shape::PublicKey => Err(KeyFileError::PublicKey),
        Shape::Pkcs12 => Err(other("a PKCS#12 store", FROM_PKCS12)),
        Shape::Unknown => Err(other("base64 of binary data that is no key", PEM_WANTED)),
        Shape::Cut { .. } | Shape::EncryptedPkcs8 | Shape::Pkcs1 | Shape::Pkcs8 => Ok(content),
    }
}

/// Refuses JSON that holds a key of another kind. Other JSON may be a secret store's wrapping of a
/// key.
fn refuse_json(text: &str) -> Result<(), KeyFileError> {
    // Borrows, so that nothing is copied out of the text.
    #[derive(Deserialize)]
    struct Json<'a> {
        kty: Option<IgnoredAny>,
        #[serde(rename = "type", borrow)]
        kind: Option<&'a str>,
    }
    match serde_json::from_str::<Json<'_>>(text.trim()) {
        Ok(Json { kty: Some(_), .. }) => Err(other("a JSON Web Key", FROM_JWK)),
        Ok(Json { kind: Some("service_account"), .. }) => Err(other(
            "the JSON of a Google service account, whose private_key is what it logs in with",
            "a key for WhatsApp Flows should be one of its own: openssl genrsa -out private.pem 2048",
        )),
        _ => Ok(()),
    }
}

/// The error for text without a PEM block and without base64. It shows nothing of the text, which
/// may be a key all the same.
fn no_pem(text: &str) -> KeyFileError {
    let text = text.trim_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
    let is_ssh = |name: &str| text.starts_with(name);
    match text {
        "" => other("an empty file", PEM_WANTED),
        _ if text.starts_with("PuTTY-User-Key-File") => {
            let is_rsa =
                text.lines().next().is_some_and(|line| line.trim_end().ends_with("ssh-rsa"));
            if is_rsa { other("a private key of PuTTY", FROM_PUTTY) } else { KeyFileError::NotRsa }
        }
        _ if ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-"].into_iter().any(is_ssh) => {
            KeyFileError::PublicKey
        }
        _ if text.contains("<RSAKeyValue>") => other(
            "an RSA key in XML, as .NET wrote it",
            "export it as PEM there: RSA.ExportPkcs8PrivateKeyPem",
        ),
        _ if text.starts_with(['{', '[']) => {
            other("JSON or the like, without PEM in it", PEM_WANTED)
        }
        _ => other(
            format!("text of {} characters, neither PEM nor base64 of it", text.chars().count()),
            PEM_WANTED,
        ),
    }
}

fn other(found: impl Into<String>, advice: &'static str) -> KeyFileError {
    KeyFileError::NoPrivateKey { found: found.into(), advice }
}

/// Labels of keys that are supported. Each of them was seen on content that should have had another
/// one of them.
const PRIVATE_KEYS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];

/// The most labels that an error names.
const MAX_LABELS: usize = 5;

const PEM_WANTED: &str = "give the RSA private key in PEM form, which begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----";
const MAKE_ONE: &str = "WhatsApp Flows need an RSA key with 2048 bits in PEM form: openssl genrsa -out private.pem 2048";
const FROM_PUTTY: &str = "write it as PEM: puttygen FILE -O private-openssh -o private.pem";
const FROM_PKCS12: &str = "write its private key as PEM: openssl pkcs12 -in FILE -nocerts -nodes -out private.pem (with OpenSSL 3, an older store needs -legacy too)";
const FROM_KEY_STORE: &str = "write its private key as PEM: keytool -importkeystore -srckeystore FILE -destkeystore store.p12 -deststoretype PKCS12 \
    && openssl pkcs12 -in store.p12 -nocerts -nodes -out private.pem";
const FROM_JWK: &str = "write it as PEM: node -e 'const k = JSON.parse(fs.readFileSync(0)); \
    console.log(crypto.createPrivateKey({key: k, format: \"jwk\"}).export({type: \"pkcs8\", format: \"pem\"}))' < FILE > private.pem";

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::super::parse_private_key;
    use super::*;

    #[test]
    fn says_what_is_there_in_place_of_a_key_and_what_to_do() {
        for (file, found, advice) in [
            ("", "an empty file", "-----BEGIN PRIVATE KEY-----"),
            (" \u{feff}\n\n", "an empty file", "-----BEGIN PRIVATE KEY-----"),
            ("hunter2", "text of 7 characters", "PEM"),
            ("/run/secrets/private.pem", "text of 24 characters", "PEM"),
            ("{\"password\":\"hunter2\"}", "JSON", "PEM"),
            (&ours("openssh.pem"), "OpenSSH", "ssh-keygen -p -m PEM -f FILE"),
            (&ours("openssh.encrypted.pem"), "OpenSSH", "ssh-keygen -p -m PEM -f FILE"),
            (&ours("putty.ppk"), "PuTTY", "puttygen FILE -O private-openssh"),
            (&ours("ssh2.pem"), "ssh.com", "puttygen FILE -O private-openssh"),
            (&ours("key.jwk"), "JSON Web Key", "createPrivateKey"),
            (
                &ours("service-account.json"),
                "Google service account, whose private_key",
                "openssl genrsa",
            ),
            (
                "<RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue>",
                ".NET",
                "ExportPkcs8PrivateKeyPem",
            ),
            (
                "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ==\n-----END PGP PRIVATE KEY BLOCK-----",
                "PGP",
                "openssl genrsa",
            ),
            (
                "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----",
                "\"CERTIFICATE REQUEST\"",
                "PEM",
            ),
            (&binary("store.p12"), "PKCS#12", "openssl pkcs12"),
            (&binary("store.jks"), "Java key store", "keytool"),
            (&STANDARD.encode([0xc7; 90]), "base64 of binary data", "PEM"),
            // A word of 63 letters is no key, and 64 may be one.
            (&STANDARD.encode([0xc7; 48]), "base64 of binary data", "PEM"),
            (&STANDARD.encode([0xc7; 48])[1..], "text of 63 characters", "PEM"),
        ] {
            let KeyFileError::NoPrivateKey { found: shown, advice: shown_advice } =
                parse_private_key(file, None).unwrap_err()
            else {
                panic!("{found}");
            };
            assert!(
                shown.contains(found) && shown_advice.contains(advice),
                "{found}: {shown}; {shown_advice}"
            );
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        for (file, why) in [
            (
                "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB me@example.org".to_owned(),
                KeyFileError::PublicKey,
            ),
            (
                STANDARD.encode(pem::parse(vectors("public.pem")).unwrap().contents()),
                KeyFileError::PublicKey,
            ),
            (
                vectors("public.pem") + &ours("certificate.pem"),
                other("PEM with no private key in it: \"PUBLIC KEY\", \"CERTIFICATE\"", PEM_WANTED),
            ),
            (ours("openssh.ed25519.pem"), KeyFileError::NotRsa),
            (ours("putty.ppk").replace("ssh-rsa", "ssh-ed25519"), KeyFileError::NotRsa),
            (
                vectors("private.pkcs8.pem") + &vectors("other.private.pkcs8.pem"),
                KeyFileError::Several(2),
            ),
        ] {
            assert_eq!(parse_private_key(&file, None).unwrap_err(), why);
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_damaged_key_and_shows_nothing_of_it() {
        let key = vectors("private.pkcs8.pem");
        let lines: Vec<&str> = key.lines().collect();
        for (file, why) in [
            (lines[0].to_owned(), "no data"),
            (lines[..10].join("\n"), "432 of its 1218 bytes"),
            ([&lines[..10], &lines[lines.len() - 1..]].concat().join("\n"), "432 of its 1218 bytes"),
            (key.replace(lines[5], "****"), "'*'"),
            (key.replace(lines[5], "[..]"), "'['"),
            (key.replace(lines[5], "A"), "damaged"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----".to_owned(),
                "DEK-Info",
            ),
            ("-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,00\n-----END RSA PRIVATE KEY-----".to_owned(), "DEK-Info"),
        ] {
            let KeyFileError::Damaged(shown) = parse_private_key(&file, Some("x")).unwrap_err() else { panic!("{why}") };
            assert!(shown.contains(why), "{why}: {shown}");
            assert!(!lines[1..].iter().any(|line| shown.contains(line)), "{shown}");
        }
    }

    #[test]
    fn tells_what_der_is_by_its_elements() {
        use KeyFileError::*;
        let (number, text, bits) = (&[2, 24][..], &[4, 48][..], &[3, 48][..]);
        let (one, list) = (&[2, 1][..], &[0x30, 48][..]);
        let pkcs12 = || other("a PKCS#12 store", FROM_PKCS12);
        for (elements, why) in [
            (&[one, text][..], NotRsa),
            (&[one, text, list], NotRsa),
            (&[one, number, number, number, number, number], NotRsa),
            (&[number, number], PublicKey),
            (&[list, bits], PublicKey),
            (&[list, list, bits], Certificate),
            (&[one, list], pkcs12()),
            (&[one, list, list], pkcs12()),
            (&[number, number, number], no_key()),
            (&[one, number, number, number, number, number, number, number, text], no_key()),
            (&[text, one], no_key()),
        ] {
            let file = STANDARD.encode(sequence(elements));
            assert_eq!(parse_private_key(&file, None).unwrap_err(), why, "{elements:?}");
        }
        // Of indefinite length, as some programs write a PKCS#12 store.
        let store = [&[0x30, 0x80, 2, 1, 3, 0x30, 0x80][..], &[0; 48]].concat();
        assert_eq!(parse_private_key(&STANDARD.encode(store), None).unwrap_err(), pkcs12());
        let set = [&[0x31, 48][..], &[0xc7; 48]].concat();
        assert_eq!(parse_private_key(&STANDARD.encode(set), None).unwrap_err(), no_key());
    }

    fn no_key() -> KeyFileError {
        other("base64 of binary data that is no key", PEM_WANTED)
    }

    /// A sequence in DER of elements with these tags and lengths.
    fn sequence(elements: &[&[u8]]) -> Vec<u8> {
        let element = |head: &&[u8]| [*head, &vec![0xc7; head[1].into()]].concat();
        let content = elements.iter().map(element).collect::<Vec<_>>().concat();
        let length = u8::try_from(content.len()).unwrap();
        let head: &[u8] = if length < 128 { &[0x30, length] } else { &[0x30, 0x81, length] };
        [head, content.as_slice()].concat()
    }

    /// What the command line sends for a file that is not text.
    fn binary(name: &str) -> String {
        STANDARD.encode(std::fs::read(path(&format!("keys/{name}"))).unwrap())
    }

    fn ours(name: &str) -> String {
        std::fs::read_to_string(path(&format!("keys/{name}"))).unwrap()
    }

    fn vectors(name: &str) -> String {
        std::fs::read_to_string(path(&format!("vectors/keys/{name}"))).unwrap()
    }

    fn path(name: &str) -> String {
        format!("{}/../../tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
    }
}
