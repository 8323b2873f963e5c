//! The endpoint that `client` talks to: what its three commands are told in the same words.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::client::{FlowClient, Phone};
use crate::config::{ConfigError, Environment};

use super::super::app_secret::app_secret;
use super::super::input::read_text;

/// Where the endpoint is, and what Meta knows of it.
#[derive(Args)]
pub struct EndpointArgs {
    /// The endpoint
    #[arg(long)]
    pub(super) url: String,
    /// File with the endpoint's public key in PEM, - for standard input
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// File with the app secret, - for standard input; without it, FLOWHOST_APP_SECRET counts
    #[arg(long, value_name = "FILE")]
    app_secret_file: Option<PathBuf>,
    /// The version of the data API to speak; from 4.0 on the flow token is signed
    #[arg(long, value_name = "VERSION", default_value = "3.0")]
    data_api_version: String,
    /// File with the Flow JSON, to check and show answers with it as the phone does
    #[arg(long, value_name = "FILE")]
    flow_json: Option<PathBuf>,
}

impl EndpointArgs {
    /// The phone that talks to the endpoint.
    pub(super) fn phone(&self, environment: &Environment) -> anyhow::Result<Phone> {
        let signs_tokens = self.is_of_version_4()?;
        let public_key = read_text(&self.public_key)?;
        let secret = app_secret(self.app_secret_file.as_ref(), "--app-secret-file", environment)?;
        let client = FlowClient::new(&self.url, &public_key, secret.expose())
            .map_err(|error| ConfigError::new(format!("{:#}", anyhow::Error::new(error))))?;
        Ok(Phone::new(client).speaking(&self.data_api_version, signs_tokens))
    }

    /// The Flow JSON, if one is given.
    pub(super) fn flow_json(&self) -> anyhow::Result<Option<Value>> {
        let Some(path) = &self.flow_json else { return Ok(None) };
        let read = serde_json::from_str(&read_text(path)?);
        let flow_json = read.map_err(|error| ConfigError::new(format!("{} is not JSON: {error}", path.display())))?;
        Ok(Some(flow_json))
    }

    /// Standard input is the user's to answer with.
    pub(super) fn leave_stdin_alone(&self) -> Result<(), ConfigError> {
        let taken = [Some(&self.public_key), self.app_secret_file.as_ref(), self.flow_json.as_ref()];
        if taken.into_iter().flatten().any(|path| path == Path::new("-")) {
            return Err(ConfigError::new(
                "standard input is the conversation here: give the key, the app secret and the Flow JSON as files",
            ));
        }
        Ok(())
    }

    fn is_of_version_4(&self) -> Result<bool, ConfigError> {
        let version = &self.data_api_version;
        let major = version.split_once('.').and_then(|(major, minor)| minor.parse::<u32>().ok().and(major.parse::<u32>().ok()));
        major
            .map(|major| major >= 4)
            .ok_or_else(|| ConfigError::new(format!("--data-api-version {version} is no version like 3.0")))
    }
}
