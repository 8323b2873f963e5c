//! Plays a conversation with a plugin in a unit test. It runs natively, without WebAssembly or a
//! host, so a debugger works.
//!
//! ```
//! # use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};
//! # struct Greeter;
//! # impl FlowPlugin for Greeter {
//! #     type State = u32;
//! #     fn init(_: &Exchange, _: &mut Session<u32>) -> Result<Reply, Error> { Ok(Reply::screen("NAME")) }
//! #     fn submit(exchange: &Exchange, session: &mut Session<u32>) -> Result<Reply, Error> {
//! #         session.state += 1;
//! #         Ok(match exchange.field("name") {
//! #             Some(name) => Reply::complete(json!({ "greeting": format!("Hello, {name}!") })),
//! #             None => Reply::screen("NAME").error("Please enter your name."),
//! #         })
//! #     }
//! # }
//! use flowhost_sdk::{json, testing::Conversation};
//!
//! let mut chat = Conversation::<Greeter>::start();
//! assert_eq!(chat.init()?.screen(), Some("NAME"));
//! assert_eq!(chat.submit("NAME", json!({}))?.error(), Some("Please enter your name."));
//! assert_eq!(chat.submit("NAME", json!({"name": "Ana"}))?.params().unwrap()["greeting"], "Hello, Ana!");
//! # Ok::<(), flowhost_sdk::testing::Failure>(())
//! ```
//!
//! It also does what the host does around a call: the state goes through JSON, sizes are limited, a
//! failed call changes nothing, and a finished conversation accepts no further calls.

mod answer;
mod log_lines;
pub mod store;
pub(crate) mod surroundings;

pub use crate::testing::answer::{Answer, Failure};
pub use crate::testing::log_lines::LogLine;

use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::call::{self, StoredSession};
use crate::error::Kind;
use crate::reply::FinishedReply;
use crate::testing::surroundings::Surroundings;
use crate::time::Timestamp;
use crate::{Action, ClientError, Error, Exchange, FlowPlugin, http, media};

/// The host's default limit for a session's state: 64 KiB.
pub const STATE_MAX_BYTES: usize = 64 * 1024;
/// The host's default limit for a reply: 256 KiB.
pub const REPLY_MAX_BYTES: usize = 256 * 1024;

/// One user's conversation with the plugin `P`.
#[derive(Debug)]
pub struct Conversation<P> {
    flow_token: String,
    version: String,
    token_verified: bool,
    shared: bool,
    resumes: bool,
    context: Option<String>,
    state: Option<String>,
    exchanges: u32,
    /// Why the token accepts no further calls.
    ended: Option<String>,
    log: Vec<LogLine>,
    surroundings: Surroundings,
    plugin: PhantomData<fn() -> P>,
}

impl<P: FlowPlugin> Conversation<P> {
    /// Makes a new conversation without calling the plugin. [`Conversation::init`] opens the flow.
    pub fn start() -> Self {
        Conversation {
            flow_token: "test-token".to_owned(),
            version: "3.0".to_owned(),
            token_verified: false,
            shared: false,
            resumes: false,
            context: None,
            state: None,
            exchanges: 0,
            ended: None,
            log: Vec::new(),
            surroundings: Surroundings::default(),
            plugin: PhantomData,
        }
    }

    /// Sets the flow token. The default is `test-token`.
    pub fn with_token(mut self, flow_token: impl Into<String>) -> Self {
        self.flow_token = flow_token.into();
        self
    }

    /// Sets the context, as if the business had attached it to the token.
    pub fn with_context(mut self, context: Value) -> Self {
        self.context = Some(context.to_string());
        self
    }

    /// Marks the token as one whose signature the host has checked.
    pub fn with_verified_token(mut self) -> Self {
        self.token_verified = true;
        self
    }

    /// Sets the token `unused`, which all recipients share, so every exchange stands alone (see
    /// [`Session::shared`](crate::Session::shared)).
    pub fn with_shared_token(mut self) -> Self {
        self.flow_token = "unused".to_owned();
        self.shared = true;
        self
    }

    /// Plays a flow with `on_reopen: continue`: a second [`init`](Self::init) finds the previous
    /// state. Otherwise it begins anew, as with a flow's default settings.
    pub fn resuming(mut self) -> Self {
        self.resumes = true;
        self
    }

    /// Sets a value for [`config`](crate::config).
    pub fn with_config(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.surroundings.settings.insert(key.into(), value.into());
        self
    }

    /// Lets `answer` respond in place of the external hosts. Without it, every request fails with
    /// [`http::Error::NotGranted`].
    ///
    /// Placeholders for secrets arrive unchanged, because a plugin never sees what the host
    /// replaces them by.
    pub fn with_http(
        mut self,
        answer: impl Fn(&http::Request) -> Result<http::Response, http::Error> + 'static,
    ) -> Self {
        self.surroundings.http = Some(Rc::new(answer));
        self
    }

    /// Lets `answer` supply the files that the user picked. Without it, every fetch fails with
    /// [`media::Error::NotGranted`].
    pub fn with_media(
        mut self,
        answer: impl Fn(&media::Reference) -> Result<Vec<u8>, media::Error> + 'static,
    ) -> Self {
        self.surroundings.media = Some(Rc::new(answer));
        self
    }

    /// Sets the clock, which stands still. Without it, the clock shows 2026-01-01 12:00 UTC.
    pub fn with_time(mut self, now: Timestamp) -> Self {
        self.surroundings.now = now;
        self
    }

    /// Changes the random numbers. The same seed gives the same numbers in every run.
    pub fn with_seed(self, seed: u64) -> Self {
        self.surroundings.random.set(seed);
        self
    }

    /// Moves the clock forward, and lets values in the [`store`] expire.
    pub fn pass(&mut self, time: Duration) {
        self.surroundings.now = self.surroundings.now + time;
        store::advance(time);
    }

    /// The user opens the flow, or reopens it.
    ///
    /// # Errors
    ///
    /// See [`Failure`], here and below.
    pub fn init(&mut self) -> Result<Answer, Failure> {
        self.exchange(Action::Init, None, json!({}))
    }

    /// The user submits `screen`, or changes a component on it that requests data.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub fn submit(&mut self, screen: &str, data: Value) -> Result<Answer, Failure> {
        self.exchange(Action::DataExchange, Some(screen), data)
    }

    /// The user goes back from `screen`.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub fn back(&mut self, screen: &str) -> Result<Answer, Failure> {
        self.exchange(Action::Back, Some(screen), json!({}))
    }

    /// The client reports that it could not use the reply that it received on `screen`.
    pub fn client_error(&mut self, screen: &str, key: &str, message: &str) {
        let error = ClientError {
            screen: Some(screen.to_owned()),
            key: key.to_owned(),
            message: message.to_owned(),
            flow_token: self.flow_token.clone(),
        };
        let ((), lines) =
            self.surroundings.around(|| log_lines::collect(|| P::client_error(&error)));
        self.log.extend(lines);
    }

    /// The stored state; null before the first successful call.
    pub fn state(&self) -> Value {
        self.state
            .as_deref()
            .map_or(Value::Null, |state| serde_json::from_str(state).unwrap_or_default())
    }

    /// Replaces the stored state, for example by one from an older version of the plugin.
    pub fn replace_state(&mut self, state: Value) {
        self.state = Some(state.to_string());
    }

    /// Everything that the plugin has logged so far.
    pub fn log(&self) -> &[LogLine] {
        &self.log
    }

    fn exchange(
        &mut self,
        action: Action,
        screen: Option<&str>,
        data: Value,
    ) -> Result<Answer, Failure> {
        if let Some(reason) = &self.ended {
            return Err(Failure::TokenRefused(reason.clone()));
        }
        if !data.is_object() {
            return Err(Failure::Test(format!("a form's data is a JSON object, not {data}")));
        }
        let screen = screen.map(str::to_owned);
        let exchange = Exchange {
            action,
            screen: screen.clone(),
            data,
            flow_token: self.flow_token.clone(),
            version: self.version.clone(),
            token_verified: self.token_verified,
        };
        let begins = action == Action::Init && !self.resumes;
        let (state, exchanges) =
            if begins { (None, 0) } else { (self.state.clone(), self.exchanges) };
        let stored =
            StoredSession { state, context: self.context.clone(), exchanges, shared: self.shared };
        let (result, lines) =
            self.surroundings.around(|| log_lines::collect(|| call::run::<P>(&exchange, stored)));
        self.log.extend(lines);
        match result {
            Ok(outcome) => self.commit(outcome, exchanges),
            Err(error) => refuse(error, screen),
        }
    }

    /// Checks the sizes, then applies the result of the call.
    fn commit(&mut self, outcome: call::Outcome, exchanges: u32) -> Result<Answer, Failure> {
        within("state", outcome.state.len(), STATE_MAX_BYTES)?;
        let answer = match outcome.reply {
            FinishedReply::Screen { screen, data, error } => {
                within("reply", data.len(), REPLY_MAX_BYTES)?;
                Answer::Screen { screen, data: parse(&data)?, error }
            }
            FinishedReply::Complete(params) => {
                within("reply", params.len(), REPLY_MAX_BYTES)?;
                let mut params = parse(&params)?;
                if params.get("flow_token").is_none() {
                    params["flow_token"] = Value::from(self.flow_token.clone());
                }
                self.ended = Some("the conversation is completed".to_owned());
                Answer::Completed(params)
            }
            FinishedReply::Close => {
                self.ended = Some("the conversation is closed".to_owned());
                Answer::Closed
            }
            FinishedReply::RejectToken(text) => {
                self.ended = Some(text.clone());
                Answer::TokenRejected(text)
            }
        };
        if self.shared {
            self.ended = None;
        } else {
            self.state = Some(outcome.state);
            self.exchanges = exchanges + 1;
        }
        Ok(answer)
    }
}

/// Shows a user's error on the same screen, as the host does. Without a screen it can't be shown.
fn refuse(error: Error, screen: Option<String>) -> Result<Answer, Failure> {
    match (error.kind, screen) {
        (Kind::BadRequest, Some(screen)) => {
            Ok(Answer::Screen { screen, data: json!({}), error: Some(error.message) })
        }
        (Kind::BadRequest, None) => Err(Failure::Internal(format!(
            "bad_request ({}) on a request without a screen, such as INIT, where there is nothing to show it on: answer with a screen that says it, for example `Reply::show(..).error(text)`, or end the flow",
            error.message
        ))),
        (Kind::Internal, _) => Err(Failure::Internal(error.into_log())),
    }
}

fn within(what: &'static str, bytes: usize, limit: usize) -> Result<(), Failure> {
    if bytes > limit { Err(Failure::TooLarge { what, bytes, limit }) } else { Ok(()) }
}

fn parse(json: &str) -> Result<Value, Failure> {
    serde_json::from_str(json).map_err(|error| Failure::Internal(error.to_string()))
}
