//! Requests from the client.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ScreenForm;
use crate::screen::Fields;
use crate::typed::{Mismatch, from_form};

/// One request of the conversation, decrypted and verified.
#[derive(Debug)]
pub struct Exchange {
    pub(crate) action: Action,
    pub(crate) screen: Option<String>,
    /// Always a JSON object.
    pub(crate) data: Value,
    pub(crate) flow_token: String,
    pub(crate) version: String,
    pub(crate) token_verified: bool,
}

/// Why the client calls the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The user opened the flow.
    Init,
    /// The user went back from a screen with `refresh_on_back`.
    Back,
    /// The user submitted a screen, or changed a component that requests data.
    DataExchange,
}

impl Exchange {
    /// Why the client calls. [`FlowPlugin`](crate::FlowPlugin) has a function for each action
    /// already.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The screen that the user is on or leaves; `None` on [`Action::Init`].
    pub fn screen(&self) -> Option<&str> {
        self.screen.as_deref()
    }

    /// Reads the form's fields as `T`.
    ///
    /// # Errors
    ///
    /// [`DataError`] names the field that does not fit. The client sends what the Flow JSON's form
    /// holds, so a mismatch means that the form and the code differ. With `?` it becomes an
    /// internal error, which is for the plugin's author to fix, not for the user.
    ///
    /// Make fields that a user may leave empty an `Option`, or give them `#[serde(default)]`: the
    /// client sends an empty text, null, or nothing at all. Numbers are also read from texts and
    /// texts from numbers, because clients send both for one field. Whether a *value* is acceptable
    /// is for the plugin to check and to answer with [`Reply::error`](crate::Reply::error) or
    /// [`Error::bad_request`](crate::Error::bad_request).
    pub fn data<T: FormData>(&self) -> Result<T, DataError> {
        from_form(&self.data).map_err(|mismatch| DataError {
            screen: self.screen.clone().unwrap_or_default(),
            mismatch,
        })
    }

    /// Reads the form of the current screen as a variant of `screens::Form`, which
    /// [`screens!`](crate::screens) generates.
    ///
    /// # Errors
    ///
    /// [`DataError`] names the field that does not fit, or the screen that has no form. As in
    /// [`Exchange::data`], this is for the plugin's author to fix: the client has another Flow JSON
    /// than the one that the plugin was built with.
    pub fn form<F: ScreenForm>(&self) -> Result<F, DataError> {
        let screen = self.screen.as_deref().unwrap_or_default();
        F::read(screen, Fields::new(screen, &self.data))
    }

    /// The form's fields as received: always a JSON object, `{}` if the client sent none.
    pub fn json(&self) -> &Value {
        &self.data
    }

    /// The text of one field of the form; `None` if it is absent, empty, or not a text.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.data.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The token of the message that opened the flow. It is the same in the whole conversation, but
    /// identifies a single recipient only if the sender made it so (see
    /// [`Session::shared`](crate::Session::shared)).
    pub fn flow_token(&self) -> &str {
        &self.flow_token
    }

    /// The data API version that the client sent, for example `3.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the request carried a valid signature of its flow token.
    pub fn token_verified(&self) -> bool {
        self.token_verified
    }
}

/// Form data that does not fit the requested type. See [`Exchange::data`].
#[derive(Debug)]
pub struct DataError {
    pub(crate) screen: String,
    pub(crate) mismatch: Mismatch,
}

impl DataError {
    /// The path of the field that does not fit, such as `address.city` or `guests[2].name`. If a
    /// field is missing, the path of the object that lacks it; empty for the form itself.
    pub fn path(&self) -> &str {
        self.mismatch.path()
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the data of screen \"{}\" does not fit: {}",
            self.screen,
            self.mismatch.describe()
        )
    }
}

impl std::error::Error for DataError {}

/// A type that [`Exchange::data`] can return: any type with `#[derive(Deserialize)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a form",
    label = "this type has no `Deserialize`",
    note = "write `#[derive(serde::Deserialize)]` above `{Self}`"
)]
pub trait FormData: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FormData for T {}

/// A client's report that it could not use an earlier reply.
#[derive(Debug)]
pub struct ClientError {
    pub(crate) screen: Option<String>,
    pub(crate) key: String,
    pub(crate) message: String,
    pub(crate) flow_token: String,
}

impl ClientError {
    /// The screen that the user was on, if the client reported it.
    pub fn screen(&self) -> Option<&str> {
        self.screen.as_deref()
    }

    /// The kind of error, for example `invalid-screen-transition`. The client may send others.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The client's message, meant for developers.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The flow token of the conversation.
    pub fn flow_token(&self) -> &str {
        &self.flow_token
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read by the deserializer")]
    struct Form {
        name: String,
        address: Address,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read by the deserializer")]
    struct Address {
        zip: u32,
    }

    fn exchange(data: Value) -> Exchange {
        Exchange {
            action: Action::DataExchange,
            screen: Some("DETAILS".into()),
            data,
            flow_token: "token".into(),
            version: "3.0".into(),
            token_verified: false,
        }
    }

    #[test]
    fn a_field_of_the_wrong_type_is_named_with_its_path() {
        let error =
            exchange(json!({"name": "Ana", "address": {"zip": "old"}})).data::<Form>().unwrap_err();

        assert_eq!(error.path(), "address.zip");
        assert_eq!(
            error.to_string(),
            "the data of screen \"DETAILS\" does not fit: field \"address.zip\": expected u32, but it is a text"
        );
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = exchange(json!({"address": {"zip": 1}})).data::<Form>().unwrap_err();

        assert_eq!(
            error.to_string(),
            "the data of screen \"DETAILS\" does not fit: missing field `name`"
        );
    }

    #[test]
    fn an_empty_field_counts_as_absent() {
        let exchange = exchange(json!({"trigger": "date", "city": "", "guests": 2}));

        assert_eq!(exchange.field("trigger"), Some("date"));
        assert_eq!(
            (exchange.field("city"), exchange.field("guests"), exchange.field("x")),
            (None, None, None)
        );
    }
}
