//! The trait that a plugin implements.

use crate::{ClientError, Error, Exchange, Reply, Session, State};

/// The logic of one flow.
///
/// The functions take no `self`: each call runs in a fresh instance of the component. Only
/// [`Session::state`] outlives a call; it is loaded before and stored after it.
///
/// If a call returns an [`Error`], nothing is stored, and the next call starts from the previous
/// state.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plugin",
    label = "this type does not implement `FlowPlugin`",
    note = "write `impl FlowPlugin for {Self} {{ type State = ..; fn init(..) {{ .. }} fn submit(..) {{ .. }} }}`",
    note = "`type State = ();` will do for a plugin that remembers nothing"
)]
pub trait FlowPlugin {
    /// What the plugin remembers of one conversation; `()` for nothing.
    type State: State;

    /// The user opened the flow. Answer with its first screen.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    fn init(exchange: &Exchange, session: &mut Session<Self::State>) -> Result<Reply, Error>;

    /// The user submitted a screen, or changed a component that requests data. Answer with the next
    /// screen or with the same one.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    fn submit(exchange: &Exchange, session: &mut Session<Self::State>) -> Result<Reply, Error>;

    /// The user went back from [`Exchange::screen`]. Answer with the previous screen and its data.
    ///
    /// The client calls this only on screens with `"refresh_on_back": true` in the Flow JSON. The
    /// SDK does not know the previous screen, and a wrong guess would trap the user on a screen. So
    /// the default is an internal error that says what to write.
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

    /// The client could not use an earlier reply. The user sees no effect of this call; the default
    /// logs the report.
    fn client_error(error: &ClientError) {
        log::error!(
            "the client reports {:?} on screen {:?}: {}",
            error.key(),
            error.screen().unwrap_or_default(),
            error.message()
        );
    }
}
