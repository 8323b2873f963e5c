//! `flowhost session`: shows the course of conversations, whose content is sealed, and deletes one.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use zeroize::Zeroizing;

use flowhost_api::{
    ClientErrorView, DeleteSession, ExchangeView, Route, SessionDetails, SessionView, SessionsPage,
};
use flowhost_server::config::Environment;

use super::api::ApiArgs;
use super::confirm::confirm;
use super::input::read_secret;
use super::output::printable;
use super::plugin::logs;
use super::table::{Table, or_dash};

/// What can be done with sessions.
#[derive(Subcommand)]
#[command(
    after_help = "Examples:\n  flowhost session list acme booking --status open\n  flowhost session show acme booking ID"
)]
pub enum Command {
    /// List a flow's sessions, the newest first
    #[command(
        after_help = "Example:\n  flowhost session list acme booking --status open --limit 20"
    )]
    List(ListArgs),
    /// Show the course of one session, exchange by exchange
    #[command(
        after_help = "Example:\n  flowhost session show acme booking 0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
    )]
    Show(ShowArgs),
    /// Delete one person's session, found by its flow token
    #[command(after_help = DELETE_HELP)]
    Delete(DeleteArgs),
}

/// Arguments of `session list`.
#[derive(Args)]
pub struct ListArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// Only sessions in this state
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// At most this many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u32>,
    /// Only those before this point, as the end of a list gives it
    #[arg(long, value_name = "POINT")]
    before: Option<String>,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `session show`.
#[derive(Args)]
pub struct ShowArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// The session's id, as `flowhost session list` shows it
    id: String,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `session delete`.
#[derive(Args)]
pub struct DeleteArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// File with the flow token that the Flow was sent with, - for standard input
    #[arg(long, value_name = "FILE")]
    from_file: PathBuf,
    /// Don't ask; needed where there is no terminal
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Status {
    Open,
    Completed,
    Rejected,
    Expired,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::List(args) => list(args, environment).await,
        Command::Show(args) => show(args, environment).await,
        Command::Delete(args) => delete(args, environment).await,
    }
}

async fn list(args: ListArgs, environment: &Environment) -> anyhow::Result<()> {
    let status = args.status.and_then(|status| status.to_possible_value());
    let mut query = Vec::new();
    query.extend(status.map(|status| ("status", status.get_name().to_owned())));
    query.extend(args.limit.map(|limit| ("limit", limit.to_string())));
    query.extend(args.before.map(|before| ("before", before)));
    let api = args.api.connect(environment)?;
    let answer = api.call_with(Route::ListSessions, &[&args.tenant, &args.flow], &query).await?;
    args.api.print(&answer, |page: SessionsPage| page_for_people(&page))
}

async fn show(args: ShowArgs, environment: &Environment) -> anyhow::Result<()> {
    let names = [args.tenant.as_str(), &args.flow, &args.id];
    let answer = args.api.connect(environment)?.call(Route::ShowSession, &names).await?;
    args.api.print(&answer, |session: SessionDetails| for_people(&session))
}

async fn delete(args: DeleteArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    confirm(
        &format!(
            "The session of this token in flow {} of {} will be gone for good, with its exchanges.",
            args.flow, args.tenant
        ),
        args.yes,
    )?;
    let flow_token = Zeroizing::new(read_secret(&args.from_file)?.expose().to_owned());
    let names = [args.tenant.as_str(), &args.flow];
    api.send(Route::DeleteSession, &names, &DeleteSession { flow_token }).await?;
    args.api.done(&format!("The session in flow {} of {} is deleted.", args.flow, args.tenant));
    Ok(())
}

fn page_for_people(page: &SessionsPage) -> String {
    if page.sessions.is_empty() {
        return "No sessions.".to_owned();
    }
    let mut table = Table::new(&["SESSION", "STATUS", "SCREEN", "EXCHANGES", "UPDATED", "EXPIRES"]);
    for session in &page.sessions {
        let (screen, exchanges) = (or_dash(session.screen.as_ref()), session.exchanges.to_string());
        let (updated, expires) = (session.updated_at.to_string(), session.expires_at.to_string());
        table.row([session.id.to_string(), status(session), screen, exchanges, updated, expires]);
    }
    match page.next_before {
        Some(point) => format!("{table}\nThere are more: --before {point}"),
        None => table.to_string(),
    }
}

/// A session with a shared token is a single exchange, not a conversation that could be open or
/// over.
fn status(session: &SessionView) -> String {
    if session.shared {
        format!("{} (shared token)", session.status)
    } else {
        session.status.clone()
    }
}

fn for_people(details: &SessionDetails) -> String {
    let SessionDetails { session, history, client_errors, log } = details;
    let (status, screen) =
        (printable(&status(session)), printable(session.screen.as_deref().unwrap_or("-")));
    let mut text = format!(
        "session {}: {status}, screen {screen}, expires {}",
        session.id, session.expires_at
    );
    if !history.is_empty() {
        text += &format!("\n\n{}", course(history));
    }
    for error in client_errors {
        text += &format!("\nthe client reported: {}", printable(&as_json(error)));
    }
    if !log.is_empty() {
        text += "\n\nthe plugin logged:";
        log.iter().for_each(|line| text += &format!("\n{}", logs::for_people(line)));
    }
    text
}

fn as_json(error: &ClientErrorView) -> String {
    serde_json::to_string(error).expect("texts can be written as JSON")
}

fn course(history: &[ExchangeView]) -> Table {
    let mut table = Table::new(&["NO", "ACTION", "FROM", "TO", "OUTCOME", "MS", "VERSION", "AT"]);
    for exchange in history {
        table.row([
            exchange.number.to_string(),
            exchange.action.clone(),
            or_dash(exchange.screen_in.as_ref()),
            or_dash(exchange.screen_out.as_ref()),
            exchange.outcome.clone(),
            exchange.duration_ms.to_string(),
            or_dash(exchange.plugin_version),
            exchange.created_at.to_string(),
        ]);
    }
    table
}

const DELETE_HELP: &str = "Example:
  flowhost session delete acme booking --from-file flow-token.txt --yes

Deletes the session with its state, its exchanges, what the client reported and what the plugin logged in it, for a person who asks to be forgotten.
The token is read from a file, so that it is in no list of processes and in no log. It may begin a new session later, unless the
flow admits minted tokens only. What stays:
  what the plugin keeps in its own store: the host does not know whom it is about;
  exchanges with a token that many recipients share, which are found by no token;
  the hashes of the requests that were answered, so that none is answered a second time.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_page_says_how_to_go_on() {
        let text = format!(r#"{{"sessions":[{{{SESSION}}}],"next_before":"{ID}"}}"#);
        let page: SessionsPage = serde_json::from_str(&text).unwrap();

        assert!(page_for_people(&page).ends_with(&format!("--before {ID}")));
    }

    #[test]
    fn what_a_client_reported_can_not_steer_the_terminal() {
        let text = format!(
            r#"{{{SESSION},"history":[{{"number":1,"action":"INIT","screen_in":null,"screen_out":"A","outcome":"screen",
                "duration_ms":3,"plugin_version":1,"created_at":"2026-01-02T03:04:05Z"}}],
                "client_errors":[{{"key":"\u001b[2J","created_at":"2026-01-02T03:04:05Z"}}]}}"#
        );
        let session: SessionDetails = serde_json::from_str(&text).unwrap();

        let shown = for_people(&session);

        assert!(!shown.contains('\u{1b}'), "{shown}");
        assert!(shown.contains("INIT") && shown.contains("the client reported"), "{shown}");
    }

    const ID: &str = "0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b";
    const SESSION: &str = r#""id":"0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b","status":"open","screen":"A","exchanges":1,
        "created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z","expires_at":"2026-01-02T03:04:05Z""#;
}
