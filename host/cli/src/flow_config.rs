//! `flowhost flow config`: settings and secrets for a flow's plugin.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use flowhost_api::{ConfigValueList, Route, SetConfigValue};
use flowhost_server::config::{ConfigError, Environment, SecretText};

use super::api::ApiArgs;
use super::confirm::confirm;
use super::flow::FlowArgs;
use super::input::{read_secret, read_text};
use super::table::Table;

/// What can be done with settings and secrets.
#[derive(Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Command {
    /// Set a setting, which the plugin reads, or a secret, which only the host sees
    #[command(after_help = EXAMPLE)]
    Set(SetArgs),
    /// List a flow's settings and secrets; values of secrets are never shown
    #[command(after_help = "Example:\n  flowhost flow config list acme booking")]
    List(FlowArgs),
    /// Delete a setting or a secret
    #[command(after_help = "Example:\n  flowhost flow config delete acme booking api-key")]
    Delete(DeleteArgs),
}

/// Arguments of `flow config set`.
#[derive(Args)]
pub struct SetArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// The key: letters, digits, '-', '_' and '.'
    key: String,
    /// The setting's value; secrets come from --from-file or the environment
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["secret", "from_file", "hosts"])]
    value: Option<String>,
    /// File with the value, - for standard input; without it, FLOWHOST_CONFIG_SECRET counts for a
    /// secret
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// It is a secret: the plugin writes {{secret:KEY}} into a request, and the host fills it in
    #[arg(long, requires = "hosts")]
    secret: bool,
    /// Where the secret may be sent, for example api.example.com:443; may be given again
    #[arg(long = "host", value_name = "HOST[:PORT]")]
    hosts: Vec<String>,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `flow config delete`.
#[derive(Args)]
pub struct DeleteArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// The key
    key: String,
    /// Don't ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Set(args) => set(args, environment).await,
        Command::List(args) => list(args, environment).await,
        Command::Delete(args) => delete(args, environment).await,
    }
}

async fn set(args: SetArgs, environment: &Environment) -> anyhow::Result<()> {
    let value = value(&args, environment)?;
    let value = Zeroizing::new(value.expose().to_owned());
    let body = SetConfigValue { value, secret: args.secret, hosts: args.hosts };
    let names = [args.tenant.as_str(), &args.flow, &args.key];
    args.api.connect(environment)?.send(Route::PutConfigValue, &names, &body).await?;
    let what = if args.secret { "Secret" } else { "Setting" };
    args.api.done(&format!("{what} {} of flow {} is set.", args.key, args.flow));
    Ok(())
}

async fn list(args: FlowArgs, environment: &Environment) -> anyhow::Result<()> {
    let answer = args
        .api
        .connect(environment)?
        .call(Route::ListConfigValues, &[&args.tenant, &args.flow])
        .await?;
    args.api.print(&answer, |list: ConfigValueList| for_people(&list, &args.tenant, &args.flow))
}

async fn delete(args: DeleteArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    confirm(&format!("{} of flow {} will be gone for good.", args.key, args.flow), args.yes)?;
    api.call(Route::DeleteConfigValue, &[&args.tenant, &args.flow, &args.key]).await?;
    args.api.done(&format!("{} of flow {} is deleted.", args.key, args.flow));
    Ok(())
}

/// The value from the arguments (settings only), a file, or the environment (secrets only).
fn value(args: &SetArgs, environment: &Environment) -> anyhow::Result<SecretText> {
    match (&args.value, &args.from_file) {
        (Some(text), _) => Ok(SecretText::new(text.clone())),
        (None, Some(path)) if args.secret => read_secret(path),
        (None, Some(path)) => Ok(SecretText::new(read_text(path).context("can't read the value")?).without_line_end()),
        (None, None) if args.secret => environment.config_secret().map_err(ConfigError::new)?.ok_or_else(|| {
            ConfigError::new("no secret: give --from-file FILE (- for standard input) or set FLOWHOST_CONFIG_SECRET").into()
        }),
        (None, None) => Err(ConfigError::new("no value: give --value TEXT or --from-file FILE (- for standard input)").into()),
    }
}

fn for_people(list: &ConfigValueList, tenant: &str, flow: &str) -> String {
    if list.config.is_empty() {
        return format!(
            "No settings yet. Set one: flowhost flow config set {tenant} {flow} greeting --value Hello"
        );
    }
    let mut table = Table::new(&["KEY", "VALUE", "HOSTS", "UPDATED"]);
    for value in &list.config {
        let shown =
            if value.secret { "(secret)" } else { value.value.as_deref().unwrap_or_default() };
        let hosts = if value.hosts.is_empty() { "-".to_owned() } else { value.hosts.join(", ") };
        table.row([value.key.clone(), shown.to_owned(), hosts, value.updated_at.to_string()]);
    }
    table.to_string()
}

const EXAMPLE: &str = "Examples:
  flowhost flow config set acme booking opening-hours --value 'Mon-Fri 9-17'
  flowhost flow config set acme booking api-key --secret --host api.example.com:443 --from-file api-key.txt
  FLOWHOST_CONFIG_SECRET=.. flowhost flow config set acme booking api-key --secret --host api.example.com

The plugin reads a setting. A secret it never sees: it writes {{secret:api-key}} into a header or the body of a request to a host that
the secret is bound to, and the host fills it in. The flow has to grant requests to that host:
  flowhost flow update acme booking --settings '{\"grants\":{\"http\":[\"api.example.com:443\"]}}'";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: SetArgs,
    }

    #[test]
    fn a_secret_is_never_an_argument_and_needs_hosts() {
        let parse = |more: &[&str]| {
            Cli::try_parse_from(["set", "acme", "booking", "key"].iter().chain(more))
        };
        for refused in [
            &["--secret"][..],
            &["--secret", "--host", "a.com", "--value", "x"],
            &["--value", "x", "--host", "a.com"],
        ] {
            assert!(parse(refused).is_err(), "{refused:?}");
        }
        assert!(parse(&["--value", "x"]).is_ok());
        assert!(parse(&["--secret", "--host", "a.com", "--host", "b.com:8443"]).is_ok());
    }

    #[test]
    fn the_value_comes_from_where_it_may() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from file\n").unwrap();
        let path = file.path().to_str().unwrap();
        let environment = Environment::of(&[("FLOWHOST_CONFIG_SECRET", "from environment")]);
        let read = |more: &[&str], environment: &Environment| {
            let cli =
                Cli::try_parse_from(["set", "acme", "booking", "key"].iter().chain(more)).unwrap();
            value(&cli.args, environment).map(|value| value.expose().to_owned())
        };

        assert_eq!(read(&["--value", "x"], &environment).unwrap(), "x");
        assert_eq!(read(&["--from-file", path], &environment).unwrap(), "from file");
        assert_eq!(
            read(&["--secret", "--host", "a.com", "--from-file", path], &environment).unwrap(),
            "from file"
        );
        assert_eq!(
            read(&["--secret", "--host", "a.com"], &environment).unwrap(),
            "from environment"
        );
        let error = read(&["--secret", "--host", "a.com"], &Environment::of(&[])).unwrap_err();
        assert!(error.is::<ConfigError>() && error.to_string().contains("FLOWHOST_CONFIG_SECRET"));
        assert!(read(&[], &environment).unwrap_err().to_string().contains("--value"));
    }
}
