//! The plugin as a component: its exports for the host, and the forwarding of its log. Only this
//! module contains generated bindings, and so unsafe code.

use std::marker::PhantomData;

use crate::call::{self, StoredSession, parse};
use crate::error::Kind;
use crate::reply::FinishedReply;
use crate::{Action, ClientError, Error, Exchange, FlowPlugin};

use bindings::exports::flowhost::flow::handler::Guest;
use bindings::flowhost::flow::{log as host_log, types};

#[expect(missing_docs, reason = "generated")]
#[allow(
    unsafe_code,
    unused_qualifications,
    unreachable_pub,
    dead_code,
    clippy::all,
    reason = "generated"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/v1",
        world: "flow",
        pub_export_macro: true,
        export_macro_name: "export_component",
        default_bindings_module: "flowhost_sdk::__private::bindings",
    });
}
pub use bindings::export_component;

/// The SDK's own imports from WASI. `std` has no random numbers, only a seed for its hash tables.
#[allow(
    unsafe_code,
    unused_qualifications,
    unreachable_pub,
    dead_code,
    clippy::all,
    reason = "generated"
)]
pub(crate) mod surroundings {
    wit_bindgen::generate!({
        inline: "
            package flowhost:sdk;

            world surroundings {
                import wasi:random/random@0.2.0;
            }

            package wasi:random@0.2.0 {
                interface random {
                    get-random-bytes: func(len: u64) -> list<u8>;
                    get-random-u64: func() -> u64;
                }
            }
        ",
        path: [],
        generate_all,
    });
}

/// Implements the generated `Guest` trait for a plugin.
#[expect(missing_debug_implementations, reason = "never made")]
pub struct Component<P>(PhantomData<P>);

impl<P: FlowPlugin> Guest for Component<P> {
    fn handle(
        exchange: types::Exchange,
        session: types::Session,
    ) -> Result<types::Outcome, types::HandlerError> {
        forward_log();
        let types::Session { state, context, exchanges, shared } = session;
        let stored = StoredSession { state, context, exchanges, shared };
        let outcome = read(exchange).and_then(|exchange| call::run::<P>(&exchange, stored))?;
        Ok(types::Outcome { reply: outcome.reply.into(), state: Some(outcome.state) })
    }

    fn on_client_error(error: types::ClientError) {
        forward_log();
        let types::ClientError { screen, key, message, flow_token } = error;
        P::client_error(&ClientError { screen, key, message, flow_token });
    }
}

fn read(exchange: types::Exchange) -> Result<Exchange, Error> {
    Ok(Exchange {
        action: match exchange.action {
            types::Action::Init => Action::Init,
            types::Action::Back => Action::Back,
            types::Action::DataExchange => Action::DataExchange,
        },
        screen: exchange.screen,
        data: parse("the request's data", &exchange.data)?,
        flow_token: exchange.flow_token,
        version: exchange.version,
        token_verified: exchange.token_verified,
    })
}

impl From<Error> for types::HandlerError {
    fn from(error: Error) -> Self {
        match error.kind {
            Kind::BadRequest => types::HandlerError::BadRequest(error.message),
            Kind::Internal => types::HandlerError::Internal(error.into_log()),
        }
    }
}

impl From<FinishedReply> for types::Reply {
    fn from(reply: FinishedReply) -> Self {
        match reply {
            FinishedReply::Screen { screen, data, error } => {
                types::Reply::Screen(types::ScreenReply { screen, data, error_message: error })
            }
            FinishedReply::Complete(params) => types::Reply::Complete(params),
            FinishedReply::Close => types::Reply::Close,
            FinishedReply::RejectToken(text) => types::Reply::RejectToken(text),
        }
    }
}

/// Forwards records of the [`log`] macros to the host.
struct HostLog;

/// Does nothing if the plugin installed a logger of its own, which is its choice.
fn forward_log() {
    if log::set_logger(&HostLog).is_ok() {
        log::set_max_level(log::LevelFilter::Trace);
    }
}

impl log::Log for HostLog {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let level = match record.level() {
            log::Level::Trace => host_log::Level::Trace,
            log::Level::Debug => host_log::Level::Debug,
            log::Level::Info => host_log::Level::Info,
            log::Level::Warn => host_log::Level::Warn,
            log::Level::Error => host_log::Level::Error,
        };
        host_log::write(level, &record.args().to_string());
    }

    fn flush(&self) {}
}
