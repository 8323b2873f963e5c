//! `flowhost session`: shows the course of conversations. Their content is sealed.

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::Value;

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
    let path = ["tenants", &args.tenant, "flows", &args.flow, "sessions"];
    let answer = args.api.connect(environment)?.get_with(&path, &query).await?;
    args.api.print(&answer, |list: Sessions| list.for_people())
}

async fn show(args: ShowArgs, environment: &Environment) -> anyhow::Result<()> {
    let path = ["tenants", &args.tenant, "flows", &args.flow, "sessions", &args.id];
    let answer = args.api.connect(environment)?.get(&path).await?;
    args.api.print(&answer, |session: Session| session.for_people())
}

#[derive(Deserialize)]
struct Sessions {
    sessions: Vec<Session>,
    next_before: Option<String>,
}

#[derive(Deserialize)]
struct Session {
    id: String,
    status: String,
    screen: Option<String>,
    exchanges: u64,
    #[serde(default)]
    shared: bool,
    updated_at: String,
    expires_at: String,
    #[serde(default)]
    history: Vec<Exchange>,
    #[serde(default)]
    client_errors: Vec<Value>,
}

#[derive(Deserialize)]
struct Exchange {
    number: u64,
    action: String,
    screen_in: Option<String>,
    screen_out: Option<String>,
    outcome: String,
    duration_ms: Option<f64>,
    plugin_version: Option<u64>,
    created_at: String,
}

impl Sessions {
    fn for_people(&self) -> String {
        if self.sessions.is_empty() {
            return "No sessions.".to_owned();
        }
        let mut table =
            Table::new(&["SESSION", "STATUS", "SCREEN", "EXCHANGES", "UPDATED", "EXPIRES"]);
        for session in &self.sessions {
            let (screen, exchanges) =
                (or_dash(session.screen.as_ref()), session.exchanges.to_string());
            let (updated, expires) = (session.updated_at.clone(), session.expires_at.clone());
            table.row([session.id.clone(), session.status(), screen, exchanges, updated, expires]);
        }
        match &self.next_before {
            Some(point) => format!("{table}\nThere are more: --before {}", printable(point)),
            None => table.to_string(),
        }
    }
}

impl Session {
    /// A session with a shared token is a single exchange, not a conversation that could be open or
    /// over.
    fn status(&self) -> String {
        if self.shared { format!("{} (shared token)", self.status) } else { self.status.clone() }
    }

    fn for_people(&self) -> String {
        let (status, screen) =
            (printable(&self.status()), printable(self.screen.as_deref().unwrap_or("-")));
        let mut text = format!(
            "session {}: {status}, screen {screen}, expires {}",
            printable(&self.id),
            printable(&self.expires_at)
        );
        if !self.history.is_empty() {
            text += &format!("\n\n{}", self.course());
        }
        for error in &self.client_errors {
            text += &format!("\nthe client reported: {}", printable(&error.to_string()));
        }
        text
    }

    fn course(&self) -> Table {
        let mut table =
            Table::new(&["NO", "ACTION", "FROM", "TO", "OUTCOME", "MS", "VERSION", "AT"]);
        for exchange in &self.history {
            table.row([
                exchange.number.to_string(),
                exchange.action.clone(),
                or_dash(exchange.screen_in.as_ref()),
                or_dash(exchange.screen_out.as_ref()),
                exchange.outcome.clone(),
                or_dash(exchange.duration_ms),
                or_dash(exchange.plugin_version),
                exchange.created_at.clone(),
            ]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_page_says_how_to_go_on() {
        let text = r#"{"sessions":[{"id":"1","status":"open","screen":null,"exchanges":0,"updated_at":"u","expires_at":"e"}],
            "next_before":"2026-01-01T00:00:00Z"}"#;
        let list: Sessions = serde_json::from_str(text).unwrap();

        assert!(list.for_people().ends_with("--before 2026-01-01T00:00:00Z"));
    }

    #[test]
    fn what_a_client_reported_can_not_steer_the_terminal() {
        let text = r#"{"id":"1","status":"open","screen":"A","exchanges":1,"updated_at":"u","expires_at":"e",
            "history":[{"number":1,"action":"INIT","screen_in":null,"screen_out":"A","outcome":"screen","duration_ms":3,
                        "plugin_version":1,"created_at":"c"}],
            "client_errors":[{"key":"\u001b[2J"}]}"#;
        let session: Session = serde_json::from_str(text).unwrap();

        let shown = session.for_people();

        assert!(!shown.contains('\u{1b}'), "{shown}");
        assert!(shown.contains("INIT") && shown.contains("the client reported"), "{shown}");
    }
}
