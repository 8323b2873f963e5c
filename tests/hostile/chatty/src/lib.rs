//! Says too much, or says what no plugin may say. In `do`:
//!
//! - `shared`: returns what the session says of its token;
//! - `big-reply`, `big-state`: exceed the host's limits; `big-state` is well-formed;
//! - `bad-json`, `not-an-object`: return this as a screen's data; `bad-state`: returns a state that
//!   is not JSON;
//! - `success`: shows the reserved screen; `flood`: logs 1000 lines and answers honestly;
//!   `long-line`: logs a line of 1 MiB;
//! - `reject`, `close`, `complete`, `bad-request`, `internal`: do what a plugin may do.

#![expect(missing_docs, reason = "the bindings are generated")]

use exports::flowhost::flow::handler::Guest;
use flowhost::flow::log::{self, Level};
use flowhost::flow::types::{
    ClientError, Exchange, HandlerError, Outcome, Reply, ScreenReply, Session,
};

wit_bindgen::generate!({ path: "../../../guest-sdk/wit/v1", world: "flow" });

const HONEST: &str = r#"{"greeting":"olá, 世界"}"#;
const OVER_REPLY_LIMIT: usize = 256 * 1024 + 1;
const OVER_STATE_LIMIT: usize = 64 * 1024 + 1;

struct Chatty;

impl Guest for Chatty {
    fn handle(exchange: Exchange, session: Session) -> Result<Outcome, HandlerError> {
        let calls = session.state.and_then(|state| state.parse().ok()).unwrap_or(0_u32) + 1;
        let asked: serde_json::Value = serde_json::from_str(&exchange.data).unwrap_or_default();
        let mut state = calls.to_string();
        let reply = match asked["do"].as_str().unwrap_or_default() {
            "count" => screen("NEXT", &format!(r#"{{"greeting":"olá, 世界","count":{calls}}}"#)),
            "shared" => screen(
                "NEXT",
                &format!(r#"{{"shared":{},"exchanges":{}}}"#, session.shared, session.exchanges),
            ),
            "big-reply" => {
                screen("NEXT", &format!(r#"{{"greeting":"{}"}}"#, "x".repeat(OVER_REPLY_LIMIT)))
            }
            "bad-json" => screen("NEXT", r#"{"greeting":"olá"#),
            "not-an-object" => screen("NEXT", r#"["greeting"]"#),
            "success" => screen(
                "SUCCESS",
                r#"{"extension_message_response":{"params":{"flow_token":"forged"}}}"#,
            ),
            "reject" => Reply::RejectToken("This offer has ended.".to_owned()),
            "close" => Reply::Close,
            "complete" => Reply::Complete(r#"{"booking":"B-1"}"#.to_owned()),
            "bad-request" => {
                return Err(HandlerError::BadRequest("Please check what you entered.".to_owned()));
            }
            "internal" => {
                return Err(HandlerError::Internal("this guest fails on purpose".to_owned()));
            }
            other => {
                match other {
                    "big-state" => state = format!(r#""{}""#, "x".repeat(OVER_STATE_LIMIT)),
                    "bad-state" => state = "{".to_owned(),
                    "flood" => {
                        (1..=1000).for_each(|line| log::write(Level::Info, &format!("line {line}")))
                    }
                    "long-line" => log::write(Level::Info, &"x".repeat(1 << 20)),
                    _ => {}
                }
                screen("NEXT", HONEST)
            }
        };
        Ok(Outcome { reply, state: Some(state) })
    }

    fn on_client_error(error: ClientError) {
        log::write(Level::Warn, &format!("client error {}", error.key));
    }
}

fn screen(name: &str, data: &str) -> Reply {
    Reply::Screen(ScreenReply {
        screen: name.to_owned(),
        data: data.to_owned(),
        error_message: None,
    })
}

export!(Chatty);
