//! `flowhost flow store`: what a flow's plugin keeps beyond a session.

use clap::{Args, Subcommand};

use flowhost_api::{Route, StoreKeyList, StoreKeysQuery, StoreValueQuery, StoreValueView};
use flowhost_server::config::Environment;

use super::api::ApiArgs;
use super::output::printable;

/// What can be done with the store of a flow.
#[derive(Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Command {
    /// List keys of the store
    #[command(after_help = EXAMPLE)]
    List(ListArgs),
    /// Show the value of a key
    #[command(after_help = EXAMPLE)]
    Get(GetArgs),
}

/// Arguments of `flow store list`.
#[derive(Args)]
pub struct ListArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// Only keys that begin so
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    prefix: String,
    /// At most this many, 50 if not given
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u32>,
    #[command(flatten)]
    api: ApiArgs,
}

/// Arguments of `flow store get`.
#[derive(Args)]
pub struct GetArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// The key
    key: String,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::List(ListArgs { tenant, flow, prefix, limit, api }) => {
            let query = StoreKeysQuery { prefix, limit };
            let connected = api.connect(environment)?;
            let answer = connected.send(Route::ListStoreKeys, &[&tenant, &flow], &query).await?;
            api.print(&answer, |list: StoreKeyList| keys_for_people(&list))
        }
        Command::Get(GetArgs { tenant, flow, key, api }) => {
            let query = StoreValueQuery { key };
            let connected = api.connect(environment)?;
            let answer = connected.send(Route::ShowStoreValue, &[&tenant, &flow], &query).await?;
            api.print(&answer, |value: StoreValueView| for_people(&value))
        }
    }
}

fn keys_for_people(list: &StoreKeyList) -> String {
    if list.keys.is_empty() {
        return "No keys.".to_owned();
    }
    let keys: Vec<_> = list.keys.iter().map(|key| printable(key)).collect();
    let more = if list.more { "\nThere are more: --limit, or a longer --prefix" } else { "" };
    format!("{}{more}", keys.join("\n"))
}

fn for_people(value: &StoreValueView) -> String {
    match (&value.text, &value.base64) {
        (Some(text), _) => printable(text),
        (None, Some(base64)) => format!("no text; in base64: {base64}"),
        (None, None) => String::new(),
    }
}

const EXAMPLE: &str = "Examples:
  flowhost flow store list acme booking --prefix visits/
  flowhost flow store get acme booking visits/4711";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plugin_kept_can_not_steer_the_terminal() {
        let list = StoreKeyList { keys: vec!["a\u{1b}[2J".to_owned(), "b".to_owned()], more: true };
        assert_eq!(
            keys_for_people(&list),
            "a\u{fffd}[2J\nb\nThere are more: --limit, or a longer --prefix"
        );
        let value = StoreValueView {
            key: "a".to_owned(),
            text: Some("\u{1b}".to_owned()),
            base64: None,
            version: 1,
        };
        assert!(!for_people(&value).contains('\u{1b}'));
    }
}
