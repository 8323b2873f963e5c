//! `flowhost plugin logs`: what a flow's plugin logged.

use clap::{Args, ValueEnum};

use flowhost_api::{LogLineView, Route};
use flowhost_server::config::Environment;

use super::super::api::{ApiArgs, ApiError};
use super::super::output::{is_heard, note, printable, say};

/// Arguments of `plugin logs`.
#[derive(Args)]
pub struct LogsArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// Go on with lines as they come, until the host or you end it
    #[arg(long)]
    follow: bool,
    /// Only lines at this level or above
    #[arg(long, value_enum)]
    level: Option<Level>,
    /// At most this many of the newest lines
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u32>,
    /// Only those before this line, by its number in the JSON
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["follow", "after"])]
    before: Option<u64>,
    /// Only those after this line, by its number in the JSON
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
    /// Only those of this session, by its id in `flowhost session list`
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

pub(super) async fn run(args: LogsArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    let names = [args.tenant.as_str(), &args.flow];
    let mut query = args.query();
    if !args.follow {
        let answer = api.call_with(Route::ListLogLines, &names, &query).await?;
        answer.text.lines().try_for_each(|line| args.print(line))?;
        if answer.text.is_empty() {
            args.api.done("No lines.");
        }
        return Ok(());
    }
    query.push(("follow", true.to_string()));
    let mut events = api.follow(Route::ListLogLines, &names, &query).await?;
    while let Some(line) = events.next().await {
        args.print(&line)?;
        // Otherwise the host would keep one of the tenant's permits for followers while nobody
        // reads.
        if !is_heard() {
            return Ok(());
        }
    }
    note(
        "the host ended the stream: it stops, the flow is gone, or the token is not valid any more",
    );
    Ok(())
}

impl LogsArgs {
    fn query(&self) -> Vec<(&'static str, String)> {
        let level = self.level.and_then(|level| level.to_possible_value());
        let mut query = Vec::new();
        query.extend(level.map(|level| ("level", level.get_name().to_owned())));
        query.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        query.extend(self.before.map(|before| ("before", before.to_string())));
        query.extend(self.after.map(|after| ("after", after.to_string())));
        query.extend(self.session.iter().map(|session| ("session", session.clone())));
        query
    }

    fn print(&self, json: &str) -> Result<(), ApiError> {
        if self.api.json {
            say(json);
        } else {
            let line: LogLineView = serde_json::from_str(json).map_err(ApiError::NotUnderstood)?;
            say(&for_people(&line));
        }
        Ok(())
    }
}

pub(crate) fn for_people(line: &LogLineView) -> String {
    let dropped = line
        .dropped
        .map(|dropped| format!(" ({dropped} more lines were dropped)"))
        .unwrap_or_default();
    let (level, message) = (printable(&line.level), printable(&line.message));
    format!("{} {level:5} v{} {message}{dropped}", line.at, line.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_when_how_bad_which_version_and_what_is_missing() {
        let json = r#"{"number":1,"at":"2026-11-22T05:00:00Z","level":"info","version":3,"message":"a\u001b[2J","dropped":7}"#;
        let line: LogLineView = serde_json::from_str(json).unwrap();

        assert_eq!(
            for_people(&line),
            "2026-11-22T05:00:00Z info  v3 a\u{fffd}[2J (7 more lines were dropped)"
        );
    }
}
