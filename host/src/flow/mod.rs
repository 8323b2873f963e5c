//! The words of a WhatsApp Flow that all modules share: what a client asks, what a plugin answers, what goes back. No I/O.

mod answer;
mod error;
mod reply;
mod request;
mod turn_input;

pub use answer::{Answer, AnswerLimits, CheckedAnswer, PluginReply, RawReply, check};
pub use error::{AnswerError, RequestError};
pub use reply::{FlowReply, Outcome, ReplyKind};
pub use request::{Action, ClientError, Exchange, FlowRequest, FlowToken};
pub use turn_input::TurnInput;
