//! Version 1 of the contract (`guest-sdk/wit/v1`): its generated bindings, and the conversion
//! between their types and the host's. Nothing else in the host uses a generated type.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Store, error::Context as _};

use self::bindings::{Flow, FlowPre};
use crate::plugins::host::CallState;
use crate::plugins::host::watched::{HasWatched, Watched};
use crate::plugins::measure::timed;
use flowhost_protocol::flow::{
    Action, Answer, ClientError, Exchange, FlowToken, RawReply, TurnInput,
};

pub(crate) use self::bindings::flowhost::flow::{config, http, log, media, store, types};

impl types::Host for CallState {}

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../guest-sdk/wit/v1",
        world: "flow",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// A component that is ready to be instantiated for a call.
pub(crate) struct Instantiable(FlowPre<CallState>);

/// The text of an internal error that a plugin reports instead of an answer.
#[derive(Debug)]
pub(crate) struct InternalError(pub String);

/// A linker with the contract's imports and the parts of WASI that guests need. Files, sockets and
/// the environment exist and are empty.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Flow::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// The same, for calls that are profiled.
pub(crate) fn watched_linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Flow::add_to_linker::<_, HasWatched>(&mut linker, |state| Watched(state))?;
    Ok(linker)
}

impl Instantiable {
    /// Checks that the component fits the contract.
    pub(crate) fn new(linker: &Linker<CallState>, component: &Component) -> wasmtime::Result<Self> {
        let linked = linker.instantiate_pre(component)?;
        check_handler(component)?;
        Ok(Self(FlowPre::new(linked)?))
    }

    async fn instantiate(&self, store: &mut Store<CallState>) -> wasmtime::Result<Flow> {
        let (guest, time) = timed(self.0.instantiate_async(&mut *store)).await;
        store.data_mut().guest_begins(time);
        guest
    }

    /// Instantiates the guest and asks for an answer.
    pub(crate) async fn handle(
        &self,
        store: &mut Store<CallState>,
        exchange: &Exchange,
        input: &TurnInput,
    ) -> wasmtime::Result<Result<Answer, InternalError>> {
        let guest = self.instantiate(store).await?;
        let answer = guest
            .flowhost_flow_handler()
            .call_handle(store, &exchange_of(exchange, input), &session_of(input))
            .await?;
        Ok(match answer {
            Ok(outcome) => {
                Ok(Answer::Outcome { reply: reply_of(outcome.reply), state: outcome.state })
            }
            Err(types::HandlerError::BadRequest(text)) => Ok(Answer::BadRequest(text)),
            Err(types::HandlerError::Internal(text)) => Err(InternalError(text)),
        })
    }

    /// Instantiates the guest and hands over an error that a client reported.
    pub(crate) async fn on_client_error(
        &self,
        store: &mut Store<CallState>,
        error: &ClientError,
    ) -> wasmtime::Result<()> {
        let guest = self.instantiate(store).await?;
        guest.flowhost_flow_handler().call_on_client_error(store, &client_error_of(error)).await
    }
}

/// Checks the types of a component's exports. Linking checks only its imports, and instantiation
/// comes too late: the uploader has to learn of it.
fn check_handler(component: &Component) -> wasmtime::Result<()> {
    let (component_type, engine) = (component.component_type(), component.engine());
    let Some(ComponentItem::ComponentInstance(handler)) =
        component_type.get_export(engine, HANDLER).map(|export| export.ty)
    else {
        wasmtime::bail!("it doesn't export `{HANDLER}`");
    };
    let function = |name: &str| match handler.get_export(engine, name).map(|export| export.ty) {
        Some(ComponentItem::ComponentFunc(function)) => Ok(function),
        _ => Err(wasmtime::format_err!("it exports no function `{name}` in `{HANDLER}`")),
    };
    let types = component_type.instance_type();
    function("handle")?
        .typecheck::<(types::Exchange, types::Session), (Result<types::Outcome, types::HandlerError>,)>(&types)
        .context("its function `handle` has another type")?;
    function("on-client-error")?
        .typecheck::<(types::ClientError,), ()>(&types)
        .context("its function `on-client-error` has another type")
}

fn exchange_of(exchange: &Exchange, input: &TurnInput) -> types::Exchange {
    types::Exchange {
        action: match exchange.action {
            Action::Back => types::Action::Back,
            Action::DataExchange => types::Action::DataExchange,
            Action::Init => types::Action::Init,
        },
        screen: exchange.screen.clone(),
        data: exchange.data.clone(),
        flow_token: token_text(exchange.flow_token.as_ref()),
        version: exchange.version.clone(),
        token_verified: input.token_verified,
    }
}

fn session_of(input: &TurnInput) -> types::Session {
    types::Session {
        state: input.state.as_ref().map(|state| state.to_string()),
        context: input.context.as_ref().map(|context| context.to_string()),
        exchanges: input.exchanges,
        shared: input.shared,
    }
}

fn client_error_of(error: &ClientError) -> types::ClientError {
    types::ClientError {
        screen: error.screen.clone(),
        key: error.key.clone(),
        message: error.message.clone(),
        flow_token: token_text(error.flow_token.as_ref()),
    }
}

fn reply_of(reply: types::Reply) -> RawReply {
    match reply {
        types::Reply::Close => RawReply::Close,
        types::Reply::Complete(params) => RawReply::Complete(params),
        types::Reply::RejectToken(text) => RawReply::RejectToken(text),
        types::Reply::Screen(reply) => RawReply::Screen {
            screen: reply.screen,
            data: reply.data,
            error_message: reply.error_message,
        },
    }
}

fn token_text(token: Option<&FlowToken>) -> String {
    token.map_or_else(String::new, |token| token.expose().to_owned())
}

/// The interface that a plugin exports.
const HANDLER: &str = "flowhost:flow/handler@1.0.0";
