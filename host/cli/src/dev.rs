//! `flowhost dev`: a host with its own PostgreSQL, all in one folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ClapArgs;

use flowhost_devkit::postgres::{EmbeddedPostgres, Options, PgPrograms};
use flowhost_protocol::crypto::MasterKeys;
use flowhost_server::app::Host;
use flowhost_server::config::{
    CompileConfig, ConfigError, Console, DATABASE_CONNECTIONS, EgressConfig, Environment,
    HostConfig, LONGEST_LOGIN_DELAY, ListenConfig, MigrationPolicy, SecretText, code_cache,
};
use flowhost_server::egress::{MediaOrigins, StandIn, StandIns};

use super::api::AdminApi;
use super::dev_file::{AtStart, DevFile};
use super::dev_folder::DevFolder;
use super::dev_plugin::DevDeployer;
use super::input::read_text;
use super::output::{note, say};
use super::ready_file::ReadyFile;
use super::running::{RunArgs, serve_until_signal};
use super::signals::Signals;

/// Arguments of `dev`.
#[derive(ClapArgs)]
#[command(after_help = EXAMPLE)]
pub struct Args {
    /// Folder for the database, the master key and the admin token; kept between starts
    #[arg(long, default_value = ".flowhost", value_name = "DIR")]
    data_dir: PathBuf,
    /// A plugin project to serve in a flow of its own, built and deployed again after each change
    #[arg(long, value_name = "DIR")]
    plugin: Option<PathBuf>,
    /// Let a server of yours answer in the place of a host that plugins send requests to; can be
    /// repeated. Plain http is fine, and it gets the secrets that the host would get
    #[arg(long = "mock", value_name = "HOST=URL")]
    mocks: Vec<StandIn>,
    /// PEM file with a certificate that plugins' requests trust besides the system's; can be
    /// repeated
    #[arg(long = "ca", value_name = "FILE")]
    certificates: Vec<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> anyhow::Result<()> {
    if let Some(file) = args.plugin.as_deref().filter(|path| path.is_file()) {
        return Err(ConfigError::new(format!(
            "{} is a file: name the folder of a plugin project, which is built and deployed; a component goes to a host that runs with `flowhost plugin deploy`",
            file.display()
        ))
        .into());
    }
    let mut front = args.run.front().resolve(environment)?;
    let file = match &args.plugin {
        Some(project) => DevFile::read(project)?,
        None => DevFile::default(),
    };
    let project = args.plugin.as_deref().unwrap_or(Path::new("."));
    front.egress =
        egress_for_development(front.egress, &file, project, args.mocks, args.certificates)?;
    let plugin = args.plugin.map(|project| (project, file.at_start()));
    // In production plugins' log lines are not shown, because customers' data may be in them.
    // Developers need them. Those of their own project are shown as `plugin logs` shows them.
    args.run.init_log(if plugin.is_some() { "" } else { "plugin=debug," })?;
    let signals = Signals::listen()?;
    let ready_file = ReadyFile::claim(args.run.ready_file)?;
    let folder = DevFolder::open(&args.data_dir)?;
    let postgres = start_postgres(&folder, environment).await?;
    let in_folder = folder.root().join("code-cache");
    let cache = code_cache(Some(args.run.code_cache.as_deref().unwrap_or(&in_folder)), environment);
    let compile =
        CompileConfig { code_cache: cache, time: LONGEST_COMPILING, ..CompileConfig::default() };
    let served = serve(front, compile, &folder, &postgres, plugin, ready_file, signals).await;
    let stopped = postgres.stop().await;
    served?;
    Ok(stopped?)
}

/// What plugins' requests may do here and in no production: reach servers in the place of others,
/// fetch files from this machine, and trust certificates of the developer's own.
fn egress_for_development(
    egress: EgressConfig,
    file: &DevFile,
    project: &Path,
    mocks: Vec<StandIn>,
    certificates: Vec<PathBuf>,
) -> anyhow::Result<EgressConfig> {
    // What was typed counts more than the file.
    let stand_ins: StandIns = file.stand_ins()?.into_iter().chain(mocks).collect();
    let files = file.certificates(project).into_iter().chain(certificates);
    let certificates = files.map(|path| read_text(&path)).collect::<anyhow::Result<Vec<_>>>()?;
    let extra_roots = egress.extra_roots.into_iter().chain(certificates).collect();
    // `flowhost client` serves files from this machine, in the place of WhatsApp.
    let media = MediaOrigins::with_this_machine_for_development();
    Ok(EgressConfig { media, extra_roots, stand_ins: Some(stand_ins), ..egress })
}

async fn start_postgres(
    folder: &DevFolder,
    environment: &Environment,
) -> anyhow::Result<EmbeddedPostgres> {
    let programs =
        PgPrograms::find(environment.postgres_programs().as_deref(), environment.path())?;
    Ok(EmbeddedPostgres::start(Options::durable(programs, folder.root()), note).await?)
}

async fn serve(
    front: ListenConfig,
    compile: CompileConfig,
    folder: &DevFolder,
    postgres: &EmbeddedPostgres,
    plugin: Option<(PathBuf, AtStart)>,
    ready_file: ReadyFile,
    signals: Signals,
) -> anyhow::Result<()> {
    postgres.create_database_if_missing(DATABASE).await?;
    let (admin_token, token_file) = match front.admin_token {
        Some(token) => (token, None),
        None => (folder.admin_token()?, Some(folder.admin_token_file())),
    };
    let mocks = front.egress.stand_ins.as_ref().map(StandIns::to_string);
    let shown_token = SecretText::new(admin_token.expose().to_owned());
    let config = HostConfig {
        database: postgres.connect_options(DATABASE),
        database_connections: DATABASE_CONNECTIONS,
        migrations: MigrationPolicy::Apply,
        listen: front.listen,
        admin_listen: front.admin_listen,
        tls: front.tls,
        limits: front.limits,
        // Nothing watches over a host on a developer's machine.
        drain_delay: Duration::ZERO,
        master_keys: MasterKeys::new(folder.master_key()?, None),
        admin_token: Some(admin_token),
        longest_login_delay: LONGEST_LOGIN_DELAY,
        graph: front.graph,
        compile,
        egress: front.egress,
        guests: front.guests,
        rsa_batches: front.rsa_batches,
        console: match front.console {
            Console::Off => Console::Off,
            Console::On | Console::ForDevelopment => Console::ForDevelopment,
        },
    };
    serve_until_signal(config, ready_file, signals, async |host| {
        say(&welcome(host, token_file.as_deref(), mocks.as_deref().unwrap_or_default()));
        let Some((project, at_start)) = plugin else { return Ok(()) };
        let api = AdminApi::new(&host.admin_url(), Some(shown_token))?;
        DevDeployer::open(project, at_start, folder, host, api).await?.serve().await
    })
    .await
}

/// What is where. `mocks` is empty if there are none.
fn welcome(host: &Host, token_file: Option<&Path>, mocks: &str) -> String {
    let (where_it_is, how_to_get_it) = match token_file {
        Some(path) => (path.display().to_string(), format!("\"$(cat '{}')\"", path.display())),
        None => ("as in FLOWHOST_ADMIN_TOKEN".to_owned(), "\"$FLOWHOST_ADMIN_TOKEN\"".to_owned()),
    };
    let (public, admin) = (host.public_url(), host.admin_url());
    let mocks = match mocks {
        "" => String::new(),
        mocks => format!("\n\x20 mocks           {mocks}"),
    };
    let console = match host.console_link("/console") {
        Some(link) => format!("\n\x20 console         {}  (signs in once)", link.expose()),
        None => String::new(),
    };
    format!(
        "Flowhost is ready; Ctrl-C stops it.\n\
         \x20 data endpoints  {public}/flows/TENANT/FLOW\n\
         \x20 admin API       {admin}\n\
         \x20 admin token     {where_it_is}{mocks}{console}\n\
         For the commands in another terminal:\n\
         \x20 export FLOWHOST_URL={admin} FLOWHOST_TOKEN={how_to_get_it}"
    )
}

/// Compiling may take a minute of CPU, and builds and editors have the cores too. An upload is given up
/// a minute later.
const LONGEST_COMPILING: Duration = Duration::from_secs(240);

/// The database inside the embedded PostgreSQL.
const DATABASE: &str = "flowhost";

const EXAMPLE: &str = "Examples:
  flowhost dev
  flowhost dev --plugin ./my-plugin
  flowhost dev --plugin ./my-plugin --mock api.example.com=http://127.0.0.1:9000
  flowhost dev --data-dir /tmp/try --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --ready-file /tmp/try/ready.json

A file dev.toml in the plugin's folder has the settings, secrets and mocks of this machine; keep it out of git.

FLOWHOST_ADMIN_TOKEN, if set, is the admin token instead of the one in the folder; FLOWHOST_PG_BIN is the folder of the
PostgreSQL programs, if they are neither on the PATH nor in /usr/lib/postgresql.";
