//! Runs one call of a plugin. Module `component` uses it inside the host, `testing` in a unit test.

use serde_json::Value;

use crate::reply::FinishedReply;
use crate::{Action, Error, Exchange, FlowPlugin, Session, State};

/// What the host stores of the conversation, as JSON.
pub(crate) struct StoredSession {
    pub(crate) state: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) exchanges: u32,
    pub(crate) shared: bool,
}

/// The result of a successful call.
pub(crate) struct Outcome {
    pub(crate) reply: FinishedReply,
    /// The state to store, as JSON.
    pub(crate) state: String,
}

/// Loads the state, calls the function for the action, and serializes the reply and the new state.
pub(crate) fn run<P: FlowPlugin>(
    exchange: &Exchange,
    stored: StoredSession,
) -> Result<Outcome, Error> {
    let mut session = load::<P::State>(stored)?;
    let reply = match exchange.action {
        Action::Init => P::init(exchange, &mut session),
        Action::Back => P::back(exchange, &mut session),
        Action::DataExchange => P::submit(exchange, &mut session),
    }?;
    let state = session.state.store()?;
    Ok(Outcome { reply: reply.finish()?, state })
}

fn load<S: State>(stored: StoredSession) -> Result<Session<S>, Error> {
    let state = match &stored.state {
        Some(json) => S::load(&parse("the session's state", json)?)?,
        None => S::initial(),
    };
    let context =
        stored.context.as_deref().map(|json| parse("the session's context", json)).transpose()?;
    Ok(Session { state, context, exchanges: stored.exchanges, shared: stored.shared })
}

/// Parses JSON from the host. It is well-formed, but may be nested too deeply for serde_json.
pub(crate) fn parse(what: &str, json: &str) -> Result<Value, Error> {
    serde_json::from_str(json)
        .map_err(|error| Error::internal(format!("{what} cannot be read: {error}")))
}
