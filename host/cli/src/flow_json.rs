//! `flowhost flow json`: the Flow JSON that a flow's replies are checked against.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use flowhost_api::{FindingView, FlowJsonNotes, Route};
use flowhost_server::config::Environment;

use super::api::{Answer, ApiArgs};
use super::confirm::confirm;
use super::flow::{DeleteArgs, FlowArgs};
use super::input::read_text;
use super::output::{note, printable, say, say_exactly};

/// What can be done with the Flow JSON of a flow.
#[derive(Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Command {
    /// Upload the Flow JSON: from now on each reply is checked against it, as the phone would
    #[command(after_help = EXAMPLE)]
    Set(SetArgs),
    /// Print the Flow JSON, byte for byte as it was uploaded
    #[command(after_help = "Example:\n  flowhost flow json get acme booking > flow.json")]
    Get(FlowArgs),
    /// Delete the Flow JSON: replies are not checked against it any more
    #[command(after_help = "Example:\n  flowhost flow json delete acme booking --yes")]
    Delete(DeleteArgs),
}

/// Arguments of `flow json set`.
#[derive(Args)]
pub struct SetArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// The Flow JSON, - for standard input
    file: PathBuf,
    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Set(args) => set(args, environment).await,
        Command::Get(args) => get(args, environment).await,
        Command::Delete(args) => delete(args, environment).await,
    }
}

async fn set(args: SetArgs, environment: &Environment) -> anyhow::Result<()> {
    let document = read_text(&args.file)?;
    let answer =
        args.api.connect(environment)?.put_flow_json([&args.tenant, &args.flow], document).await?;
    if args.api.json {
        say(&answer.text);
        return Ok(());
    }
    show_notes(&answer, &args.file)?;
    args.api.done(&format!("Replies of flow {} are checked against this Flow JSON.", args.flow));
    Ok(())
}

/// Shows the notes on the accepted Flow JSON of that file, on standard error.
pub(super) fn show_notes(answer: &Answer, file: &Path) -> anyhow::Result<()> {
    // A host of an earlier release answers without a body.
    if !answer.text.is_empty() {
        let FlowJsonNotes { notes } = answer.read()?;
        notes.iter().for_each(|found| note(&for_people(found, file)));
    }
    Ok(())
}

fn for_people(found: &FindingView, file: &Path) -> String {
    let FindingView { pointer, line, column, name, message, .. } = found;
    let name = name.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
    let pointer = if pointer.is_empty() { String::new() } else { format!(" {pointer}") };
    // A host of an earlier release gives no positions.
    let position: String =
        [line, column].into_iter().flatten().map(|number| format!(":{number}")).collect();
    printable(&format!("note: {}{position}{pointer}: {message}{name}", file.display()))
}

async fn get(args: FlowArgs, environment: &Environment) -> anyhow::Result<()> {
    say_exactly(
        &args
            .api
            .connect(environment)?
            .call(Route::ShowFlowJson, &[&args.tenant, &args.flow])
            .await?
            .text,
    );
    Ok(())
}

async fn delete(args: DeleteArgs, environment: &Environment) -> anyhow::Result<()> {
    let api = args.api.connect(environment)?;
    confirm(
        &format!(
            "The Flow JSON of flow {} will be gone, and its replies not be checked any more.",
            args.flow
        ),
        args.yes,
    )?;
    api.call(Route::DeleteFlowJson, &[&args.tenant, &args.flow]).await?;
    args.api.done(&format!(
        "Flow {} has no Flow JSON any more: its replies are not checked against one.",
        args.flow
    ));
    Ok(())
}

const EXAMPLE: &str = "Examples:
  flowhost flow json set acme booking flow.json
  flowhost flow json get acme booking > flow.json

What WhatsApp would refuse is an error, and the document is not taken. What is taken and may not do what was meant is a note.

A reply that the phone would refuse (a screen without a route to it, data of another type) is then a failure of the plugin: it is in
`flowhost plugin logs acme booking`, with the place that is wrong, and is answered as the flow's setting `on_failure` says.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_shown_with_its_place_in_the_file() {
        let mut found = FindingView {
            level: "note".to_owned(),
            pointer: "/version".to_owned(),
            line: Some(2),
            column: Some(3),
            name: None,
            message: "old".to_owned(),
        };
        let file = Path::new("flow.json");
        assert_eq!(for_people(&found, file), "note: flow.json:2:3 /version: old");

        (found.line, found.column, found.pointer) = (None, None, String::new());
        assert_eq!(for_people(&found, file), "note: flow.json: old");
    }
}
