//! What a request asks: arguments that `call` and `load` share.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use flowhost_client::payload;
use flowhost_server::config::ConfigError;

use super::super::input::read_json;

/// An action with what it carries.
#[derive(Args)]
pub(super) struct ActionArgs {
    /// Why the client calls
    #[arg(long, value_enum, ignore_case = true, default_value = "ping")]
    action: Action,
    /// The screen that the user is on
    #[arg(long)]
    screen: Option<String>,
    /// The form's fields as JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Action {
    Ping,
    #[value(name = "INIT")]
    Init,
    #[value(name = "data_exchange")]
    DataExchange,
    #[value(name = "BACK")]
    Back,
}

impl ActionArgs {
    /// The payload, in this conversation.
    pub(super) fn payload(&self, flow_token: &str) -> anyhow::Result<Value> {
        let data = match &self.data {
            Some(data) => read_json(data, "--data")?,
            None => json!({}),
        };
        let screen = self.screen.as_deref();
        Ok(match self.action {
            Action::Ping => payload::ping(),
            Action::Init => with_data(payload::init(flow_token), data),
            Action::DataExchange => payload::data_exchange(needed(screen)?, data, flow_token),
            Action::Back => with_data(payload::back(needed(screen)?, flow_token), data),
        })
    }
}

/// INIT and BACK may have data too, so that users can see what an endpoint does with it.
fn with_data(mut payload: Value, data: Value) -> Value {
    payload["data"] = data;
    payload
}

fn needed(screen: Option<&str>) -> Result<&str, ConfigError> {
    screen.ok_or_else(|| {
        ConfigError::new("this action needs --screen, the screen that the user is on")
    })
}
