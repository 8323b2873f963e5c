//! `flowhost dev --plugin`: serves the plugin under development in a flow of its own, and deploys
//! it again after each change.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::StatusCode;
use tokio::sync::watch;
use tokio::time::sleep;

use flowhost_api::{CreateTenant, LogLineView, Route, VersionList};
use flowhost_devkit::plugin_project::{self, BuildOptions, BuiltComponent, Sources};
use flowhost_server::app::Host;

use super::api::{AdminApi, answered};
use super::app_secret::new_app_secret;
use super::describe;
use super::dev_file::{AtStart, DevFile, NAME};
use super::dev_folder::DevFolder;
use super::input::read_bytes;
use super::key::public_keys;
use super::output::{note, say};
use super::plugin::flow_json::{ProjectFlowJson, flow_json_path};
use super::plugin::logs;
use super::plugin::{NewVersion, activate_version, rehearse, size, upload};

/// A tenant with keys, and the project that is deployed to it.
pub(super) struct DevDeployer<'h> {
    host: &'h Host,
    project: PathBuf,
    at_start: AtStart,
    /// Beside the database: what was set from the project's `dev.toml`.
    set_file: PathBuf,
    api: AdminApi,
    public_key_file: PathBuf,
    app_secret_file: PathBuf,
}

impl<'h> DevDeployer<'h> {
    /// Makes the tenant `dev`, unless it exists from an earlier start, and writes what a client
    /// needs into the folder.
    pub(super) async fn open(
        project: PathBuf,
        at_start: AtStart,
        folder: &DevFolder,
        host: &'h Host,
        api: AdminApi,
    ) -> anyhow::Result<Self> {
        let tenant = CreateTenant {
            slug: TENANT.to_owned(),
            name: Some("Development".to_owned()),
            ..CreateTenant::default()
        };
        if let Err(error) = api.send(Route::CreateTenant, &[], &tenant).await
            && answered(&error) != Some(StatusCode::CONFLICT)
        {
            return Err(error.context("can't make the tenant `dev`"));
        }
        let (secret, app_secret_file) = folder.app_secret()?;
        api.send(Route::PutAppSecret, &[TENANT], &new_app_secret(&secret, 0)).await?;
        let public_key_file = folder.root().join("dev-public-key.pem");
        fs::write(&public_key_file, public_keys(&api, TENANT).await?)
            .with_context(|| format!("can't write {}", public_key_file.display()))?;
        let set_file = folder.root().join("dev-set");
        Ok(Self { host, project, at_start, set_file, api, public_key_file, app_secret_file })
    }

    /// Deploys the project now and after each change, and shows what the plugin logs, for ever.
    pub(super) async fn serve(&self) -> ! {
        let (deployed_as, flow) = watch::channel(None);
        match tokio::join!(self.deploy_each_change(&deployed_as), self.show_log(flow)) {}
    }

    /// A failure is reported, and the next change is a new attempt.
    async fn deploy_each_change(&self, deployed_as: &watch::Sender<Option<String>>) -> Never {
        let mut sources = Sources::of(&self.project).await;
        let mut served = None;
        loop {
            let deployed = self.deploy().await;
            served = deployed.as_ref().ok().map(|deployed| deployed.version).or(served);
            match deployed {
                Ok(deployed) if deployed_as.borrow().is_some() => say(&deployed.sentence()),
                Ok(deployed) => {
                    say(&format!("{}\n{}", deployed.sentence(), self.introduction(&deployed)));
                    deployed_as.send_replace(Some(deployed.flow));
                }
                Err(error) => note(&format!("{}\n{}", describe(&error), waiting(served))),
            }
            self.tell_what_needs_a_start();
            sources.changed().await;
        }
    }

    /// Says so if the file has other mocks than the host. A file that can't be read is told already.
    fn tell_what_needs_a_start(&self) {
        if DevFile::read(&self.project).is_ok_and(|file| file.at_start() != self.at_start) {
            note(&format!(
                "{NAME}: [mocks] and ca have changed, and count from the next start of `flowhost dev`: stop this one and start it again."
            ));
        }
    }

    /// Shows the lines as `plugin logs` does, from the first deployment on.
    async fn show_log(&self, mut deployed_as: watch::Receiver<Option<String>>) -> Never {
        let Ok(flow) = deployed_as.wait_for(Option::is_some).await.map(|flow| flow.clone()) else {
            return std::future::pending().await;
        };
        let names = [TENANT, flow.as_deref().unwrap_or_default()];
        let mut after = None;
        loop {
            // A host that stops ends the stream, and so does an error.
            if let Err(error) = self.show_lines(names, &mut after).await {
                note(&format!("the plugin's log can't be shown: {}", describe(&error)));
            }
            sleep(PAUSE).await;
        }
    }

    /// Shows lines as they come, and counts how far it came.
    async fn show_lines(&self, names: [&str; 2], after: &mut Option<i64>) -> anyhow::Result<()> {
        let from = match *after {
            Some(from) => from,
            // What was logged before this start was shown then.
            None => {
                let newest = [("limit", 1.to_string())];
                let newest = self.api.call_with(Route::ListLogLines, &names, &newest).await?;
                let line = newest.text.lines().next().map(serde_json::from_str::<LogLineView>);
                line.transpose()?.map_or(0, |line| line.number)
            }
        };
        *after = Some(from);
        let query = [("after", from.to_string()), ("follow", true.to_string())];
        let mut events = self.api.follow(Route::ListLogLines, &names, &query).await?;
        while let Some(line) = events.next().await {
            let line: LogLineView = serde_json::from_str(&line)?;
            say(&logs::for_people(&line));
            *after = Some(line.number);
        }
        Ok(())
    }

    async fn deploy(&self) -> anyhow::Result<Deployed> {
        let flow_json = ProjectFlowJson::read(&self.project)?;
        let example = flow_json.as_ref().map(ProjectFlowJson::example_data).unwrap_or_default();
        let options = BuildOptions { project_dir: self.project.clone(), ..BuildOptions::default() };
        let built = plugin_project::build(options, note).await?;
        let flow = built.name.replace('_', "-");
        self.prepare_flow(&flow, &built).await?;
        let new = NewVersion {
            component: read_bytes(&built.path)?,
            flow_json: flow_json.map(|flow_json| flow_json.text),
            project: &self.project,
            note: None,
        };
        let version = upload(&self.api, [TENANT, &flow], new).await?.version.version;
        // What it logged is shown with the log.
        rehearse(&self.api, [TENANT, &flow], version, example).await?;
        activate_version(&self.api, TENANT, &flow, version).await?;
        self.forget_old_versions(&flow).await?;
        Ok(Deployed { flow, version, size_bytes: built.size_bytes })
    }

    /// An evening makes hundreds.
    async fn forget_old_versions(&self, flow: &str) -> anyhow::Result<()> {
        let list = self.api.call(Route::ListVersions, &[TENANT, flow]).await?;
        let VersionList { versions } = list.read()?;
        for old in versions.iter().skip(KEPT_VERSIONS).filter(|old| !old.active) {
            let version = old.version.to_string();
            self.api.call(Route::DeleteVersion, &[TENANT, flow, &version]).await?;
        }
        Ok(())
    }

    /// On this host, the developer of a plugin may grant it what it asks for.
    async fn prepare_flow(&self, flow: &str, built: &BuiltComponent) -> anyhow::Result<()> {
        let (file, names) = (DevFile::read(&self.project)?, [TENANT, flow]);
        let settings = file.settings(&built.requests);
        match self.api.send(Route::UpdateFlow, &names, &settings).await {
            Err(error) if answered(&error) == Some(StatusCode::NOT_FOUND) => {
                self.api.send(Route::PutFlow, &names, &settings).await?;
            }
            patched => drop(patched?),
        }
        let set_file = self.set_file.with_extension(flow);
        file.configure(&self.api, names, &set_file).await?;
        self.forget_flow_json(flow).await
    }

    /// Deletes the flow's Flow JSON if the project has none. Otherwise it comes with the version.
    async fn forget_flow_json(&self, flow: &str) -> anyhow::Result<()> {
        if flow_json_path(&self.project).is_file() {
            return Ok(());
        }
        match self.api.call(Route::DeleteFlowJson, &[TENANT, flow]).await {
            Err(error) if answered(&error) == Some(StatusCode::NOT_FOUND) => Ok(()),
            deleted => deleted.map(drop),
        }
    }

    fn introduction(&self, deployed: &Deployed) -> String {
        let flow_json = flow_json_path(&self.project);
        // Another terminal is in another folder.
        let flow_json = std::path::absolute(&flow_json).unwrap_or(flow_json);
        let flow_json = if flow_json.is_file() {
            format!(" \\\n      --flow-json {}", quoted(&flow_json))
        } else {
            String::new()
        };
        format!(
            "{}Talk to it as WhatsApp would, in another terminal:\n\
             \x20 flowhost client chat --url {}/flows/{TENANT}/{} \\\n\
             \x20     --public-key {} --app-secret-file {}{flow_json}\n\
             It is built and deployed again whenever a file in {} changes, or in a package that it names by a path.",
            self.phone(&deployed.flow),
            reachable(&self.host.public_url()),
            deployed.flow,
            quoted(&self.public_key_file),
            quoted(&self.app_secret_file),
            self.project.display(),
        )
    }

    /// Where a phone in the browser plays it at once; empty if the host serves no console.
    fn phone(&self, flow: &str) -> String {
        let link =
            self.host.console_link(&format!("/console/tenants/{TENANT}/flows/{flow}/phone?open=1"));
        link.map_or_else(String::new, |link| {
            format!(
                "Play it on a phone in the browser (the link signs in and opens one, once):\n\x20 {}\n",
                link.expose()
            )
        })
    }
}

struct Deployed {
    flow: String,
    version: i32,
    size_bytes: u64,
}

impl Deployed {
    fn sentence(&self) -> String {
        format!("{} version {} is active ({}).", self.flow, self.version, size(self.size_bytes))
    }
}

/// What a loop without an end returns.
enum Never {}

/// What is said after a failure, where a version may be served that was deployed before.
fn waiting(served: Option<i32>) -> String {
    let served = served.map(|version| format!("Version {version} is still served. "));
    format!("{}Waiting for a change.", served.unwrap_or_default())
}

/// A listener on all addresses is reached through the loopback address.
fn reachable(url: &str) -> String {
    url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
}

/// Quotes a path for a shell.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = text.chars().all(|char| char.is_ascii_alphanumeric() || "/._-+".contains(char));
    if plain { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Before the log is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// So many can be gone back to.
const KEPT_VERSIONS: usize = 5;

/// The tenant of the flows under development.
const TENANT: &str = "dev";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_shown_can_be_called() {
        assert_eq!(reachable("http://0.0.0.0:8080"), "http://127.0.0.1:8080");
        assert_eq!(reachable("http://[::]:8080"), "http://[::1]:8080");
        assert_eq!(reachable("https://127.0.0.1:1"), "https://127.0.0.1:1");
    }

    #[test]
    fn after_a_failure_the_version_that_is_served_is_named() {
        assert_eq!(waiting(None), "Waiting for a change.");
        assert_eq!(waiting(Some(3)), "Version 3 is still served. Waiting for a change.");
    }

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        assert_eq!(quoted(Path::new("/a/b-c.pem")), "/a/b-c.pem");
        assert_eq!(quoted(Path::new("/it's here")), r"'/it'\''s here'");
    }
}
