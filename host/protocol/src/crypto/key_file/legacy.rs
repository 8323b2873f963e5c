//! Private keys that OpenSSL encrypted before PKCS#8: `Proc-Type: 4,ENCRYPTED` and `DEK-Info` above
//! the data (RFC 1421). Meta's own key generator writes this form.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipher, BlockDecryptMut, KeyInit, KeyIvInit};
use des::TdesEde3;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::KeyFileError;
use super::pem_text::Encryption;
use crate::crypto::error::{DECRYPT_FIRST, DECRYPT_WITH_LEGACY_PROVIDER};

/// Decrypts a block's data. A wrong passphrase is detected by its padding; in one of 256 cases the
/// padding is valid by chance, and the result is not a key.
pub(super) fn decrypt(
    encryption: &Encryption,
    data: Zeroizing<Vec<u8>>,
    passphrase: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let decrypt = match encryption.cipher.as_str() {
        "DES-EDE3-CBC" => decrypt_with::<TdesEde3>,
        "AES-128-CBC" => decrypt_with::<Aes128>,
        "AES-192-CBC" => decrypt_with::<Aes192>,
        "AES-256-CBC" => decrypt_with::<Aes256>,
        other => {
            return Err(KeyFileError::UnsupportedCipher {
                cipher: shown(other),
                advice: advice(other),
            });
        }
    };
    let passphrase = passphrase.ok_or(KeyFileError::PassphraseMissing)?;
    decrypt(passphrase, &encryption.iv, data)
}

fn decrypt_with<C>(
    passphrase: &str,
    iv: &[u8],
    mut data: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError>
where
    C: BlockCipher + BlockDecryptMut + KeyInit,
{
    let wrong_vector = || {
        KeyFileError::Damaged("the vector in its line DEK-Info is not one of its cipher".to_owned())
    };
    let salt = iv.first_chunk().ok_or_else(wrong_vector)?;
    let key = derive_key(passphrase.as_bytes(), salt, C::key_size());
    let cipher = Decryptor::<C>::new_from_slices(&key, iv).map_err(|_| wrong_vector())?;
    let length = cipher
        .decrypt_padded_mut::<Pkcs7>(&mut data)
        .map_err(|_| KeyFileError::WrongPassphrase)?
        .len();
    data.truncate(length);
    Ok(data)
}

/// OpenSSL's `EVP_BytesToKey` with MD5 and one round: each block of the key is the digest of the
/// previous block, the passphrase and the salt.
fn derive_key(passphrase: &[u8], salt: &[u8; 8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(MD5_BYTES)));
    while key.len() < length {
        let last_block = &key[key.len().saturating_sub(MD5_BYTES)..];
        let block = Zeroizing::new(<[u8; MD5_BYTES]>::from(
            Md5::new()
                .chain_update(last_block)
                .chain_update(passphrase)
                .chain_update(salt)
                .finalize(),
        ));
        key.extend_from_slice(block.as_slice());
    }
    key.truncate(length);
    key
}

/// The cipher's name, if it looks like one: it comes from the file.
fn shown(cipher: &str) -> String {
    let is_name = cipher.len() <= 32
        && cipher.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name { cipher.to_owned() } else { "an unknown cipher".to_owned() }
}

/// The command for the OpenSSL 3 provider that has the cipher: the default one, or the legacy one,
/// which has to be requested.
fn advice(cipher: &str) -> &'static str {
    let in_the_default_provider =
        ["ARIA", "CAMELLIA", "SM4"].iter().any(|name| cipher.starts_with(name));
    if in_the_default_provider { DECRYPT_FIRST } else { DECRYPT_WITH_LEGACY_PROVIDER }
}

const MD5_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::super::parse_private_key;
    use super::super::tests::vectors;
    use super::*;

    #[test]
    fn a_ciphers_name_is_shown_only_if_it_looks_like_one() {
        let (longest, too_long) = ("A".repeat(32), "A".repeat(33));
        for (named, shown) in [
            ("RC5-CBC", "RC5-CBC"),
            (&longest, &longest),
            (&too_long, "an unknown cipher"),
            ("{hunter2}", "an unknown cipher"),
            ("RC5_CBC", "an unknown cipher"),
        ] {
            let file = vectors("private.pkcs1.aes256.pem").replace("AES-256-CBC", named);
            let why = parse_private_key(&file, Some("x")).unwrap_err();
            let KeyFileError::UnsupportedCipher { cipher, .. } = why else { panic!("{named}") };
            assert_eq!(cipher, shown);
        }
    }
}
