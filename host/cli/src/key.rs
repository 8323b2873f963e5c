//! `flowhost key`: the RSA key pairs that a tenant's requests are encrypted for.

mod upload;
mod view;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use flowhost_api::{AddKey, KeyList, KeyView, ListedKey, Route};
use flowhost_server::config::{ConfigError, Environment, SecretText};

use self::upload::UploadArgs;
use self::view::{KeysBefore, as_added, for_people, in_full, pem_of_all};

use super::api::ApiArgs;
use super::confirm::confirm;
use super::input::{read_secret, read_secret_bytes};
use super::output::say;

/// What can be done with key pairs.
#[derive(Subcommand)]
#[command(after_help = ROTATION)]
pub enum Command {
    /// Make a new key pair, or take one from a file; the ones before retire
    #[command(after_help = "Examples:
  flowhost key rotate acme
  flowhost key rotate acme --retire-previous-after 604800   # the keys before still work for a week
  flowhost key rotate acme --from-file private.pem

Then upload it: flowhost key upload acme; `flowhost key --help` has all steps.")]
    Rotate(RotateArgs),
    /// Make a key pair; the same as `rotate` without a file
    #[command(after_help = "Example:\n  flowhost key create acme --retire-previous-after 86400")]
    Create(CreateArgs),
    /// Import a private key: RSA-2048 in PEM, PKCS#8 or PKCS#1, also encrypted
    #[command(after_help = "Examples:
  flowhost key import acme --from-file private.pem
  flowhost key import acme --from-file private.pem --passphrase-file passphrase.txt
  FLOWHOST_KEY_PASSPHRASE=.. flowhost key import acme --from-file - < private.pem

A secret store's copy will do: in one line, with \\n written out, in quotes, indented, in base64; DER too.
A key that the tenant has already is not imported again, nor does one that has retired come back by it: delete it first
(flowhost key delete) if that is meant.")]
    Import(ImportArgs),
    /// Upload the active key's public half to Meta, for each phone number of the tenant
    #[command(after_help = "Examples:
  flowhost key upload acme
  flowhost key upload acme 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b --phone-number-id 106540352242922

It needs an access token and phone numbers: flowhost graph set --help.
Fails if Meta does not have the key for one of the phone numbers afterwards.")]
    Upload(UploadArgs),
    /// List a tenant's key pairs, and how they stand at Meta
    #[command(
        after_help = "Example:\n  flowhost key list acme\n  flowhost key list acme --pem   # the public keys, to upload"
    )]
    List(ListArgs),
    /// Show one key pair: fingerprint, state, times and public key
    #[command(
        after_help = "Example:\n  flowhost key show acme 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
    )]
    Show(ShowArgs),
    /// Delete a key pair: requests sealed for it can't be opened any more
    #[command(
        after_help = "Example:\n  flowhost key delete acme 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
    )]
    Delete(DeleteArgs),
}

/// Arguments of `key rotate`.
#[derive(Args)]
pub struct RotateArgs {
    /// The tenant's slug
    tenant: String,
    /// File with a private key to take instead of a new one, in PEM, - for standard input
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    retire: RetireArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `key create`.
#[derive(Args)]
pub struct CreateArgs {
    /// The tenant's slug
    tenant: String,
    #[command(flatten)]
    retire: RetireArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `key import`.
#[derive(Args)]
pub struct ImportArgs {
    /// The tenant's slug
    tenant: String,
    /// File with the private key in PEM, - for standard input
    #[arg(long, value_name = "FILE")]
    from_file: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    retire: RetireArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `key list`.
#[derive(Args)]
pub struct ListArgs {
    /// The tenant's slug
    tenant: String,
    /// Print the public keys in PEM, the active one first
    #[arg(long, conflicts_with = "json")]
    pem: bool,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `key show`.
#[derive(Args)]
pub struct ShowArgs {
    /// The tenant's slug
    tenant: String,
    /// The key's id, as `flowhost key list` shows it
    id: String,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `key delete`.
#[derive(Args)]
pub struct DeleteArgs {
    /// The tenant's slug
    tenant: String,
    /// The key's id, as `flowhost key list` shows it
    id: String,
    /// Don't ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    api: ApiArgs,
}

/// Where the passphrase of a key file is.
#[derive(Args)]
struct PassphraseArgs {
    /// File with the passphrase of an encrypted key, - for standard input; without it,
    /// FLOWHOST_KEY_PASSPHRASE counts
    #[arg(long, value_name = "FILE", requires = "from_file")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    fn read(&self, environment: &Environment) -> anyhow::Result<Option<SecretText>> {
        match &self.passphrase_file {
            Some(path) => read_secret(path).map(Some),
            None => Ok(environment.key_passphrase().map_err(ConfigError::new)?),
        }
    }
}

/// How long the keys before stay.
#[derive(Args)]
struct RetireArgs {
    /// Seconds that the keys before still open requests; a day, if not given
    #[arg(long, value_name = "SECONDS")]
    retire_previous_after: Option<u32>,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Rotate(RotateArgs { tenant, from_file, passphrase, retire, api }) => {
            let file =
                from_file.map(|path| key_file(&path, &passphrase, environment)).transpose()?;
            add(&tenant, file.unwrap_or_default(), &retire, &api, environment).await
        }
        Command::Create(CreateArgs { tenant, retire, api }) => {
            add(&tenant, AddKey::default(), &retire, &api, environment).await
        }
        Command::Import(ImportArgs { tenant, from_file, passphrase, retire, api }) => {
            add(
                &tenant,
                key_file(&from_file, &passphrase, environment)?,
                &retire,
                &api,
                environment,
            )
            .await
        }
        Command::Upload(args) => upload::upload(args, environment).await,
        Command::List(args) => list(args, environment).await,
        Command::Show(args) => show(args, environment).await,
        Command::Delete(args) => delete(args, environment).await,
    }
}

/// The user's private key, in the form that the API expects.
fn key_file(
    path: &Path,
    passphrase: &PassphraseArgs,
    environment: &Environment,
) -> anyhow::Result<AddKey> {
    let stdin = Path::new("-");
    if path == stdin && passphrase.passphrase_file.as_deref() == Some(stdin) {
        return Err(ConfigError::new(
            "--from-file and --passphrase-file can't both be standard input; put the passphrase into a file or into FLOWHOST_KEY_PASSPHRASE",
        )
        .into());
    }
    let secret = |text: SecretText| Zeroizing::new(text.expose().to_owned());
    let private_key_pem = Some(secret(read_key_file(path)?));
    Ok(AddKey {
        private_key_pem,
        passphrase: passphrase.read(environment)?.map(secret),
        ..AddKey::default()
    })
}

/// A key file in the form that the API expects: a file that is not text, such as DER or UTF-16, is
/// sent in base64.
fn read_key_file(path: &Path) -> anyhow::Result<SecretText> {
    let bytes = read_secret_bytes(path)?;
    Ok(match std::str::from_utf8(&bytes) {
        Ok(text) if !text.contains('\0') => SecretText::new(text.to_owned()).without_line_end(),
        _ => SecretText::new(STANDARD.encode(&bytes)),
    })
}

/// Adds a key pair as the active one: the one in `body`, or else a new one.
async fn add(
    tenant: &str,
    mut body: AddKey,
    retire: &RetireArgs,
    api: &ApiArgs,
    environment: &Environment,
) -> anyhow::Result<()> {
    body.retire_previous_after_seconds = retire.retire_previous_after;
    let answer = api.connect(environment)?.send(Route::CreateKey, &[tenant], &body).await?;
    api.print(&answer, |key: KeyView| {
        as_added(&key, tenant, &KeysBefore::retiring_after(retire.retire_previous_after))
    })
}

/// A tenant's public keys in PEM, the active one first.
#[cfg(feature = "devkit")]
pub(crate) async fn public_keys(
    api: &super::api::AdminApi,
    tenant: &str,
) -> anyhow::Result<String> {
    let list: KeyList = api.call(Route::ListKeys, &[tenant]).await?.read()?;
    Ok(pem_of_all(&list))
}

async fn list(args: ListArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args.api.connect(environment)?.call(Route::ListKeys, &[&args.tenant]).await?;
    args.api.print(
        &answer,
        |list: KeyList| if args.pem { pem_of_all(&list) } else { for_people(&list) },
    )
}

async fn show(args: ShowArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args.api.connect(environment)?.call(Route::ListKeys, &[&args.tenant]).await?;
    let list: Value = answer.read()?;
    let key = list["keys"]
        .as_array()
        .and_then(|keys| keys.iter().find(|key| key["id"] == args.id.as_str()));
    let key = key.ok_or_else(|| {
        anyhow::anyhow!("no key has this id; list them: flowhost key list {}", args.tenant)
    })?;
    say(&if args.api.json { key.to_string() } else { in_full(&ListedKey::deserialize(key)?) });
    Ok(())
}

async fn delete(args: DeleteArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    confirm(&format!("Requests sealed for key {} can't be opened any more.", args.id), args.yes)?;
    api.call(Route::DeleteKey, &[&args.tenant, &args.id]).await?;
    args.api.done(&format!("Key {} is deleted.", args.id));
    Ok(())
}

const ROTATION: &str = "Examples:
  flowhost key rotate acme
  flowhost key upload acme
  flowhost key list acme --pem
  flowhost key import acme --from-file private.pem --passphrase-file passphrase.txt

To rotate a tenant's key without a request lost:
  1. flowhost key rotate acme
     The new key is active; the ones before still open requests for a day (--retire-previous-after).
  2. flowhost key upload acme
     On the same day: Meta gets the new public key for each phone number of the tenant (flowhost graph set --help).
  3. Nothing more: once the old key has retired, a phone that still uses it is told so (421), fetches the new one and sends again.
     flowhost key list acme   # shows states and times, and what Meta has
  If the private key has leaked: rotate with --retire-previous-after 0, and upload at once.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_encrypted_key_travels_with_its_passphrase() {
        let (key, passphrase) = (file("PEM\n"), file("from file\n"));
        let with = |passphrase_file: Option<&Path>, environment: &[(&str, &str)]| {
            let passphrase =
                PassphraseArgs { passphrase_file: passphrase_file.map(Path::to_owned) };
            key_file(key.path(), &passphrase, &Environment::of(environment)).map(|body| json!(body))
        };
        let variable = [("FLOWHOST_KEY_PASSPHRASE", "from environment")];

        assert_eq!(with(None, &[]).unwrap(), json!({"private_key_pem": "PEM"}));
        assert_eq!(with(None, &variable).unwrap()["passphrase"], "from environment");
        assert_eq!(with(Some(passphrase.path()), &variable).unwrap()["passphrase"], "from file");
        assert!(with(Some(file("\n").path()), &variable).unwrap_err().is::<ConfigError>());
    }

    #[test]
    fn a_key_file_that_is_not_text_travels_in_base64() {
        let utf16: Vec<u8> =
            "\u{feff}-----BEGIN".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&[0x30, 0x82, 0xff][..], &utf16, &utf16[2..]] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            assert_eq!(read_key_file(file.path()).unwrap().expose(), STANDARD.encode(bytes));
        }
        assert!(read_key_file(file(" \n").path()).unwrap_err().is::<ConfigError>());
    }

    #[test]
    fn key_and_passphrase_do_not_share_standard_input() {
        let passphrase = PassphraseArgs { passphrase_file: Some("-".into()) };

        let refused =
            key_file(Path::new("-"), &passphrase, &Environment::of(&[])).map(drop).unwrap_err();

        assert!(refused.is::<ConfigError>());
        assert!(refused.to_string().contains("FLOWHOST_KEY_PASSPHRASE"));
    }

    fn file(content: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        file
    }
}
