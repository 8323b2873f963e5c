//! `flowhost master-key`: the key that seals every tenant's data key.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use flowhost_protocol::crypto::MasterKey;
use flowhost_server::config::{ConfigError, Environment, MasterKeyInputs, parse_database_url};

use super::output::{note, say};

/// What can be done with the master key.
#[derive(Subcommand)]
#[command(after_help = PROCEDURE)]
pub enum Command {
    /// Print a new master key
    #[command(
        after_help = "Example:\n  (umask 077; flowhost master-key generate > new-master-key)"
    )]
    Generate,
    /// Seal what is under the second key again, under the first; can be cut off and run again
    #[command(after_help = PROCEDURE)]
    Rotate(RotateArgs),
}

/// Arguments of `master-key rotate`.
#[derive(Args)]
pub struct RotateArgs {
    /// PostgreSQL that everything is kept in
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
    #[command(flatten)]
    keys: MasterKeyArgs,
    /// Print {"resealed":..,"done_before":..}, for machines
    #[arg(long)]
    json: bool,
}

/// Where the master keys are.
#[derive(Args)]
pub(crate) struct MasterKeyArgs {
    /// File with the master key in base64; without it, FLOWHOST_MASTER_KEY counts
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    /// File with a second master key, which only opens what was sealed with it; without it,
    /// FLOWHOST_SECOND_MASTER_KEY counts
    #[arg(long, value_name = "FILE")]
    second_master_key_file: Option<PathBuf>,
}

impl MasterKeyArgs {
    /// The arguments, not yet checked.
    pub(crate) fn inputs(self) -> MasterKeyInputs {
        MasterKeyInputs { file: self.master_key_file, second_file: self.second_master_key_file }
    }
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Generate => {
            say(MasterKey::generate().to_base64().as_str());
            Ok(())
        }
        Command::Rotate(args) => rotate(args, environment).await,
    }
}

async fn rotate(args: RotateArgs, environment: &Environment) -> anyhow::Result<()> {
    let url = args.database_url.filter(|url| !url.is_empty());
    let url = url.ok_or_else(|| ConfigError::new("DATABASE_URL (or --database-url) is missing"))?;
    let database = parse_database_url(&url).map_err(ConfigError::new)?;
    let keys = args.keys.inputs().resolve(environment)?;
    if !keys.has_second() {
        return Err(ConfigError::new(
            "the second key is missing: give --second-master-key-file (or FLOWHOST_SECOND_MASTER_KEY), the key to change from",
        )
        .into());
    }
    let rotation = flowhost_server::app::rotate_master_key(database, &keys, |through, all| {
        if through % 100 == 0 || through == all {
            note(&format!("{through} of {all} tenants are through"));
        }
    })
    .await?;
    if args.json {
        say(&json!({ "resealed": rotation.resealed, "done_before": rotation.done_before })
            .to_string());
    } else {
        say(&format!(
            "{} data keys are sealed again; {} were under the first key before.",
            rotation.resealed, rotation.done_before
        ));
    }
    let shut: Vec<_> = rotation.shut.iter().map(ToString::to_string).collect();
    anyhow::ensure!(
        shut.is_empty(),
        "neither key opens the data key of {}; they were left as they are",
        shut.join(", ")
    );
    Ok(())
}

const PROCEDURE: &str = "Example, with every host serving all the time:
  (umask 077; flowhost master-key generate > new)
  # 1. each host in turn, so that all of them can open what either key seals:
  flowhost serve --master-key-file old --second-master-key-file new
  # 2. the change itself:
  flowhost master-key rotate --master-key-file new --second-master-key-file old
  # 3. each host in turn, so that new tenants are sealed with the new key:
  flowhost serve --master-key-file new --second-master-key-file old
  # 4. for tenants that were made meanwhile:
  flowhost master-key rotate --master-key-file new --second-master-key-file old
  # 5. each host in turn, and the old key is history (but for backups of the database):
  flowhost serve --master-key-file new";
