//! What is remembered of a conversation.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::typed::from_json;
use crate::{Error, FormData};

/// One conversation: what the plugin and the host remember of it.
#[derive(Debug)]
pub struct Session<S> {
    /// What the plugin remembers: `S::default()` at first, then as the last call left it. At most 64 KiB as JSON.
    pub state: S,
    pub(crate) context: Option<Value>,
    pub(crate) exchanges: u32,
    pub(crate) shared: bool,
}

impl<S> Session<S> {
    /// What the business attached to the flow token when it was made, for example a customer number; none if nothing.
    ///
    /// # Errors
    ///
    /// An internal error that names the field which does not fit `T`.
    pub fn context<T: FormData>(&self) -> Result<Option<T>, Error> {
        self.context.as_ref().map(|context| load("context", context)).transpose()
    }

    /// How many exchanges of this conversation came before this one.
    pub fn exchanges(&self) -> u32 {
        self.exchanges
    }

    /// Whether the exchange stands alone, since its flow token identifies nobody.
    ///
    /// A flow token is a recipient's own: whoever sends the flow makes one for each message. WhatsApp does not ask for that: without one it
    /// sends `unused`, the same for everybody, and campaigns send constants. Of such an exchange the host can't know whose it is. So
    /// `state` is `S::default()` each time, nothing of it is kept, [`exchanges`](Self::exchanges) is 0, and the token must not be a key of
    /// anything either. What a later screen needs has to travel with the form: in the data of a screen, and from there in the payload of
    /// its action. A plugin that can't work like this says so, with [`Reply::reject_token`](crate::Reply::reject_token) or on a screen.
    pub fn shared(&self) -> bool {
        self.shared
    }
}

/// `value` as `T`; the error names `what`, and the field.
fn load<T: DeserializeOwned>(what: &str, value: &Value) -> Result<T, Error> {
    from_json(value).map_err(|mismatch| Error::internal(format!("the session's {what} does not fit: {}", mismatch.describe())))
}

/// What can be a plugin's state: any type with `Default`, `Serialize` and `Deserialize`.
///
/// It is JSON between two calls, and a conversation may go on with a newer version of the plugin. Give fields that come
/// later `#[serde(default)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a plugin's state",
    label = "this type lacks `Default`, `Serialize` or `Deserialize`",
    note = "write `#[derive(Default, serde::Serialize, serde::Deserialize)]` above `{Self}`"
)]
pub trait State: Sized {
    /// What a conversation begins with.
    #[doc(hidden)]
    fn initial() -> Self;

    /// What was stored, or an internal error that names the field which does not fit.
    #[doc(hidden)]
    fn load(stored: &Value) -> Result<Self, Error>;

    /// What to store.
    #[doc(hidden)]
    fn store(&self) -> Result<String, Error>;
}

// Bounds of the trait itself would each be reported by themselves, at length, in the place of its own message.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Default> State for T {
    fn initial() -> Self {
        T::default()
    }

    fn load(stored: &Value) -> Result<Self, Error> {
        load("state", stored)
    }

    fn store(&self) -> Result<String, Error> {
        serde_json::to_string(self)
            .map_err(|error| Error::internal(format!("the session's state cannot be written as JSON: {error}")))
    }
}
