//! What a client needs of a flow, and a project with the flow's plugin.

use std::path::{Path, PathBuf};
use std::process::Command;

use flowhost_tests::{Component, TestFlow, flowhost};
use tempfile::TempDir;

/// A flow, and a folder with what its client needs.
pub(super) struct Stage {
    folder: TempDir,
    flow: TestFlow,
}

impl Stage {
    /// A stage for a flow with the plugin `caller`.
    pub(super) async fn of(flow: &TestFlow) -> Self {
        let stage = Self { folder: tempfile::tempdir().unwrap(), flow: flow.clone() };
        stage.write("public.pem", &flow.tenant.public_key_pem);
        stage.write("Cargo.toml", "");
        let component = Component::Caller.bytes().await;
        std::fs::write(stage.path("component.wasm"), component).unwrap();
        stage
    }

    /// The path of a file in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder, and returns its path.
    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Plays the scenarios of the folder in the sandbox.
    pub(super) fn sandbox(&self) -> Command {
        let mut command = flowhost(&["plugin", "test"]);
        command.arg(self.folder.path()).arg("--component").arg(self.path("component.wasm"));
        command
    }

    /// Plays a scenario at the flow.
    pub(super) fn run(&self, scenario: &Path) -> Command {
        let mut command = self.client("run");
        command.arg(scenario);
        command
    }

    /// A chat with the flow that is recorded.
    pub(super) fn recorded_chat(&self, name: &str) -> Command {
        let mut command = self.client("chat");
        command.arg("--record").arg(self.path(name));
        command.arg("--component").arg(self.path("component.wasm"));
        command
    }

    fn client(&self, which: &str) -> Command {
        let mut command = flowhost(&["client", which, "--url", &self.flow.url(), "--public-key"]);
        command.arg(self.path("public.pem"));
        command.env("FLOWHOST_APP_SECRET", &self.flow.tenant.app_secret);
        command
    }
}
