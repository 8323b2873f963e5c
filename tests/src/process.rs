//! The real program, in a process of its own.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use flowhost_client::{FlowClient, payload};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::admin::Admin;
use crate::poll::{eventually, eventually_built};
use crate::tenant::TestTenant;

/// The program with these arguments, in an environment without its settings.
pub fn flowhost(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in SETTINGS {
        command.env_remove(variable);
    }
    // Otherwise it would use the user's own cache folder.
    command.env("FLOWHOST_CODE_CACHE", "none");
    // No load balancer watches, unless a test says so.
    command.env("FLOWHOST_DRAIN_DELAY", "0");
    command
}

/// The result of a program that ended by itself.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Ended {
    /// Runs a command to its end, off the async threads.
    pub async fn of(mut command: Command) -> Self {
        let output =
            tokio::task::spawn_blocking(move || command.output()).await.expect("not cancelled");
        let output = output.expect("the program can be run");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// What it wrote to its standard output.
    ///
    /// # Panics
    /// It failed.
    #[track_caller]
    pub fn succeeded(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        &self.stdout
    }
}

/// A data folder for `flowhost dev`, removed when no process uses it any more.
#[derive(Debug)]
pub struct DataFolder(TempDir);

impl DataFolder {
    /// The path of a new folder, inside one that others may pass through: PostgreSQL may have to
    /// run as another user.
    pub fn new() -> Self {
        let parent = tempfile::Builder::new()
            .prefix("flowhost-test-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in("/tmp");
        Self(parent.expect("a folder can be made in /tmp"))
    }

    /// The path of the folder.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// The file that says where the host listens, while it is ready.
    pub fn ready_file(&self) -> PathBuf {
        self.0.path().join(READY_FILE)
    }

    /// The admin token that `flowhost dev` made.
    fn admin_token(&self) -> String {
        let token = std::fs::read_to_string(self.path().join("secrets/admin-token"))
            .expect("the host made an admin token");
        token.trim().to_owned()
    }
}

impl Default for DataFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for DataFolder {
    /// Waits until no process of the database is left: each of them holds this lock.
    fn drop(&mut self) {
        let Ok(lock) = File::options().write(true).open(self.path().join("postgres.running"))
        else {
            return;
        };
        for _ in 0..3_000 {
            if lock.try_lock().is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A running `flowhost`, which is killed on drop.
#[derive(Debug)]
pub struct HostProcess {
    child: std::process::Child,
    public_url: String,
    admin: Admin,
}

impl HostProcess {
    /// `flowhost dev` on this folder.
    pub async fn dev(data: &DataFolder) -> Self {
        Self::dev_with(data, |_| ()).await
    }

    /// The same, with more arguments or variables.
    pub async fn dev_with(data: &DataFolder, more: impl FnOnce(&mut Command)) -> Self {
        Self::dev_logging(data, more, Stdio::inherit()).await
    }

    /// The same, with a destination for what it says on standard error.
    pub async fn dev_logging(
        data: &DataFolder,
        more: impl FnOnce(&mut Command),
        log: Stdio,
    ) -> Self {
        let folder = data.path();
        let mut command = flowhost(&["dev", "--data-dir"]);
        command.arg(&folder);
        more(&mut command);
        let (child, addresses) = launch(command, data.0.path(), "warn", log).await;
        Self::of(child, &addresses, &data.admin_token())
    }

    /// Plays WhatsApp for the flow of the project that `flowhost dev --plugin` serves, as soon as it
    /// serves it.
    pub async fn dev_client(&self, data: &DataFolder, flow: &str) -> FlowClient {
        let key = data.path().join("dev-public-key.pem");
        let secret = data.path().join("secrets/dev-app-secret");
        let url = format!("{}/flows/dev/{flow}", self.public_url);
        eventually_built("the plugin is served", async || {
            let read = |path: &Path| Some(std::fs::read_to_string(path).ok()?.trim().to_owned());
            let client = FlowClient::new(&url, &read(&key)?, &read(&secret)?).ok()?;
            (client.call(&payload::ping()).await.ok()?.status == 200).then_some(client)
        })
        .await
    }

    /// `flowhost serve`, or another command that serves, with its arguments and variables set;
    /// `folder` is for the ready file.
    pub async fn serving(command: Command, folder: &Path, admin_token: &str) -> Self {
        Self::serving_and_logging(command, folder, admin_token, "warn", Stdio::inherit()).await
    }

    /// The same, with a log filter and a destination for the log.
    pub async fn serving_and_logging(
        command: Command,
        folder: &Path,
        admin_token: &str,
        filter: &str,
        log: Stdio,
    ) -> Self {
        let (child, addresses) = launch(command, folder, filter, log).await;
        Self::of(child, &addresses, admin_token)
    }

    fn of(child: std::process::Child, addresses: &Value, admin_token: &str) -> Self {
        let url = |which: &str| {
            addresses[which].as_str().expect("the ready file has both addresses").to_owned()
        };
        Self { child, public_url: url("public"), admin: Admin::new(&url("admin"), admin_token) }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The base URL of its data endpoints.
    pub fn public_url(&self) -> String {
        self.public_url.clone()
    }

    /// The operator.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Makes a tenant with an app secret.
    pub async fn tenant(&self, slug: &str) -> TestTenant {
        TestTenant::make(&self.admin, &self.public_url, slug).await
    }

    /// The same tenant, reached through this process.
    pub fn adopt(&self, tenant: &TestTenant) -> TestTenant {
        tenant.moved(&self.admin, &self.public_url)
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process can be waited for");
    }

    /// Sends SIGTERM, without waiting.
    pub fn terminate(&self) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("the process can be signalled");
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> ExitStatus {
        eventually("the process ends", async || {
            self.child.try_wait().expect("the process can be waited for")
        })
        .await
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a command that serves, on free ports unless it has its own, and waits for its ready file.
async fn launch(
    mut command: Command,
    folder: &Path,
    filter: &str,
    log: Stdio,
) -> (std::process::Child, Value) {
    let ready = folder.join(READY_FILE);
    // The file of a process that was killed says nothing about this one.
    let _ = std::fs::remove_file(&ready);
    for option in ["--listen", "--admin-listen"] {
        if !command.get_args().any(|given| given == option) {
            command.args([option, "127.0.0.1:0"]);
        }
    }
    command.args(["--log", filter, "--ready-file"]).arg(&ready);
    command.stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().expect("the program can be run");
    let addresses = eventually("the host is ready", async || {
        if let Ok(Some(status)) = child.try_wait() {
            panic!("the host ended instead of serving: {status}");
        }
        std::fs::read_to_string(&ready).ok()
    });
    let addresses = addresses.await;
    (child, serde_json::from_str(&addresses).expect("the ready file is JSON"))
}

/// `target/<profile>/flowhost`, beside the folder of the test binaries.
pub fn program() -> PathBuf {
    let own = std::env::current_exe().expect("this program has a path");
    let profile =
        own.parent().and_then(Path::parent).expect("test binaries are in target/<profile>/deps");
    let program = profile.join("flowhost");
    assert!(
        program.is_file(),
        "{} is missing: only tests and benchmarks of its own package have it",
        program.display()
    );
    program
}

const READY_FILE: &str = "ready.json";

/// The variables that commands read.
const SETTINGS: [&str; 14] = [
    "DATABASE_URL",
    "FLOWHOST_ADMIN_TOKEN",
    "FLOWHOST_APP_SECRET",
    "FLOWHOST_CODE_CACHE",
    "FLOWHOST_DATABASE_CONNECTIONS",
    "FLOWHOST_DRAIN_DELAY",
    "FLOWHOST_GRAPH_TOKEN",
    "FLOWHOST_GRAPH_URL",
    "FLOWHOST_KEY_PASSPHRASE",
    "FLOWHOST_LOG",
    "FLOWHOST_MASTER_KEY",
    "FLOWHOST_SECOND_MASTER_KEY",
    "FLOWHOST_TOKEN",
    "FLOWHOST_URL",
];
