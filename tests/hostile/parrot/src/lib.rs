//! Says what it is told to. Each text in the form is a list of pieces, each a text and how often to
//! repeat it: `"data": [["{\"a\":", 1], ["[", 9]]`.
//!
//! `do` is `screen` (with `screen`, `data`, `error_message`), `complete` (`params`), `reject`,
//! `bad-request`, `internal`, `panic` (all `text`) or `close`. Every reply also stores `state`; the
//! plain text `none` stores no state. Any other `do` is answered honestly, and `count` counts.

#![expect(missing_docs, reason = "the bindings are generated")]

use exports::flowhost::flow::handler::Guest;
use flowhost::flow::types::{
    ClientError, Exchange, HandlerError, Outcome, Reply, ScreenReply, Session,
};
use serde_json::Value;

wit_bindgen::generate!({ path: "../../../guest-sdk/wit/v1", world: "flow" });

struct Parrot;

impl Guest for Parrot {
    fn handle(exchange: Exchange, session: Session) -> Result<Outcome, HandlerError> {
        let calls = session.state.and_then(|state| state.parse().ok()).unwrap_or(0_u32) + 1;
        let form: Value = serde_json::from_str(&exchange.data).unwrap_or_default();
        let text = |field: &str| said(&form[field]);
        let reply = match form["do"].as_str().unwrap_or_default() {
            "screen" => screen(text("screen"), text("data"), text("error_message")),
            "complete" => Reply::Complete(text("params").unwrap_or_default()),
            "reject" => Reply::RejectToken(text("text").unwrap_or_default()),
            "close" => Reply::Close,
            "bad-request" => {
                return Err(HandlerError::BadRequest(text("text").unwrap_or_default()));
            }
            "internal" => return Err(HandlerError::Internal(text("text").unwrap_or_default())),
            "panic" => panic!("{}", text("text").unwrap_or_default()),
            "count" => {
                screen(None, Some(format!(r#"{{"greeting":"olá, 世界","count":{calls}}}"#)), None)
            }
            _ => screen(None, None, None),
        };
        let state =
            (form["state"] != "none").then(|| text("state").unwrap_or_else(|| calls.to_string()));
        Ok(Outcome { reply, state })
    }

    fn on_client_error(_: ClientError) {}
}

fn screen(name: Option<String>, data: Option<String>, error_message: Option<String>) -> Reply {
    let screen = name.unwrap_or_else(|| "NEXT".to_owned());
    Reply::Screen(ScreenReply {
        screen,
        data: data.unwrap_or_else(|| "{}".to_owned()),
        error_message,
    })
}

/// Joins the pieces; `None` if there is no list.
fn said(pieces: &Value) -> Option<String> {
    let piece = |piece: &Value| -> Option<String> {
        Some(piece[0].as_str()?.repeat(piece[1].as_u64()?.try_into().ok()?))
    };
    pieces.as_array().map(|pieces| pieces.iter().filter_map(piece).collect())
}

export!(Parrot);
