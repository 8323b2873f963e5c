//! `flowhost key`: the RSA key pairs that a tenant's requests are sealed for.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Environment;

use super::api::ApiArgs;
use super::confirm::confirm;
use super::input::read_secret;
use super::output::printable;
use super::table::{Table, or_dash};

/// What can be done with key pairs.
#[derive(Subcommand)]
#[command(after_help = "Examples:\n  flowhost key create acme\n  flowhost key list acme --pem")]
pub enum Command {
    /// Make a key pair; the one before still opens requests for a while
    #[command(after_help = "Example:\n  flowhost key create acme --retire-previous-after 86400")]
    Create(CreateArgs),
    /// Import a private key: PKCS#8 or PKCS#1 in PEM, not encrypted
    #[command(after_help = "Example:\n  flowhost key import acme --from-file private.pem")]
    Import(ImportArgs),
    /// List a tenant's key pairs
    #[command(after_help = "Example:\n  flowhost key list acme\n  flowhost key list acme --pem   # the public keys, to upload")]
    List(ListArgs),
    /// Delete a key pair: requests sealed for it can't be opened any more
    #[command(after_help = "Example:\n  flowhost key delete acme 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b")]
    Delete(DeleteArgs),
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

/// Arguments of `key delete`.
#[derive(Args)]
pub struct DeleteArgs {
    /// The tenant's slug
    tenant: String,
    /// The key's id, as `flowhost key list` shows it
    id: String,
    /// Don't ask on a terminal
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    api: ApiArgs,
}

/// How long the key before stays.
#[derive(Args)]
struct RetireArgs {
    /// Seconds that the keys before still open requests; a day, if not given
    #[arg(long, value_name = "SECONDS")]
    retire_previous_after: Option<u64>,
}

impl RetireArgs {
    fn add_to(&self, body: &mut Value) {
        if let Some(seconds) = self.retire_previous_after {
            body["retire_previous_after_seconds"] = json!(seconds);
        }
    }
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Create(args) => create(args, environment).await,
        Command::Import(args) => import(args, environment).await,
        Command::List(args) => list(args, environment).await,
        Command::Delete(args) => delete(args, environment).await,
    }
}

async fn create(args: CreateArgs, environment: &Environment) -> anyhow::Result<()> {
    let mut body = json!({});
    args.retire.add_to(&mut body);
    post(&args.tenant, &body, &args.api, environment).await
}

async fn import(args: ImportArgs, environment: &Environment) -> anyhow::Result<()> {
    let key = read_secret(&args.from_file)?;
    let mut body = json!({ "private_key_pem": key.expose() });
    args.retire.add_to(&mut body);
    post(&args.tenant, &body, &args.api, environment).await
}

async fn post(tenant: &str, body: &Value, api: &ApiArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = api.connect(environment)?.call(Method::POST, &["tenants", tenant, "keys"], Some(body)).await?;
    api.print(&answer, |key: Key| key.as_created())
}

async fn list(args: ListArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args.api.connect(environment)?.get(&["tenants", &args.tenant, "keys"]).await?;
    args.api.print(&answer, |list: Keys| if args.pem { list.pem() } else { list.for_people() })
}

async fn delete(args: DeleteArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    confirm(&format!("Requests sealed for key {} can't be opened any more.", args.id), args.yes)?;
    api.delete(&["tenants", &args.tenant, "keys", &args.id]).await?;
    args.api.done(&format!("Key {} is deleted.", args.id));
    Ok(())
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    id: String,
    state: String,
    public_key_pem: String,
    fingerprint: String,
    retires_at: Option<String>,
    created_at: Option<String>,
}

impl Keys {
    fn for_people(&self) -> String {
        let mut table = Table::new(&["KEY", "STATE", "FINGERPRINT", "RETIRES", "CREATED"]);
        for key in &self.keys {
            let (retires, created) = (or_dash(key.retires_at.as_ref()), or_dash(key.created_at.as_ref()));
            table.row([key.id.clone(), key.state.clone(), key.fingerprint.clone(), retires, created]);
        }
        table.to_string()
    }

    fn pem(&self) -> String {
        let (active, others): (Vec<_>, Vec<_>) = self.keys.iter().partition(|key| key.state == "active");
        active.iter().chain(&others).map(|key| key.public_key_pem.trim_end()).collect::<Vec<_>>().join("\n")
    }
}

impl Key {
    fn as_created(&self) -> String {
        format!(
            "Key {} is {}; fingerprint {}.\n\
             This is its public key, to upload to WhatsApp for each phone number:\n{}",
            printable(&self.id),
            printable(&self.state),
            printable(&self.fingerprint),
            self.public_key_pem.trim_end()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_active_key_comes_first_in_pem() {
        let key = |state: &str, pem: &str| json!({"id":"1","state":state,"public_key_pem":pem,"fingerprint":"f"});
        let list: Keys = serde_json::from_value(json!({"keys":[key("retiring", "OLD\n"), key("active", "NEW\n")]})).unwrap();

        assert_eq!(list.pem(), "NEW\nOLD");
    }
}
