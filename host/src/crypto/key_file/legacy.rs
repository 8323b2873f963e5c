//! Private keys that OpenSSL encrypted before PKCS#8: `Proc-Type: 4,ENCRYPTED` and `DEK-Info` above the data (RFC 1421). Meta's
//! own key generator writes this form.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipher, BlockDecryptMut, KeyInit, KeyIvInit};
use des::TdesEde3;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::KeyFileError;

/// Whether a PEM block is encrypted in this form. The colon keeps data in base64 from looking like it.
pub(super) fn is_encrypted(pem: &str) -> bool {
    pem.contains("Proc-Type:") && pem.contains("ENCRYPTED")
}

/// Decrypts the first PEM block. A wrong passphrase is noticed by its padding; in one case of 256 that fits by chance, and what
/// comes out is no key.
pub(super) fn decrypt(pem: &str, passphrase: Option<&str>) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let block = pem::parse(pem).map_err(|_| KeyFileError::Unreadable)?;
    let info = block.headers().get("DEK-Info").ok_or(KeyFileError::Unreadable)?;
    let (cipher, iv) = info.split_once(',').ok_or(KeyFileError::Unreadable)?;
    let decrypt = match cipher {
        "DES-EDE3-CBC" => decrypt_with::<TdesEde3>,
        "AES-128-CBC" => decrypt_with::<Aes128>,
        "AES-192-CBC" => decrypt_with::<Aes192>,
        "AES-256-CBC" => decrypt_with::<Aes256>,
        other => return Err(KeyFileError::UnsupportedCipher(shown(other))),
    };
    let iv = hex::decode(iv).map_err(|_| KeyFileError::Unreadable)?;
    let passphrase = passphrase.ok_or(KeyFileError::PassphraseMissing)?;
    decrypt(passphrase, &iv, block.into_contents())
}

fn decrypt_with<C>(passphrase: &str, iv: &[u8], data: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, KeyFileError>
where
    C: BlockCipher + BlockDecryptMut + KeyInit,
{
    let mut data = Zeroizing::new(data);
    let salt = iv.first_chunk().ok_or(KeyFileError::Unreadable)?;
    let key = derive_key(passphrase.as_bytes(), salt, C::key_size());
    let cipher = Decryptor::<C>::new_from_slices(&key, iv).map_err(|_| KeyFileError::Unreadable)?;
    let length = cipher.decrypt_padded_mut::<Pkcs7>(&mut data).map_err(|_| KeyFileError::WrongPassphrase)?.len();
    data.truncate(length);
    Ok(data)
}

/// OpenSSL's `EVP_BytesToKey` with MD5 and one round: each block of the key is the digest of the block before, the passphrase and
/// the salt.
fn derive_key(passphrase: &[u8], salt: &[u8; 8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(MD5_BYTES)));
    while key.len() < length {
        let last_block = &key[key.len().saturating_sub(MD5_BYTES)..];
        let block = Zeroizing::new(<[u8; MD5_BYTES]>::from(
            Md5::new().chain_update(last_block).chain_update(passphrase).chain_update(salt).finalize(),
        ));
        key.extend_from_slice(block.as_slice());
    }
    key.truncate(length);
    key
}

/// The cipher's name, as far as it can be one: it comes out of the file.
fn shown(cipher: &str) -> String {
    let is_name = cipher.len() <= 32 && cipher.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name { cipher.to_owned() } else { "an unknown cipher".to_owned() }
}

const MD5_BYTES: usize = 16;
