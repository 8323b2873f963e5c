//! A JSON Schema of scenarios, for editors. The types here are never made: they are the shape of
//! what the reader reads, with the sentences that an editor shows. Tests hold their fields against
//! the reader's.

#![expect(dead_code, reason = "only the shapes of these types are used")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::expectation::OUTCOMES;
use flowhost_protocol::flow::{FlowSettings, HttpHost, OnReopen};

/// The schema, in draft 7, which editors know best.
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Scenario>().to_value();
    without_null(&mut schema);
    schema["title"] = json!("A scenario");
    schema["description"] = json!(DESCRIPTION);
    schema
}

/// A scenario.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Scenario {
    /// The conversation's flow token; without it, "scenario " and the file's name.
    flow_token: Option<String>,
    /// The requests carry a valid `flow_token_signature`; left out where they don't.
    #[schemars(extend("const" = true))]
    signed_token: Option<bool>,
    /// The host minted the token; left out where it didn't. With a `context` it did.
    #[schemars(extend("const" = true))]
    minted_token: Option<bool>,
    /// What an INIT does to a conversation that is open. It may also stand among the `settings`.
    on_reopen: Option<OnReopen>,
    /// The flow's settings; what is left out has its default.
    settings: Option<Settings>,
    /// The version of the data API that the client speaks; without it, "3.0".
    data_api_version: Option<String>,
    /// What the business attached to the token.
    context: Option<Map<String, Value>>,
    /// What time it is for the plugin, without quotes; without it, 2026-01-01T12:00:00Z.
    #[schemars(extend("format" = "date-time"))]
    now: Option<String>,
    /// Of the plugin's random numbers; without it, 0.
    #[schemars(range(max = 9_223_372_036_854_775_807_i64))]
    seed: Option<u64>,
    /// What the tenant set for the plugin.
    config: Option<BTreeMap<String, String>>,
    /// Names of secrets, and the hosts that each may be sent to.
    secrets: Option<BTreeMap<String, Vec<HttpHost>>>,
    /// What the plugin's store has at first.
    store: Option<Vec<StoreEntry>>,
    /// Requests that the plugin sends, and what each gets.
    http: Option<Vec<HttpEntry>>,
    /// Files that the user picked.
    media: Option<Vec<MediaEntry>>,
    /// What the client sends, and what must come back, in order.
    #[schemars(length(min = 1))]
    step: Vec<Step>,
}

/// One request, and what must come back.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Step {
    /// What the client sends.
    send: Send,
    /// What must come back. `flowhost plugin test --update` writes it where it is missing.
    expect: Option<Expect>,
    /// What time it is from this step on, without quotes.
    #[schemars(extend("format" = "date-time"))]
    now: Option<String>,
}

/// What the client sends: an action, an error of its own, or an earlier request again.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = one_of(&["action", "error", "repeat"]), "allOf" = what_goes_together())
)]
struct Send {
    /// What the user did.
    action: Option<Action>,
    /// The screen that the user is on.
    screen: Option<String>,
    /// The form's fields.
    data: Option<Map<String, Value>>,
    /// The phone could not use the last reply: Meta's key for why.
    error: Option<String>,
    /// Meta's text beside the `error`.
    message: Option<String>,
    /// The number of an earlier step, from 1: its request comes once more, byte for byte.
    #[schemars(range(min = 1))]
    repeat: Option<u64>,
}

/// What the user did.
#[derive(JsonSchema)]
enum Action {
    /// The user opened the flow.
    #[schemars(rename = "INIT")]
    Init,
    /// The user went back from a screen.
    #[schemars(rename = "BACK")]
    Back,
    /// The user sent a form, or a component asked for data.
    #[schemars(rename = "data_exchange")]
    DataExchange,
    /// Meta's health check, without the plugin.
    #[schemars(rename = "ping")]
    Ping,
}

/// What must come back: one of the outcomes, and beside it what is kept and logged.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = one_of(&OUTCOMES), "dependencies" = json!({ "data": ["screen"], "error": ["screen"] }))
)]
struct Expect {
    /// The screen that is shown.
    screen: Option<String>,
    /// The screen's data: what is named here is compared.
    data: Option<ObjectOrWord>,
    /// The text of the snackbar; without it there must be none.
    error: Option<String>,
    /// The flow ends with these params in the chat.
    completed: Option<ObjectOrWord>,
    /// The flow ends without a message.
    #[schemars(extend("const" = true))]
    closed: Option<bool>,
    /// The token is no longer valid (427), and the user reads this text.
    rejected: Option<String>,
    /// The answer to an `error` of the phone.
    #[schemars(extend("const" = true))]
    acknowledged: Option<bool>,
    /// The answer to a ping.
    #[schemars(extend("const" = true))]
    active: Option<bool>,
    /// Another status: 500 is a plugin that failed, or a reply that the phone would refuse; 409 is
    /// an old request that came again.
    #[schemars(range(min = 300, max = 599), extend("not" = json!({ "const": 427 })))]
    status: Option<u16>,
    /// The state that is stored for the conversation after the step.
    state: Option<Value>,
    /// What the plugin's store has after the step, by key.
    store: Option<Map<String, Value>>,
    /// Each text is part of a line that the plugin logs in this step, in this order.
    log: Option<Vec<String>>,
}

/// A value of the plugin's store.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = one_of(&["json", "text"])))]
struct StoreEntry {
    /// The value's key.
    key: String,
    /// The value, as JSON.
    json: Option<Value>,
    /// The value, as a text.
    text: Option<String>,
}

/// A request that the plugin sends, and its answer.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct HttpEntry {
    /// The request; what is not named is not compared.
    request: HttpRequest,
    /// What it gets.
    answer: HttpAnswer,
    /// It may come any number of times, none included.
    #[schemars(extend("const" = true))]
    repeat: Option<bool>,
}

/// A request that the plugin sends.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("not" = json!({ "required": ["json", "text"] })))]
struct HttpRequest {
    /// The method; without it, GET.
    method: Option<String>,
    /// The address. A secret stands there as the plugin writes it.
    url: String,
    /// Headers that it must have.
    headers: Option<BTreeMap<String, String>>,
    /// What its body must be like.
    json: Option<Value>,
    /// What its body must be.
    text: Option<String>,
}

/// A response, or why there is none.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend(
        "oneOf" = one_of(&["status", "error"]),
        "not" = json!({ "required": ["json", "text"] }),
        "dependencies" = json!({ "headers": ["status"], "json": ["status"], "text": ["status"] })
    )
)]
struct HttpAnswer {
    /// The HTTP status.
    #[schemars(range(min = 200, max = 599))]
    status: Option<u16>,
    /// Its headers.
    headers: Option<BTreeMap<String, String>>,
    /// Its body, as JSON.
    json: Option<Value>,
    /// Its body, as a text.
    text: Option<String>,
    /// Why there is no response.
    error: Option<HttpError>,
}

/// Why there is no response.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum HttpError {
    /// The request takes too long.
    Timeout,
    /// The response is too large.
    TooLarge,
    /// The host can't be reached.
    Unreachable,
}

/// A file that the user picked.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = one_of(&["file", "text", "json", "error"])))]
struct MediaEntry {
    /// The `media_id` of the reference that it answers.
    media_id: String,
    /// The path of a file beside the scenario.
    file: Option<String>,
    /// What is in the file.
    text: Option<String>,
    /// What is in the file, as JSON.
    json: Option<Value>,
    /// Why the plugin gets no file.
    error: Option<MediaError>,
    /// It need not be fetched.
    #[schemars(extend("const" = true))]
    optional: Option<bool>,
}

/// Why the plugin gets no file.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum MediaError {
    /// The file is not the one that was sent.
    CheckFailed,
    /// The file can't be downloaded.
    DownloadFailed,
    /// The file is too large.
    TooLarge,
}

/// The settings of a flow, with their bounds.
struct Settings;

impl JsonSchema for Settings {
    fn schema_name() -> Cow<'static, str> {
        "Settings".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = FlowSettings::json_schema();
        schema.as_object_mut().into_iter().for_each(|schema| drop(schema.remove("$schema")));
        Schema::try_from(schema).unwrap_or_default()
    }
}

/// A table, or a word for one.
struct ObjectOrWord;

impl JsonSchema for ObjectOrWord {
    fn schema_name() -> Cow<'static, str> {
        "ObjectOrWord".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "object" }, { "enum": ["$any", "$object"] }] })
    }
}

/// Exactly one of these keys is there.
fn one_of(keys: &[&str]) -> Value {
    keys.iter().map(|key| json!({ "required": [key] })).collect()
}

/// Which keys of `send` go together.
fn what_goes_together() -> Value {
    let action = |names: &[&str], then: Value| json!({ "if": { "properties": { "action": { "enum": names } }, "required": ["action"] }, "then": then });
    json!([
        action(&["BACK", "data_exchange"], json!({ "required": ["screen"] })),
        action(&["INIT"], json!({ "properties": { "screen": false } })),
        action(&["ping"], json!({ "properties": { "screen": false, "data": false } })),
        { "if": { "required": ["error"] }, "then": { "properties": { "data": false } }, "else": { "properties": { "message": false } } },
        { "if": { "required": ["repeat"] }, "then": { "maxProperties": 1 } },
    ])
}

/// Takes null out of what optional fields may be: TOML has no null.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(without_null),
        Value::Object(members) => {
            let no_null = |part: &Value| *part != json!({ "type": "null" });
            if let Some(Value::Array(parts)) = members.get_mut("anyOf") {
                parts.retain(no_null);
                // Of a single alternative, the field's own sentence is the better one.
                if let [Value::Object(only)] = parts.as_mut_slice() {
                    let only = std::mem::take(only);
                    members.remove("anyOf");
                    for (name, part) in only {
                        members.entry(name).or_insert(part);
                    }
                }
            }
            for (name, value) in members.iter_mut() {
                match (name.as_str(), &mut *value) {
                    ("type", Value::Array(types)) => {
                        types.retain(|name| name != "null");
                        if let [only] = types.as_slice() {
                            *value = only.clone();
                        }
                    }
                    ("enum", Value::Array(words)) => words.retain(|word| !word.is_null()),
                    _ => (),
                }
                without_null(value);
            }
        }
        _ => (),
    }
}

const DESCRIPTION: &str = "A conversation with a flow: what the client sends, and what must come back. Checked here: keys, kinds of \
    values, and which keys go together. Not checked: words that begin with $, the numbers of repeated steps, addresses and names of \
    hosts, that a moment has no quotes and an offset, and screens and fields that the Flow JSON lacks; a null in the settings, \"$null\", \
    is not known. `flowhost plugin check` checks everything.";

#[cfg(test)]
mod tests;
