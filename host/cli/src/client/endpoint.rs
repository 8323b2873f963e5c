//! The endpoint that `client` talks to: arguments that its commands share.

use std::path::{Path, PathBuf};

use clap::Args;

use flowhost_client::{FlowClient, Phone, payload, signs_tokens};
use flowhost_flow_json::FlowJson;
use flowhost_server::config::{ConfigError, Environment};

use super::super::app_secret::app_secret;
use super::super::input::read_text;
use super::super::plugin::flow_json::listed;

/// Where the endpoint is, and what Meta knows of it.
#[derive(Args)]
pub(super) struct EndpointArgs {
    /// The endpoint. Where its certificate is self-signed, or an authority's of your own,
    /// SSL_CERT_FILE=FILE.pem says to trust that one
    #[arg(long)]
    pub(super) url: String,
    /// File with the endpoint's public key in PEM, - for standard input
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// File with the app secret, - for standard input; without it, FLOWHOST_APP_SECRET counts
    #[arg(long, value_name = "FILE")]
    app_secret_file: Option<PathBuf>,
    /// The version of the data API to speak: the Flow JSON's, else 3.0, if not given. From 4.0 on
    /// the flow token is signed
    #[arg(long, value_name = "VERSION")]
    data_api_version: Option<String>,
    /// File with the Flow JSON, to check and show answers with it as the phone does
    #[arg(long, value_name = "FILE")]
    flow_json: Option<PathBuf>,
}

impl EndpointArgs {
    /// The phone that talks to the endpoint, with the Flow JSON if one is given.
    pub(super) fn phone(&self, environment: &Environment) -> anyhow::Result<Phone> {
        let flow_json = self.read_flow_json()?;
        let version = self.data_api_version.as_deref();
        let version = version.or_else(|| flow_json.as_ref()?.document().data_api_version());
        let version = version.unwrap_or(payload::DATA_API_VERSION).to_owned();
        let signs_tokens = signs_tokens(&version, flow_json.as_ref()).ok_or_else(|| {
            ConfigError::new(format!("--data-api-version {version} is no version like 3.0"))
        })?;
        let public_key = read_text(&self.public_key)?;
        let secret = app_secret(self.app_secret_file.as_ref(), "--app-secret-file", environment)?;
        let client = FlowClient::new(&self.url, &public_key, secret.expose())
            .map_err(|error| ConfigError::new(format!("{:#}", anyhow::Error::new(error))))?;
        let phone = Phone::new(client).speaking(&version, signs_tokens);
        Ok(match flow_json {
            Some(flow_json) => phone.showing(flow_json),
            None => phone,
        })
    }

    fn read_flow_json(&self) -> anyhow::Result<Option<FlowJson>> {
        let Some(path) = &self.flow_json else { return Ok(None) };
        let flow_json = FlowJson::parse(read_text(path)?.as_bytes()).map_err(|findings| {
            ConfigError::new(format!(
                "{} is not a Flow JSON that Meta would take:{}",
                path.display(),
                listed(&findings, path)
            ))
        })?;
        Ok(Some(flow_json))
    }

    /// Keeps standard input free for the user's answers.
    pub(super) fn leave_stdin_alone(&self) -> Result<(), ConfigError> {
        let taken =
            [Some(&self.public_key), self.app_secret_file.as_ref(), self.flow_json.as_ref()];
        if taken.into_iter().flatten().any(|path| path == Path::new("-")) {
            let message = "standard input is the conversation here: give the key, the app secret and the Flow JSON as files";
            return Err(ConfigError::new(message));
        }
        Ok(())
    }
}
