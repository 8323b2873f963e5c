//! `flowhost migrate`: brings the database up to date.

use clap::Args as ClapArgs;
use serde_json::json;

use flowhost_server::config::{ConfigError, parse_database_url};

use super::output::say;

/// Arguments of `migrate`.
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  DATABASE_URL=postgres://flowhost@db/flowhost flowhost migrate")]
pub struct Args {
    /// PostgreSQL to bring up to date
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
    /// Print {"applied":[..]}, for machines
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let url = args.database_url.filter(|url| !url.is_empty());
    let url = url.ok_or_else(|| ConfigError::new("DATABASE_URL (or --database-url) is missing"))?;
    let applied =
        flowhost_server::app::migrate(parse_database_url(&url).map_err(ConfigError::new)?).await?;
    if args.json {
        say(&json!({ "applied": applied }).to_string());
    } else {
        say(&for_people(&applied));
    }
    Ok(())
}

fn for_people(applied: &[String]) -> String {
    match applied {
        [] => "The database is up to date.".to_owned(),
        names => names.iter().map(|name| format!("applied {name}")).collect::<Vec<_>>().join("\n"),
    }
}
