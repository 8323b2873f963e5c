//! The `flowhost` program: one file per command.
//!
//! Invariants: everything printed goes through `output`; bad usage and bad configuration end with
//! exit code 64, any other failure with 1; a secret comes from the environment, a file or standard
//! input, never from an argument.

mod api;
mod api_token;
mod app_secret;
mod audit;
#[cfg(feature = "devkit")]
mod client;
mod compile_worker;
mod completions;
mod confirm;
#[cfg(feature = "devkit")]
mod demo;
#[cfg(feature = "devkit")]
mod dev;
#[cfg(feature = "devkit")]
mod dev_file;
#[cfg(feature = "devkit")]
mod dev_folder;
#[cfg(feature = "devkit")]
mod dev_plugin;
mod flow;
mod flow_config;
mod flow_grant;
mod flow_json;
mod flow_settings;
mod flow_store;
mod graph;
mod input;
mod key;
mod master_key;
mod migrate;
mod open_files;
mod output;
mod partner;
mod plugin;
mod ready_file;
mod retention;
mod running;
#[cfg(feature = "devkit")]
mod schema;
mod serve;
mod session;
mod signals;
mod table;
mod tenant;
mod token;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};

use flowhost_runtime::telemetry;
use flowhost_server::config::{ConfigError, Environment};

fn main() -> ExitCode {
    let command = match parse(std::env::args_os()) {
        Ok(command) => command,
        Err(shown) => return shown.print(),
    };
    let code = match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    };
    telemetry::finish_log();
    code
}

/// Parses the arguments. The error is to be printed: it is bad usage, or the help that was asked
/// for.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, NotRun> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Not one of the commands that people see, so that it is never suggested to them.
    if arguments.get(1).is_some_and(|name| name == compile_worker::NAME) {
        let worker = compile_worker::Worker::try_parse_from(&arguments[1..]);
        return worker.map(|worker| Command::CompileWorker(worker.args)).map_err(NotRun);
    }
    Cli::try_parse_from(arguments).map(|cli| cli.command).map_err(NotRun)
}

/// Runs a command to its end.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        // Runs before any other thread exists, because the worker's confinement only holds for its
        // own thread.
        Command::CompileWorker(args) => compile_worker::run(&args),
        command => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .context("can't start threads")?;
            runtime.block_on(run_async(command))?;
            output::printed()
        }
    }
}

async fn run_async(command: Command) -> anyhow::Result<()> {
    let environment = Environment::of_process();
    match command {
        Command::Serve(args) => serve::run(args, &environment).await,
        #[cfg(feature = "devkit")]
        Command::Dev(args) => dev::run(args, &environment).await,
        #[cfg(feature = "devkit")]
        Command::Demo(args) => demo::run(args, &environment).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::MasterKey(command) => master_key::run(command, &environment).await,
        Command::Partner(command) => partner::run(command, &environment).await,
        Command::ApiToken(command) => api_token::run(command, &environment).await,
        Command::Audit(args) => audit::run(args, &environment).await,
        Command::Tenant(command) => tenant::run(command, &environment).await,
        Command::Key(command) => key::run(command, &environment).await,
        Command::Graph(command) => graph::run(command, &environment).await,
        Command::AppSecret(command) => app_secret::run(command, &environment).await,
        Command::Flow(command) => flow::run(command, &environment).await,
        Command::Token(command) => token::run(command, &environment).await,
        Command::Session(command) => session::run(command, &environment).await,
        Command::Plugin(command) => plugin::run(command, &environment).await,
        #[cfg(feature = "devkit")]
        Command::Client(command) => client::run(command, &environment).await,
        #[cfg(feature = "devkit")]
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => {
            completions::run(&args, Cli::command());
            Ok(())
        }
        Command::CompileWorker(args) => compile_worker::run(&args),
    }
}

/// Prints an error with all its causes, and returns the exit code for it.
pub fn report(error: &anyhow::Error) -> ExitCode {
    output::note(&describe(error));
    exit_code(error)
}

/// Why no command is run: bad usage, or a request for the help or the version.
#[derive(Debug)]
pub struct NotRun(clap::Error);

impl NotRun {
    /// Prints the message, and returns the exit code for it.
    pub fn print(&self) -> ExitCode {
        match self.0.print() {
            _ if self.0.use_stderr() => ExitCode::from(BAD_USAGE),
            Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::from(FAILURE),
            _ => ExitCode::SUCCESS,
        }
    }
}

#[derive(Parser)]
#[command(name = "flowhost", version, about = "Hosts WhatsApp Flows data endpoints", after_help = EXAMPLE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What `flowhost` can do.
#[derive(Subcommand)]
pub enum Command {
    /// Serve data endpoints from a PostgreSQL database: production
    Serve(serve::Args),
    /// Serve with a PostgreSQL of its own, kept in a folder: development
    #[cfg(feature = "devkit")]
    Dev(dev::Args),
    /// Show the whole of it working, in one command that leaves nothing behind
    #[cfg(feature = "devkit")]
    Demo(demo::Args),
    /// Bring the database up to date, before the hosts that need it start
    Migrate(migrate::Args),
    /// Make and change the key that everything is sealed with
    #[command(subcommand)]
    MasterKey(master_key::Command),
    /// Make and change partners: who owns tenants; for operators
    #[command(subcommand)]
    Partner(partner::Command),
    /// Make and revoke tokens of the admin API
    #[command(subcommand)]
    ApiToken(api_token::Command),
    /// Look up who changed what
    Audit(audit::Args),
    /// Make and change tenants: one for each WhatsApp Business Account
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Rotate, make, import, upload, show and delete a tenant's RSA key pairs
    #[command(subcommand)]
    Key(key::Command),
    /// Set what lets the host upload a tenant's public keys to Meta
    #[command(subcommand)]
    Graph(graph::Command),
    /// Set the app secret that a tenant's requests are signed with
    #[command(subcommand)]
    AppSecret(app_secret::Command),
    /// Make and change flows: a tenant's endpoints
    #[command(subcommand)]
    Flow(flow::Command),
    /// Mint flow tokens to send a Flow with
    #[command(subcommand)]
    Token(token::Command),
    /// Look at conversations, delete one person's
    #[command(subcommand)]
    Session(session::Command),
    /// Build a plugin, deploy it, switch between its versions
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Play WhatsApp against an endpoint
    #[command(subcommand)]
    #[cfg(feature = "devkit")]
    Client(client::Command),
    /// Print JSON Schemas of what authors of plugins write, for their editors
    #[cfg(feature = "devkit")]
    Schema(schema::Args),
    /// Let a shell complete the commands and their arguments
    Completions(completions::Args),
    /// Compile one component; hosts start it themselves
    #[command(skip)]
    CompileWorker(compile_worker::Args),
}

fn describe(error: &anyhow::Error) -> String {
    let causes = error.chain().skip(1).map(|cause| format!("\n  because: {cause}"));
    format!("error: {error}{}", causes.collect::<String>())
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(if error.is::<ConfigError>() { BAD_USAGE } else { FAILURE })
}

const EXAMPLE: &str = "Examples:
  flowhost demo                                   # the whole of it, in one command
  flowhost dev                                    # a host to develop against
  flowhost tenant create acme --name \"Acme Clinic\"
  flowhost plugin deploy acme booking ./my-plugin";

/// `EX_USAGE` of sysexits.h.
const BAD_USAGE: u8 = 64;

const FAILURE: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn code(arguments: &[&str]) -> ExitCode {
        match parse(arguments.iter().map(OsString::from)) {
            Ok(_) => panic!("{arguments:?} must not parse"),
            Err(shown) => shown.print(),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bad_usage_is_64_and_help_is_0() {
        for bad in [
            &["flowhost"][..],
            &["flowhost", "frobnicate"],
            &["flowhost", "tenant"],
            &["flowhost", "serve", "--no"],
        ] {
            assert_eq!(code(bad), ExitCode::from(64), "{bad:?}");
        }
        for asked in [
            &["flowhost", "--help"][..],
            &["flowhost", "--version"],
            &["flowhost", "tenant", "create", "-h"],
        ] {
            assert_eq!(code(asked), ExitCode::SUCCESS, "{asked:?}");
        }
    }

    #[test]
    fn what_hosts_start_is_neither_shown_nor_suggested() {
        let suggested = parse(["flowhost", "compile-work"].map(OsString::from));
        let Err(NotRun(error)) = suggested else { panic!("it is no command") };
        assert!(!error.to_string().contains("worker"), "{error}");
        assert!(matches!(
            parse(["flowhost", "compile-worker"].map(OsString::from)),
            Ok(Command::CompileWorker(_))
        ));
    }

    #[test]
    fn bad_configuration_is_64_and_other_failures_are_1() {
        let bad_configuration = anyhow::Error::new(ConfigError::new("x"));

        assert_eq!(exit_code(&bad_configuration), ExitCode::from(64));
        assert_eq!(exit_code(&bad_configuration.context("while starting")), ExitCode::from(64));
        assert_eq!(exit_code(&anyhow::anyhow!("x")), ExitCode::from(1));
    }

    #[test]
    fn an_error_is_shown_with_its_causes() {
        let error = anyhow::anyhow!("disk full").context("can't write").context("can't start");

        assert_eq!(
            describe(&error),
            "error: can't start\n  because: can't write\n  because: disk full"
        );
    }

    #[test]
    fn every_command_that_destroys_can_be_told_yes() {
        fn walk(command: &clap::Command, found: &mut Vec<String>) {
            if ["delete", "forget", "revoke"].contains(&command.get_name()) {
                let says_yes =
                    command.get_arguments().any(|argument| argument.get_long() == Some("yes"));
                assert!(says_yes, "{:?} has no --yes", command.get_about());
                found.push(command.get_name().to_owned());
            }
            command.get_subcommands().for_each(|sub| walk(sub, found));
        }
        let mut found = Vec::new();
        walk(&Cli::command(), &mut found);
        // Each of them is tested in `tests/it/destroying.rs`.
        assert_eq!(found.len(), 10, "{found:?}");
    }

    #[test]
    fn every_command_has_help_with_an_example() {
        fn walk(command: &clap::Command, path: &str) {
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("Example"), "`{path} --help` has no example");
            assert!(
                help.contains("flowhost "),
                "the example of `{path} --help` shows no command line"
            );
            assert!(command.get_about().is_some(), "`{path}` has no description");
            for argument in
                command.get_arguments().filter(|argument| argument.get_id() != "version")
            {
                assert!(
                    argument.get_help().is_some(),
                    "`{path}`: {} has no help",
                    argument.get_id()
                );
            }
            command
                .get_subcommands()
                .for_each(|sub| walk(sub, &format!("{path} {}", sub.get_name())));
        }
        walk(&Cli::command(), "flowhost");
    }
}
