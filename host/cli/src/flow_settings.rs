//! A flow's settings as command-line arguments: the body of `flow put` and `flow update`.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use flowhost_server::config::ConfigError;

use super::input::read_json;
use super::retention::RetentionArgs;

/// The settings; what is not given is left to the API.
#[derive(Args, Default)]
pub(crate) struct SettingsArgs {
    /// All settings as JSON, @FILE, or - for standard input; the other arguments win over it
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// Which flow tokens start a conversation: any, or only those that the host minted
    #[arg(long, value_enum)]
    token_policy: Option<TokenPolicy>,
    /// Whether requests must carry Meta's signature of the flow token
    #[arg(long, value_enum)]
    token_signature: Option<TokenSignature>,
    /// What the user reads when the token is refused
    #[arg(long, value_name = "TEXT")]
    token_rejected_text: Option<String>,
    /// What becomes of exchanges whose flow token many recipients share: none, "unused", or too
    /// short
    #[arg(long, value_enum)]
    shared_tokens: Option<SharedTokens>,
    /// A flow token of fewer characters is taken for shared
    #[arg(long, value_name = "CHARACTERS")]
    min_token_length: Option<u32>,
    /// Whether a user who opens the message again begins afresh
    #[arg(long, value_enum)]
    on_reopen: Option<OnReopen>,
    /// What the client gets when the plugin fails
    #[arg(long, value_enum)]
    on_failure: Option<OnFailure>,
    /// What the user reads when the plugin fails
    #[arg(long, value_name = "TEXT")]
    failure_text: Option<String>,
    /// How long a conversation is kept
    #[arg(long, value_name = "SECONDS")]
    session_ttl_seconds: Option<u64>,
    /// Whether a session keeps its replies, sealed, for the console to show, and not only the last one
    #[arg(long, value_name = "true|false")]
    keep_replies: Option<bool>,
    /// A limit, for example cpu_ms=200; may be given several times
    #[arg(long = "limit", value_name = "NAME=NUMBER", value_parser = parse_limit)]
    limits: Vec<(String, u64)>,
    #[command(flatten)]
    retention: RetentionArgs,
    /// Whether the endpoint answers 503, at once and on every host
    #[arg(long, value_name = "true|false")]
    disabled: Option<bool>,
}

#[derive(Clone, Copy, ValueEnum)]
enum TokenPolicy {
    Open,
    Minted,
}

#[derive(Clone, Copy, ValueEnum)]
enum TokenSignature {
    IfPresent,
    Required,
    Ignore,
}

#[derive(Clone, Copy, ValueEnum)]
enum SharedTokens {
    StandAlone,
    Refuse,
    Trust,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnReopen {
    Restart,
    Continue,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnFailure {
    Status,
    ErrorMessage,
}

impl SettingsArgs {
    pub(crate) fn body(&self) -> anyhow::Result<Map<String, Value>> {
        let mut body = self.document()?;
        let mut set = |name: &str, value: Option<Value>| {
            body.extend(value.map(|value| (name.to_owned(), value)))
        };
        set("token_policy", self.token_policy.map(word));
        set("token_signature", self.token_signature.map(word));
        set("token_rejected_text", self.token_rejected_text.as_ref().map(|text| json!(text)));
        set("shared_tokens", self.shared_tokens.map(word));
        set("min_token_length", self.min_token_length.map(|length| json!(length)));
        set("on_reopen", self.on_reopen.map(word));
        set("on_failure", self.on_failure.map(word));
        set("failure_text", self.failure_text.as_ref().map(|text| json!(text)));
        set("session_ttl_seconds", self.session_ttl_seconds.map(|seconds| json!(seconds)));
        set("keep_replies", self.keep_replies.map(|keep| json!(keep)));
        set("disabled", self.disabled.map(|disabled| json!(disabled)));
        if !self.limits.is_empty() {
            let limits = self.limits.iter().map(|(name, number)| (name.clone(), json!(number)));
            extend(&mut body, "limits", limits)?;
        }
        if let Some(fields) = self.retention.fields() {
            extend(&mut body, "retention", fields)?;
        }
        Ok(body)
    }

    fn document(&self) -> anyhow::Result<Map<String, Value>> {
        match self
            .settings
            .as_deref()
            .map(|argument| read_json(argument, "--settings"))
            .transpose()?
        {
            None => Ok(Map::new()),
            Some(Value::Object(settings)) => Ok(settings),
            Some(_) => Err(ConfigError::new("--settings is not a JSON object").into()),
        }
    }
}

/// The API uses the same words for choices as the command line.
fn word(choice: impl ValueEnum) -> Value {
    choice.to_possible_value().map_or(Value::Null, |value| json!(value.get_name()))
}

/// Adds to an object among the settings, which is made if it is missing.
fn extend(
    body: &mut Map<String, Value>,
    name: &str,
    fields: impl IntoIterator<Item = (String, Value)>,
) -> Result<(), ConfigError> {
    let object = body
        .entry(name)
        .or_insert_with(|| json!({}))
        .as_object_mut()
        .ok_or_else(|| ConfigError::new(format!("--settings: {name} is not a JSON object")))?;
    object.extend(fields);
    Ok(())
}

fn parse_limit(text: &str) -> Result<(String, u64), String> {
    let (name, number) = text.split_once('=').ok_or("is not NAME=NUMBER")?;
    let number = number.parse().map_err(|_| format!("{number:?} is not a number"))?;
    Ok((name.to_owned(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_given_is_an_empty_body() {
        assert!(SettingsArgs::default().body().unwrap().is_empty());
    }

    #[test]
    fn arguments_win_over_the_document_and_limits_are_added() {
        let args = SettingsArgs {
            settings: Some(
                r#"{"token_policy":"open","limits":{"cpu_ms":1,"wall_ms":2}}"#.to_owned(),
            ),
            token_policy: Some(TokenPolicy::Minted),
            token_signature: Some(TokenSignature::IfPresent),
            on_failure: Some(OnFailure::ErrorMessage),
            shared_tokens: Some(SharedTokens::StandAlone),
            min_token_length: Some(12),
            on_reopen: Some(OnReopen::Continue),
            keep_replies: Some(true),
            limits: vec![parse_limit("cpu_ms=9").unwrap()],
            ..SettingsArgs::default()
        };

        assert_eq!(
            Value::from(args.body().unwrap()),
            json!({
                "token_policy": "minted", "limits": {"cpu_ms": 9, "wall_ms": 2},
                "token_signature": "if-present", "on_failure": "error-message",
                "shared_tokens": "stand-alone", "min_token_length": 12, "on_reopen": "continue",
                "keep_replies": true,
            })
        );
    }

    #[test]
    fn refuses_limits_that_are_no_numbers() {
        for bad in ["cpu_ms", "cpu_ms=", "cpu_ms=-1", "cpu_ms=many"] {
            assert!(parse_limit(bad).is_err(), "{bad}");
        }
    }
}
