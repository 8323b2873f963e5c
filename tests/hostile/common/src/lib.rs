//! The honest part that the hostile guests share: they behave until the form's field `do` says
//! otherwise.

use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json};

/// The mischief of one guest.
pub trait Mischief {
    /// Does what was asked; `None` if this guest does not know it.
    fn act(what: &str, session: &mut Session<Calls>) -> Option<Result<Reply, Error>>;
}

/// The number of exchanges that this conversation has committed. It is the guest's state, a bare
/// number.
pub type Calls = u32;

/// A guest that does its mischief on command and otherwise answers like `steady`.
pub struct Guest<M>(std::marker::PhantomData<M>);

impl<M: Mischief> FlowPlugin for Guest<M> {
    type State = Calls;

    fn init(exchange: &Exchange, session: &mut Session<Calls>) -> Result<Reply, Error> {
        Self::submit(exchange, session)
    }

    fn back(exchange: &Exchange, session: &mut Session<Calls>) -> Result<Reply, Error> {
        Self::submit(exchange, session)
    }

    fn submit(exchange: &Exchange, session: &mut Session<Calls>) -> Result<Reply, Error> {
        // Counted before the mischief, so that it shows if a failed call is stored nevertheless.
        session.state += 1;
        match exchange.field("do") {
            Some("count") => {
                Ok(Reply::screen("NEXT")
                    .data(json!({ "greeting": GREETING, "count": session.state })))
            }
            Some("context") => Ok(Reply::screen("NEXT")
                .data(json!({ "context": session.context::<serde_json::Value>()? }))),
            Some("shared") => Ok(Reply::screen("NEXT")
                .data(json!({ "shared": session.shared(), "exchanges": session.exchanges() }))),
            what => what.and_then(|what| M::act(what, session)).unwrap_or_else(|| Ok(next())),
        }
    }
}

/// The honest answer.
pub fn next() -> Reply {
    Reply::screen("NEXT").data(json!({ "greeting": GREETING }))
}

/// Not ASCII, so that a wrong length or encoding is noticed.
pub const GREETING: &str = "olá, 世界";
