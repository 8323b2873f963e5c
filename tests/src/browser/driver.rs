//! ChromeDriver in a process of its own, and the protocol that it speaks: WebDriver, which is JSON
//! over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::plain_http;

/// A driver with one browser, which ends with it.
#[derive(Debug)]
pub(super) struct Driver {
    http: Client,
    port: u16,
    session: String,
    process: Child,
    /// The browser's profile. It is removed after the browser has ended.
    _profile: TempDir,
}

impl Driver {
    /// Starts a driver and lets it open a browser with these preferences.
    pub(super) async fn start(preferences: Value) -> Self {
        let profile = tempfile::tempdir().expect("a folder can be made");
        let started = tokio::task::spawn_blocking(spawn).await;
        let (process, port) = started.expect("not cancelled");
        let port = port.unwrap_or_else(|| panic!("{MISSING}"));
        let session = String::new();
        let mut driver =
            Self { http: plain_http::client(), port, session, process, _profile: profile };
        driver.session = driver.open_browser(preferences).await;
        driver
    }

    async fn open_browser(&self, preferences: Value) -> String {
        let folder = self._profile.path().display();
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={folder}"));
        let options = json!({ "args": arguments, "prefs": preferences });
        let wanted = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            // Proxies of tests have certificates of their own.
            "acceptInsecureCerts": true,
            "timeouts": { "implicit": PATIENCE, "pageLoad": PATIENCE, "script": PATIENCE },
            // A page that asks something has failed, and must not be helped.
            "unhandledPromptBehavior": "ignore",
        });
        let request = json!({ "capabilities": { "alwaysMatch": wanted } });
        let answer = self.send(Method::POST, "/session", &request).await;
        let answer = answer.unwrap_or_else(|why| panic!("{MISSING} (chromedriver: {why})"));
        answer["sessionId"].as_str().expect("a session has an id").to_owned()
    }

    /// A command of the session, without parameters.
    pub(super) async fn get(&self, path: &str) -> Value {
        let path = self.path(path);
        let answer = self.send(Method::GET, &path, &Value::Null).await;
        answer.unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    /// A command of the session, with parameters.
    pub(super) async fn post(&self, path: &str, parameters: Value) -> Value {
        let answer = self.try_post(path, &parameters).await;
        answer.unwrap_or_else(|why| panic!("{path} {parameters:.200}: {why}"))
    }

    /// The same, or what the driver says went wrong.
    pub(super) async fn try_post(&self, path: &str, parameters: &Value) -> Result<Value, String> {
        self.send(Method::POST, &self.path(path), parameters).await
    }

    /// A command of Chromium's own DevTools protocol.
    pub(super) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    fn path(&self, path: &str) -> String {
        format!("/session/{}{path}", self.session)
    }

    /// What the driver answered, or what it says went wrong.
    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let mut request =
            self.http.request(method, format!("http://127.0.0.1:{}{path}", self.port));
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| format!("{error:?}"))?;
        let succeeded = response.status().is_success();
        let mut answer: Value = response.json().await.map_err(|error| format!("{error:?}"))?;
        let value = answer["value"].take();
        if succeeded { Ok(value) } else { Err(value["message"].to_string()) }
    }

    /// Lets the browser end in order, so that it leaves nothing in the temporary folder.
    fn close_browser(&self) -> std::io::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(Duration::from_millis(PATIENCE)))?;
        let request = format!("DELETE {} HTTP/1.1\r\nHost: localhost\r\n\r\n", self.path(""));
        connection.write_all(request.as_bytes())?;
        // The answer comes when it has ended, and then the connection stays open.
        connection.read(&mut [0; 1024]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.close_browser();
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Starts the driver on a free port, which is in the line that says that it is ready.
fn spawn() -> (Child, Option<u16>) {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT, "driver", "--port=0"]).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().expect("a shell can be run");
    // The pipe stays open, for whatever the driver says later.
    let stdout = BufReader::new(process.stdout.as_mut().expect("its output is a pipe"));
    let port = stdout.lines().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    (process, port)
}

const SCRIPT: &str = include_str!("driver.sh");

const MISSING: &str = "the tests of the console need Chromium and its driver, as `chromedriver` on the PATH: apt install chromium chromium-driver";

/// What a browser on a server without a screen needs, and nothing that asks the network. Containers
/// lack what its own sandbox is made of, and the pages are the console's.
const ARGUMENTS: [&str; 10] = [
    "--headless=new",
    "--window-size=1280,1000",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Milliseconds that the browser waits for a page, an element or a script: far above what anything
/// here takes, even on a busy machine.
const PATIENCE: u64 = 120_000;
