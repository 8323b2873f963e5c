//! The types of a WhatsApp Flow that all modules share: what a client asks, what a plugin answers,
//! what goes back. No I/O.

mod answer;
mod capabilities;
mod config;
mod error;
pub mod json_text;
mod log_level;
mod plugin_section;
mod reply;
mod request;
mod retention;
mod settings;
mod token_use;
mod turn_input;

pub use answer::{Answer, AnswerLimits, CheckedAnswer, PluginReply, RawReply, check};
pub use capabilities::{Capabilities, HttpHost, HttpHostError};
pub use config::{BoundSecret, FlowConfig};
pub use error::{AnswerError, RequestError};
pub use log_level::{LogLevel, UnknownLevel};
pub use plugin_section::{PLUGIN_SECTION, PluginSection};
pub use reply::{FlowReply, Outcome, ReplyKind};
pub use request::{Action, ClientError, Exchange, FlowRequest, FlowToken, is_about_the_public_key};
pub use retention::{FlowRetention, TenantRetention};
pub use settings::{
    FlowLimits, FlowSettings, MAX_MEMORY_BYTES, OnFailure, SettingsError, TokenPolicy,
    TokenSignature,
};
pub use token_use::{OnReopen, SharedTokens};
pub use turn_input::TurnInput;
