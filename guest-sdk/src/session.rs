//! The memory of a conversation.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::typed::from_json;
use crate::{Error, FormData};

/// What the plugin and the host remember of one conversation.
#[derive(Debug)]
pub struct Session<S> {
    /// The plugin's memory: `S::default()` at first, then as the last successful call left it. At
    /// most 64 KiB as JSON.
    pub state: S,
    pub(crate) context: Option<Value>,
    pub(crate) exchanges: u32,
    pub(crate) shared: bool,
}

impl<S> Session<S> {
    /// What the business attached to the flow token when it created it, for example a customer
    /// number; `None` if nothing.
    ///
    /// # Errors
    ///
    /// An internal error that names the field that does not fit `T`.
    pub fn context<T: FormData>(&self) -> Result<Option<T>, Error> {
        self.context.as_ref().map(|context| load("context", context)).transpose()
    }

    /// How many exchanges of this conversation came before this one.
    pub fn exchanges(&self) -> u32 {
        self.exchanges
    }

    /// Whether this exchange stands alone, because its flow token does not identify a recipient.
    ///
    /// Normally a flow token belongs to one recipient, because the sender of the flow makes one for
    /// each message. WhatsApp does not require that: without a token it sends `unused`, the same
    /// for everybody, and campaigns send constants. The host can't tell whose exchange this is. So
    /// `state` is `S::default()` each time and is not stored, [`exchanges`](Self::exchanges) is 0,
    /// and the token must not be used as a key either. What a later screen needs must travel with
    /// the form: in the data of a screen, and from there in the payload of its action. A plugin
    /// that can't work like this says so, with [`Reply::reject_token`](crate::Reply::reject_token)
    /// or on a screen.
    pub fn shared(&self) -> bool {
        self.shared
    }
}

/// Reads `value` as `T`. The error names `what` and the field.
fn load<T: DeserializeOwned>(what: &str, value: &Value) -> Result<T, Error> {
    from_json(value).map_err(|mismatch| {
        Error::internal(format!("the session's {what} does not fit: {}", mismatch.describe()))
    })
}

/// A type that can be a plugin's state: any type with `Default`, `Serialize` and `Deserialize`.
///
/// The state is stored as JSON between calls, and a newer version of the plugin may continue the
/// conversation. So give fields that you add later `#[serde(default)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a plugin's state",
    label = "this type lacks `Default`, `Serialize` or `Deserialize`",
    note = "write `#[derive(Default, serde::Serialize, serde::Deserialize)]` above `{Self}`"
)]
pub trait State: Sized {
    /// The state at the start of a conversation.
    #[doc(hidden)]
    fn initial() -> Self;

    /// Deserializes the stored state, or fails with an internal error that names the field that
    /// does not fit.
    #[doc(hidden)]
    fn load(stored: &Value) -> Result<Self, Error>;

    /// Serializes the state to JSON.
    #[doc(hidden)]
    fn store(&self) -> Result<String, Error>;
}

// As supertraits, each of these bounds would produce a long error of its own instead of the message
// above.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Default> State for T {
    fn initial() -> Self {
        T::default()
    }

    fn load(stored: &Value) -> Result<Self, Error> {
        load("state", stored)
    }

    fn store(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| {
            Error::internal(format!("the session's state cannot be written as JSON: {error}"))
        })
    }
}
