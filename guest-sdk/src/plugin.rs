//! The trait that an author writes.

use crate::{ClientError, Error, Exchange, Reply, Session, State};

/// The logic of one flow.
///
/// The functions take no `self`: each call runs in a fresh instance of the component, so nothing outlives it but
/// [`Session::state`], which is loaded before a call and stored after it.
///
/// A call that returns an [`Error`] stores nothing: the next one starts from the state before it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plugin",
    label = "this type does not implement `FlowPlugin`",
    note = "write `impl FlowPlugin for {Self} {{ type State = ..; fn init(..) {{ .. }} fn submit(..) {{ .. }} }}`",
    note = "`type State = ();` will do for a plugin that remembers nothing"
)]
pub trait FlowPlugin {
    /// What the plugin remembers of one conversation: `()` for nothing.
    type State: State;

    /// The user opened the flow: answer with its first screen.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    fn init(exchange: &Exchange, session: &mut Session<Self::State>) -> Result<Reply, Error>;

    /// The user submitted a screen, or changed a component that asks for data: answer with the next screen, or with the
    /// same one.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    fn submit(exchange: &Exchange, session: &mut Session<Self::State>) -> Result<Reply, Error>;

    /// The user went back from [`Exchange::screen`]: answer with the screen before it, and its data.
    ///
    /// Only screens with `"refresh_on_back": true` in the Flow JSON ask. What stands before them is not known here, and a
    /// wrong guess would hold the user on a screen, so the default is an internal error that says what to write.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    fn back(exchange: &Exchange, session: &mut Session<Self::State>) -> Result<Reply, Error> {
        let _ = session;
        Err(Error::internal(format!(
            "the user went back from screen \"{}\", which has refresh_on_back, but the plugin has no `fn back`",
            exchange.screen().unwrap_or_default()
        )))
    }

    /// The client could not use an earlier reply. What happens here changes nothing for the user; the default logs it.
    fn client_error(error: &ClientError) {
        log::error!("the client reports {:?} on screen {:?}: {}", error.key(), error.screen().unwrap_or_default(), error.message());
    }
}
