//! `flowhost api-token`: bearer tokens of the admin API, for operators, partners and the developers
//! of one tenant.

use clap::{Args, Subcommand, ValueEnum};

use flowhost_api::{ApiTokenList, CreateApiToken, NewApiToken, Route};
use flowhost_server::config::Environment;

use super::api::ApiArgs;
use super::confirm::confirm;
use super::output::printable;
use super::table::{Table, or_dash};

/// What can be done with API tokens.
#[derive(Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Command {
    /// Make a token; it is shown once
    #[command(after_help = EXAMPLE)]
    Create(CreateArgs),
    /// List the tokens that yours may manage
    #[command(after_help = "Example:\n  flowhost api-token list")]
    List(ListArgs),
    /// Revoke a token: no host takes it from then on
    #[command(
        after_help = "Example:\n  flowhost api-token revoke 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
    )]
    Revoke(RevokeArgs),
}

/// Arguments of `api-token create`.
#[derive(Args)]
pub struct CreateArgs {
    #[command(flatten)]
    reach: Reach,
    /// What the token of a tenant may do
    #[arg(long, value_enum, default_value = "deploy", requires = "tenant")]
    role: Role,
    /// Seconds until the token ends; never, if not given
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u32>,
    #[command(flatten)]
    api: ApiArgs,
}

/// What a new token reaches.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Reach {
    /// Everything
    #[arg(long)]
    operator: bool,
    /// The tenants of this partner
    #[arg(long, value_name = "SLUG")]
    partner: Option<String>,
    /// This tenant
    #[arg(long, value_name = "SLUG")]
    tenant: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Role {
    /// Change flows, upload and activate plugins, mint flow tokens, delete sessions
    Deploy,
    /// Look only
    Read,
}

/// Arguments of `api-token list`.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `api-token revoke`.
#[derive(Args)]
pub struct RevokeArgs {
    /// The token's id, as `flowhost api-token list` shows it
    id: String,
    /// Don't ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Create(args) => {
            let answer = args
                .api
                .connect(environment)?
                .send(Route::CreateApiToken, &[], &args.body())
                .await?;
            args.api.print(&answer, |made: NewApiToken| printable(&made.token))
        }
        Command::List(args) => {
            let answer = args.api.connect(environment)?.call(Route::ListApiTokens, &[]).await?;
            args.api.print(&answer, |list: ApiTokenList| for_people(&list))
        }
        Command::Revoke(args) => {
            let api = args.api.connect(environment)?;
            confirm(
                &format!(
                    "Whoever uses token {}, or one that was made with it, is locked out.",
                    args.id
                ),
                args.yes,
            )?;
            api.call(Route::DeleteApiToken, &[&args.id]).await?;
            args.api.done(&format!("Token {} is revoked.", args.id));
            Ok(())
        }
    }
}

impl CreateArgs {
    fn body(&self) -> CreateApiToken {
        let Reach { operator, partner, tenant } = &self.reach;
        let role = match self.role {
            Role::Deploy => "deploy",
            Role::Read => "read",
        };
        CreateApiToken {
            scope: operator.then(|| "operator".to_owned()),
            partner: partner.clone(),
            tenant: tenant.clone(),
            role: tenant.as_ref().map(|_| role.to_owned()),
            expires_in_seconds: self.expires_in,
        }
    }
}

fn for_people(list: &ApiTokenList) -> String {
    if list.api_tokens.is_empty() {
        return "No tokens yet. Make one: flowhost api-token create --tenant acme".to_owned();
    }
    let mut table = Table::new(&["TOKEN", "ROLE", "PARTNER", "TENANT", "EXPIRES", "LAST USED"]);
    for token in &list.api_tokens {
        let (expires, used) =
            (or_dash(token.expires_at.as_ref()), or_dash(token.last_used_at.as_ref()));
        let (partner, tenant) = (or_dash(token.partner.as_ref()), or_dash(token.tenant.as_ref()));
        let role = if token.for_console {
            format!("{}, in the console", token.role)
        } else {
            token.role.clone()
        };
        table.row([token.id.to_string(), role, partner, tenant, expires, used]);
    }
    table.to_string()
}

const EXAMPLE: &str = "Examples:
  flowhost api-token create --tenant acme --role deploy --expires-in 2592000   # for a developer
  flowhost api-token create --partner solo                                     # for a partner's own tools
  flowhost api-token create --operator > operator-token";
