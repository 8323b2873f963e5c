//! Files to pick.

use maud::{Markup, html};
use serde_json::Value;

use super::field::{Control, starred};
use super::posted;
use flowhost_flow_json::ComponentKind;

/// What a picker takes.
pub(super) struct Taken<'a> {
    /// The greatest number of files.
    pub(super) max: Option<u64>,
    /// The media types; empty if all are taken.
    pub(super) mime_types: &'a [String],
}

impl Control<'_> {
    /// The files that were picked, each with a button that takes it away, and what picks more.
    pub(super) fn media(&self, value: Option<&Value>, taken: &Taken<'_>) -> Markup {
        let field = self.field;
        let files = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_full = taken.max.is_some_and(|max| files.len() as u64 >= max);
        html! {
            (self.about())
            div .phone-box .phone-files {
                label for=(self.id) { (starred(field.title(), field.required)) }
                @if let Some(max) = taken.max {
                    span .phone-count { span .phone-aside { "Files: " } (files.len()) "/" (max) }
                }
                @if !files.is_empty() { ul { @for file in files { (self.file(file)) } } }
                input .phone-now type="file" id=(self.id) name=(posted::file_name(field))
                    accept=[self.accepted(taken)] multiple[taken.max != Some(1)]
                    required[field.required && files.is_empty()] disabled[is_full || !field.enabled]
                    aria-describedby=[self.described_by()] aria-invalid=[self.invalid()];
            }
            (self.below())
            @if field.enabled { (self.pasted()) }
        }
    }

    fn file(&self, file: &Value) -> Markup {
        let text = |name: &str| file.get(name).and_then(Value::as_str);
        let name = text("file_name").unwrap_or("a file");
        html! {
            li {
                span { (name) }
                @if let Some(id) = text("media_id") {
                    button name="do" value={ (posted::REMOVE) (id) } aria-label={ "Take away " (name) }
                        disabled[!self.field.enabled] { "×" }
                }
            }
        }
    }

    /// What a browser offers when files are chosen.
    fn accepted(&self, taken: &Taken<'_>) -> Option<String> {
        match taken.mime_types {
            [] if self.field.component == ComponentKind::PhotoPicker => Some("image/*".to_owned()),
            [] => None,
            types => Some(types.join(",")),
        }
    }

    /// A place for the references of files that are somewhere else, such as with WhatsApp.
    fn pasted(&self) -> Markup {
        let id = format!("{}-json", self.id);
        html! {
            details .phone-pasted {
                summary { "As JSON" }
                div .phone-box {
                    label for=(id) { "What the phone sends for " (self.field.title()) }
                    textarea .phone-later id=(id) name=(self.name) rows="4" placeholder=(FILES)
                        spellcheck="false" {}
                }
            }
        }
    }
}

/// An example of a picker's value.
const FILES: &str =
    r#"[{"media_id":"1","cdn_url":"https://..","file_name":"a.jpg","encryption_metadata":{..}}]"#;
