//! `flowhost graph`: a tenant's access to Meta's Graph API, which uploads of public keys need.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use flowhost_api::{GraphAccessView, Route, SetGraphAccess};
use flowhost_server::config::{ConfigError, Environment, SecretText};

use super::api::ApiArgs;
use super::confirm::confirm;
use super::input::read_secret;
use super::output::printable;

/// What can be done with the access to Meta's Graph API.
#[derive(Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Command {
    /// Set a tenant's access token and phone numbers; both replace what was there
    #[command(after_help = EXAMPLE)]
    Set(SetArgs),
    /// Show a tenant's phone numbers, and whether it has an access token
    #[command(after_help = "Example:\n  flowhost graph show acme")]
    Show(ShowArgs),
    /// Forget a tenant's access token and phone numbers; keys that Meta has stay there
    #[command(after_help = "Example:\n  flowhost graph forget acme")]
    Forget(ForgetArgs),
}

/// Arguments of `graph set`.
#[derive(Args)]
pub struct SetArgs {
    /// The tenant's slug
    tenant: String,
    /// File with the access token, - for standard input; without it, FLOWHOST_GRAPH_TOKEN counts
    #[arg(long, value_name = "FILE")]
    access_token_file: Option<PathBuf>,
    /// A phone number's id at Meta (digits, not the number itself); give it once for each
    #[arg(long = "phone-number-id", value_name = "ID", required = true)]
    phone_number_ids: Vec<String>,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `graph show`.
#[derive(Args)]
pub struct ShowArgs {
    /// The tenant's slug
    tenant: String,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `graph forget`.
#[derive(Args)]
pub struct ForgetArgs {
    /// The tenant's slug
    tenant: String,
    /// Don't ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Set(args) => set(args, environment).await,
        Command::Show(args) => show(args, environment).await,
        Command::Forget(args) => forget(args, environment).await,
    }
}

async fn set(args: SetArgs, environment: &Environment) -> anyhow::Result<()> {
    let token = access_token(args.access_token_file.as_ref(), environment)?;
    let access_token = Zeroizing::new(token.expose().to_owned());
    let body = SetGraphAccess { access_token, phone_number_ids: args.phone_number_ids };
    args.api.connect(environment)?.send(Route::PutGraphAccess, &[&args.tenant], &body).await?;
    let tenant = printable(&args.tenant);
    args.api.done(&format!(
        "The access of {tenant} to the Graph API is set. Next: flowhost key upload {tenant}"
    ));
    Ok(())
}

async fn show(args: ShowArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer =
        args.api.connect(environment)?.call(Route::ShowGraphAccess, &[&args.tenant]).await?;
    args.api.print(&answer, |access: GraphAccessView| for_people(&access))
}

async fn forget(args: ForgetArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    confirm(
        &format!("Public keys of {} can't be uploaded or checked any more.", args.tenant),
        args.yes,
    )?;
    api.call(Route::DeleteGraphAccess, &[&args.tenant]).await?;
    args.api.done(&format!("The access of {} to the Graph API is forgotten.", args.tenant));
    Ok(())
}

fn access_token(file: Option<&PathBuf>, environment: &Environment) -> anyhow::Result<SecretText> {
    if let Some(path) = file {
        return read_secret(path);
    }
    let from_environment = environment.graph_token().map_err(ConfigError::new)?;
    from_environment.ok_or_else(|| {
        ConfigError::new("no access token: give --access-token-file FILE (- for standard input) or set FLOWHOST_GRAPH_TOKEN").into()
    })
}

fn for_people(access: &GraphAccessView) -> String {
    let token = if access.has_access_token { "set (never shown)" } else { "none" };
    let ids: Vec<_> = access.phone_number_ids.iter().map(|id| printable(id)).collect();
    format!(
        "access token      {token}\nphone number ids  {}",
        if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
    )
}

const EXAMPLE: &str = "Examples:
  flowhost graph set acme --access-token-file token.txt --phone-number-id 106540352242922
  FLOWHOST_GRAPH_TOKEN=.. flowhost graph set acme --phone-number-id 106540352242922 --phone-number-id 106540352242923

The token is that of a system user with the permission whatsapp_business_messaging for the tenant's WhatsApp Business Account; Meta's
App Dashboard makes one that does not expire. With it, flowhost key upload acme makes the active key known to Meta, and the hosts check
from time to time that Meta still has it: flowhost key list acme.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_comes_from_a_file_or_the_environment_or_both_are_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from file\n").unwrap();
        let path = file.path().to_owned();
        let environment = Environment::of(&[("FLOWHOST_GRAPH_TOKEN", "from environment")]);

        assert_eq!(access_token(Some(&path), &environment).unwrap().expose(), "from file");
        assert_eq!(access_token(None, &environment).unwrap().expose(), "from environment");
        let error = access_token(None, &Environment::of(&[])).unwrap_err();
        assert!(error.is::<ConfigError>());
        assert!(
            error.to_string().contains("--access-token-file")
                && error.to_string().contains("FLOWHOST_GRAPH_TOKEN")
        );
    }

    #[test]
    fn access_is_shown_without_a_token() {
        let shown = |text: &str| for_people(&serde_json::from_str(text).unwrap());

        assert_eq!(
            shown(r#"{"phone_number_ids":["1","2"],"has_access_token":true}"#),
            "access token      set (never shown)\nphone number ids  1, 2"
        );
        assert!(shown(r#"{"phone_number_ids":[],"has_access_token":false}"#).ends_with("none"));
    }
}
