//! A data endpoint as somebody else might have written it: `fixtures/interop/endpoint.mjs`, run by
//! Node.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::repository::repository;

/// The endpoint in a process of its own, which is killed on drop.
#[derive(Debug)]
pub struct NodeEndpoint {
    process: Child,
    port: u64,
    folder: TempDir,
}

impl NodeEndpoint {
    /// An endpoint without a bug.
    pub fn start() -> Self {
        Self::launch(None)
    }

    /// An endpoint with one of the bugs that its source lists.
    pub fn with_bug(bug: &str) -> Self {
        Self::launch(Some(bug))
    }

    fn launch(bug: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::write(folder.path().join(SECRET_FILE), format!("{APP_SECRET}\n"))
            .expect("a file can be written");
        let mut command = Command::new("node");
        command
            .arg(fixtures().join("interop/endpoint.mjs"))
            .arg(fixtures().join("vectors/keys/private.pkcs8.pem"));
        command
            .arg(folder.path().join(SECRET_FILE))
            .args(bug)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| {
            panic!("this test needs Node.js 18 or later, as `node` on the PATH, to play an endpoint that isn't ours: {error}")
        });
        let port = read_port(&mut process);
        Self { process, port, folder }
    }

    /// The endpoint's URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/pizza", self.port)
    }

    /// The arguments that the commands of `flowhost client` share, without the Flow JSON.
    pub fn arguments(&self) -> Vec<String> {
        let public_key = fixtures().join("vectors/keys/public.pem");
        let secret = self.folder.path().join(SECRET_FILE);
        let path = |path: &Path| path.to_str().expect("paths of the tests are UTF-8").to_owned();
        let [url, key, secret] = [self.url(), path(&public_key), path(&secret)];
        ["--url", &url, "--public-key", &key, "--app-secret-file", &secret]
            .map(str::to_owned)
            .to_vec()
    }

    /// The path of its Flow JSON.
    pub fn flow_json() -> PathBuf {
        fixtures().join("interop/flow.json")
    }
}

impl Drop for NodeEndpoint {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Its first line says which port it listens on.
fn read_port(process: &mut Child) -> u64 {
    let mut line = String::new();
    let stdout = process.stdout.take().expect("its output is a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("its output can be read");
    let ready: Value = serde_json::from_str(&line)
        .unwrap_or_else(|_| panic!("the endpoint ended instead of listening: {line:?}"));
    ready["port"].as_u64().expect("the first line has the port")
}

fn fixtures() -> PathBuf {
    repository("tests/fixtures").into()
}

const APP_SECRET: &str = "the-secret-of-somebody-else";

const SECRET_FILE: &str = "app-secret";
