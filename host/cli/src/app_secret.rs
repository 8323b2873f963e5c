//! `flowhost app-secret`: the secret that Meta signs a tenant's requests with.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use flowhost_api::{NewAppSecret, Route};
use flowhost_server::config::{ConfigError, Environment, SecretText};

use super::api::ApiArgs;
use super::input::read_secret;

/// What can be done with app secrets.
#[derive(Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Command {
    /// Set the app secret; the one before may stay valid for a while
    #[command(after_help = EXAMPLE)]
    Set(SetArgs),
}

/// Arguments of `app-secret set`.
#[derive(Args)]
pub struct SetArgs {
    /// The tenant's slug
    tenant: String,
    /// File with the app secret, - for standard input; without it, FLOWHOST_APP_SECRET counts
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Seconds that the secret before stays valid; 0, if not given
    #[arg(long, value_name = "SECONDS")]
    keep_previous_for: Option<u32>,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    let Command::Set(args) = command;
    let secret = app_secret(args.from_file.as_ref(), "--from-file", environment)?;
    let body = new_app_secret(&secret, args.keep_previous_for.unwrap_or_default());
    args.api.connect(environment)?.send(Route::PutAppSecret, &[&args.tenant], &body).await?;
    args.api.done(&format!("The app secret of {} is set.", args.tenant));
    Ok(())
}

/// The body that sets an app secret.
pub(crate) fn new_app_secret(secret: &SecretText, keep_previous_for_seconds: u32) -> NewAppSecret {
    NewAppSecret { secret: Zeroizing::new(secret.expose().to_owned()), keep_previous_for_seconds }
}

/// The app secret from a file or the environment; `flag` names the option in the error if there is
/// none.
pub(crate) fn app_secret(
    file: Option<&PathBuf>,
    flag: &str,
    environment: &Environment,
) -> anyhow::Result<SecretText> {
    if let Some(path) = file {
        return read_secret(path);
    }
    let from_environment = environment.app_secret().map_err(ConfigError::new)?;
    from_environment.ok_or_else(|| {
        ConfigError::new(format!(
            "no app secret: give {flag} FILE (- for standard input) or set FLOWHOST_APP_SECRET"
        ))
        .into()
    })
}

const EXAMPLE: &str = "Examples:
  flowhost app-secret set acme --from-file app-secret.txt
  FLOWHOST_APP_SECRET=.. flowhost app-secret set acme --keep-previous-for 86400

To rotate the app secret of a Meta app without a request lost:
  1. Reset it in Meta's App Dashboard (Settings > Basic) and let the old one stay valid for a time, for example a day.
  2. At once: flowhost app-secret set acme --from-file new-secret.txt --keep-previous-for 86400
     Requests signed with either secret are accepted for that time; afterwards, those with the new one only.
  If the secret has leaked: leave --keep-previous-for out, and nothing signed with it is accepted from then on.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_wins_and_without_either_both_are_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from file\n").unwrap();
        let environment = Environment::of(&[("FLOWHOST_APP_SECRET", "from environment")]);
        let read = |file: Option<PathBuf>, environment| {
            app_secret(file.as_ref(), "--from-file", environment)
        };

        assert_eq!(read(Some(file.path().to_owned()), &environment).unwrap().expose(), "from file");
        assert_eq!(read(None, &environment).unwrap().expose(), "from environment");
        let error = read(None, &Environment::of(&[])).unwrap_err();
        assert!(error.is::<ConfigError>());
        assert!(
            error.to_string().contains("--from-file")
                && error.to_string().contains("FLOWHOST_APP_SECRET")
        );
    }
}
