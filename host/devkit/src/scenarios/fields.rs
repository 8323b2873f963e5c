//! Reads TOML tables by their keys. An unknown key is an error that gives its name, its line and
//! the keys that are allowed.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml_edit::{Item, TableLike, Value};

use super::error::{ScenarioError, Source, Span};

/// A table that is being read.
pub(super) struct Fields<'a> {
    source: Source<'a>,
    what: &'static str,
    span: Span,
    table: &'a dyn TableLike,
}

/// A key with its value.
#[derive(Clone)]
pub(super) struct Field<'a> {
    source: Source<'a>,
    /// Where the key is in the text.
    pub(super) span: Span,
    key: String,
    /// The key's value.
    pub(super) item: &'a Item,
}

impl<'a> Fields<'a> {
    /// Starts to read a table; `what` names it in errors, as in "a step". Keys that are not `known`
    /// are refused first: for a mistyped key, the error must not be that the right one is missing.
    pub(super) fn of(
        source: Source<'a>,
        what: &'static str,
        known: &[&str],
        span: Span,
        table: &'a dyn TableLike,
    ) -> Result<Self, ScenarioError> {
        match entries(source, table).into_iter().find(|field| !known.contains(&field.key.as_str()))
        {
            None => Ok(Self { source, what, span, table }),
            Some(unknown) => {
                let known: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
                Err(unknown.error(format!(
                    "{what} has no `{}`: it has {}",
                    unknown.key,
                    known.join(", ")
                )))
            }
        }
    }

    /// The value of a key, if the key is there.
    pub(super) fn take(&self, key: &str) -> Option<Field<'a>> {
        field(self.source, self.table, key)
    }

    /// The value of a required key.
    pub(super) fn need(&self, key: &str) -> Result<Field<'a>, ScenarioError> {
        self.take(key).ok_or_else(|| self.error(format!("{} lacks `{key}`", self.what)))
    }

    /// The line that the table begins on.
    pub(super) fn line(&self) -> usize {
        self.source.line(&self.span)
    }

    /// An error about the table as a whole.
    pub(super) fn error(&self, message: impl Into<String>) -> ScenarioError {
        self.source.error(&self.span, message)
    }
}

fn entries<'a>(source: Source<'a>, table: &'a dyn TableLike) -> Vec<Field<'a>> {
    table.iter().filter_map(|(key, _)| field(source, table, key)).collect()
}

fn field<'a>(source: Source<'a>, table: &'a dyn TableLike, key: &str) -> Option<Field<'a>> {
    let (name, item) = table.get_key_value(key).filter(|(_, item)| !item.is_none())?;
    let span = name.span().or_else(|| item.span());
    Some(Field { source, span, key: name.get().to_owned(), item })
}

impl<'a> Field<'a> {
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// An error at this key.
    pub(super) fn error(&self, message: impl Into<String>) -> ScenarioError {
        self.source.error(&self.span, message)
    }

    /// The value as a text.
    pub(super) fn text(&self) -> Result<String, ScenarioError> {
        self.value()
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| self.wrong("a text in quotes"))
    }

    /// The value as one of these words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, ScenarioError> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.error(format!("`{}` is {}, not \"{text}\"", self.key, words.join(" or ")))
        })
    }

    /// Checks that the value is `true`: a flag is `true` or left out.
    pub(super) fn flag(&self) -> Result<(), ScenarioError> {
        if self.value().and_then(Value::as_bool) == Some(true) {
            Ok(())
        } else {
            Err(self.wrong("true, or left out"))
        }
    }

    /// A whole number from 0 to `most`.
    pub(super) fn number(&self, most: u64) -> Result<u64, ScenarioError> {
        let number =
            self.value().and_then(Value::as_integer).and_then(|number| u64::try_from(number).ok());
        number
            .filter(|number| *number <= most)
            .ok_or_else(|| self.wrong(&format!("a whole number from 0 to {most}")))
    }

    /// A date and time with its offset from UTC.
    pub(super) fn moment(&self) -> Result<OffsetDateTime, ScenarioError> {
        let text = self.value().and_then(Value::as_datetime).map(ToString::to_string);
        let moment = text.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok());
        let moment = moment.filter(|moment| *moment >= OffsetDateTime::UNIX_EPOCH);
        moment.ok_or_else(|| self.wrong("a moment after 1970 with its offset and without quotes, such as 2026-11-23T09:00:00Z"))
    }

    pub(super) fn texts(&self) -> Result<Vec<String>, ScenarioError> {
        let wrong = || self.wrong("a list of texts, such as [\"one\", \"two\"]");
        let list = self.value().and_then(Value::as_array).ok_or_else(wrong)?;
        list.iter().map(|value| value.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
    }

    /// A table with these keys.
    pub(super) fn table(
        &self,
        what: &'static str,
        known: &[&str],
    ) -> Result<Fields<'a>, ScenarioError> {
        Fields::of(self.source, what, known, self.span.clone(), self.table_like()?)
    }

    /// The entries of a table whose keys are the author's own names.
    pub(super) fn entries(&self) -> Result<Vec<Field<'a>>, ScenarioError> {
        Ok(entries(self.source, self.table_like()?))
    }

    /// Tables with these keys, as `[[..]]` or as an array.
    pub(super) fn tables(
        &self,
        what: &'static str,
        known: &[&str],
    ) -> Result<Vec<Fields<'a>>, ScenarioError> {
        if let Item::ArrayOfTables(tables) = self.item {
            return tables
                .iter()
                .map(|table| Fields::of(self.source, what, known, table.span(), table))
                .collect();
        }
        let wrong = || self.wrong(&format!("a list of tables: write [[{}]]", self.key));
        let list = self.value().and_then(Value::as_array).ok_or_else(wrong)?;
        let table = |value: &'a Value| {
            let table = value.as_inline_table().ok_or_else(wrong)?;
            Fields::of(self.source, what, known, value.span(), table)
        };
        list.iter().map(table).collect()
    }

    fn table_like(&self) -> Result<&'a dyn TableLike, ScenarioError> {
        self.item.as_table_like().ok_or_else(|| self.wrong("a table"))
    }

    fn value(&self) -> Option<&'a Value> {
        self.item.as_value()
    }

    fn wrong(&self, what: &str) -> ScenarioError {
        self.error(format!("`{}` is {what}", self.key))
    }
}
