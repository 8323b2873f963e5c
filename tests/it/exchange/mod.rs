//! The data endpoint, as WhatsApp sees it.

mod conversation;
mod failures;
mod kept_replies;
mod malformed;
mod minted;
mod no_text;
mod replay;
mod replay_property;
mod session_stores;
mod shared_tokens;
mod tokens;
mod turn_groups;
mod vectors;
