//! `flowhost partner`: Solution Partners, who own tenants. For operators.

use clap::{Args, Subcommand};

use flowhost_api::{CreatePartner, PartnerList, PartnerView, PatchPartner, Route};
use flowhost_server::config::{ConfigError, Environment};

use super::api::ApiArgs;
use super::confirm::confirm;
use super::table::Table;

/// What can be done with partners.
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  flowhost partner create solo --name \"Solo Ltd\"\n  flowhost partner update solo --disabled true"
)]
pub enum Command {
    /// Make a partner
    #[command(after_help = "Example:\n  flowhost partner create solo --name \"Solo Ltd\"")]
    Create(CreateArgs),
    /// List the partners
    #[command(after_help = "Example:\n  flowhost partner list")]
    List(ListArgs),
    /// Change a partner, or switch all its tenants off and on
    #[command(after_help = "Example:\n  flowhost partner update solo --disabled true")]
    Update(UpdateArgs),
    /// Delete a partner that has no tenants, with its tokens
    #[command(after_help = "Example:\n  flowhost partner delete solo")]
    Delete(DeleteArgs),
}

/// Arguments of `partner create`.
#[derive(Args)]
pub struct CreateArgs {
    /// Its name in the API: a-z, 0-9 and -, at most 63
    slug: String,
    /// Its name for people; the slug, if not given
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `partner list`.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `partner update`.
#[derive(Args)]
pub struct UpdateArgs {
    /// The partner's slug
    partner: String,
    /// Its new name for people
    #[arg(long)]
    name: Option<String>,
    /// Whether all endpoints of all its tenants answer 503, at once and on every host
    #[arg(long, value_name = "true|false")]
    disabled: Option<bool>,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `partner delete`.
#[derive(Args)]
pub struct DeleteArgs {
    /// The partner's slug
    partner: String,
    /// Don't ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Create(args) => {
            let body = CreatePartner { slug: args.slug, name: args.name };
            let answer =
                args.api.connect(environment)?.send(Route::CreatePartner, &[], &body).await?;
            args.api.print(&answer, |partner: PartnerView| for_people(&[partner]))
        }
        Command::List(args) => {
            let answer = args.api.connect(environment)?.call(Route::ListPartners, &[]).await?;
            args.api.print(&answer, |list: PartnerList| for_people(&list.partners))
        }
        Command::Update(args) => update(args, environment).await,
        Command::Delete(args) => {
            let api = args.api.connect(environment)?;
            confirm(&format!("Partner {} and its tokens will be gone.", args.partner), args.yes)?;
            api.call(Route::DeletePartner, &[&args.partner]).await?;
            args.api.done(&format!("Partner {} is deleted.", args.partner));
            Ok(())
        }
    }
}

async fn update(args: UpdateArgs, environment: &Environment) -> anyhow::Result<()> {
    let body = PatchPartner { name: args.name, disabled: args.disabled };
    if body == PatchPartner::default() {
        return Err(ConfigError::new("nothing to change: give --name or --disabled").into());
    }
    let answer =
        args.api.connect(environment)?.send(Route::UpdatePartner, &[&args.partner], &body).await?;
    args.api.print(&answer, |partner: PartnerView| for_people(&[partner]))
}

fn for_people(partners: &[PartnerView]) -> String {
    let mut table = Table::new(&["PARTNER", "NAME", "STATE", "CREATED"]);
    for partner in partners {
        let state = if partner.disabled { "disabled" } else { "enabled" };
        table.row([
            partner.slug.clone(),
            partner.name.clone(),
            state.to_owned(),
            partner.created_at.to_string(),
        ]);
    }
    table.to_string()
}
