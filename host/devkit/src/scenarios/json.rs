//! JSON documents written in TOML. Values that TOML does not have are quoted words that begin with
//! `$`.

use serde_json::Value as Json;
use toml_edit::{Item, TableLike, Value};

use super::error::{ScenarioError, Source, Span};
use super::fields::Field;
use super::pattern::{ABSENT, Kind, NULL, Pattern};

/// A document. The only `$` word allowed in it is `$null`.
pub(super) fn document(source: Source<'_>, field: &Field<'_>) -> Result<Json, ScenarioError> {
    let read = Reader { source, expected: false }.item(field.item, &field.span)?;
    Ok(plain(read))
}

/// A pattern that a document has to match.
pub(super) fn pattern(source: Source<'_>, field: &Field<'_>) -> Result<Pattern, ScenarioError> {
    Reader { source, expected: true }.item(field.item, &field.span)
}

/// A document that has to be an object.
pub(super) fn object(source: Source<'_>, field: &Field<'_>) -> Result<Json, ScenarioError> {
    let read = document(source, field)?;
    if read.is_object() {
        Ok(read)
    } else {
        Err(field.error(format!("`{}` is a table", field.key())))
    }
}

/// A pattern without words for kinds is a document.
fn plain(pattern: Pattern) -> Json {
    match pattern {
        Pattern::Exactly(value) => value,
        Pattern::Array(parts) => parts.into_iter().map(plain).collect(),
        Pattern::Object(parts) => {
            Json::Object(parts.into_iter().map(|(key, part)| (key, plain(part))).collect())
        }
        Pattern::Any(_) | Pattern::Absent => {
            unreachable!("the reader of documents refuses these words")
        }
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    source: Source<'a>,
    expected: bool,
}

impl Reader<'_> {
    fn item(self, item: &Item, span: &Span) -> Result<Pattern, ScenarioError> {
        match item {
            Item::Value(value) => self.value(value, span),
            Item::Table(table) => self.table(table, span),
            Item::ArrayOfTables(tables) => {
                let element = |table: &toml_edit::Table| {
                    self.table(table, &table.span().or_else(|| span.clone()))
                };
                tables.iter().map(element).collect::<Result<_, _>>().map(Pattern::Array)
            }
            Item::None => Err(self.source.error(span, "there is no value")),
        }
    }

    fn value(self, value: &Value, key: &Span) -> Result<Pattern, ScenarioError> {
        let span = value.span().or_else(|| key.clone());
        let exactly = |value: Json| Ok(Pattern::Exactly(value));
        match value {
            Value::String(text) => self.text(text.value(), &span),
            Value::Integer(number) => exactly(Json::from(*number.value())),
            Value::Float(number) if number.value().is_finite() => {
                exactly(Json::from(*number.value()))
            }
            Value::Float(_) => Err(self
                .source
                .error(&span, "JSON has no infinite numbers and none that are no numbers")),
            Value::Boolean(flag) => exactly(Json::from(*flag.value())),
            Value::Datetime(_) => {
                Err(self.source.error(&span, "JSON has no dates and times: write them in quotes"))
            }
            Value::Array(elements) => elements
                .iter()
                .map(|element| self.value(element, &span))
                .collect::<Result<_, _>>()
                .map(Pattern::Array),
            Value::InlineTable(table) => self.table(table, &span),
        }
    }

    fn table(self, table: &dyn TableLike, span: &Span) -> Result<Pattern, ScenarioError> {
        let part = |(key, item): (&str, &Item)| {
            let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| span.clone());
            Ok((key.to_owned(), self.item(item, &span)?))
        };
        table.iter().map(part).collect::<Result<_, _>>().map(Pattern::Object)
    }

    fn text(self, text: &str, span: &Span) -> Result<Pattern, ScenarioError> {
        let exactly = |value: Json| Ok(Pattern::Exactly(value));
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == text);
        match (text, kind) {
            (NULL, _) => exactly(Json::Null),
            (ABSENT, _) if self.expected => Ok(Pattern::Absent),
            (_, Some(kind)) if self.expected => Ok(Pattern::Any(kind)),
            (ABSENT, _) | (_, Some(_)) => {
                Err(self.source.error(span, format!("\"{text}\" can be expected only, not sent")))
            }
            _ => match text.strip_prefix('$') {
                Some(rest) if rest.starts_with('$') => exactly(Json::from(rest)),
                Some(_) => Err(self.unknown_word(text, span)),
                None => exactly(Json::from(text)),
            },
        }
    }

    fn unknown_word(self, text: &str, span: &Span) -> ScenarioError {
        let kinds = Kind::ALL.map(Kind::word).join(", ");
        let words =
            if self.expected { format!("{NULL}, {ABSENT}, {kinds}") } else { NULL.to_owned() };
        self.source
            .error(span, format!("\"{text}\" is no word of scenarios ({words}); for a text that begins with $ write \"${text}\""))
    }
}
