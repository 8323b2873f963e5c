//! `flowhost session`: shows the course of conversations. Their content is sealed.

use clap::{Args, Subcommand, ValueEnum};

use flowhost_api::{
    ClientErrorView, ExchangeView, Route, SessionDetails, SessionView, SessionsPage,
};
use flowhost_server::config::Environment;

use super::api::ApiArgs;
use super::output::printable;
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

fn for_people(SessionDetails { session, history, client_errors }: &SessionDetails) -> String {
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
