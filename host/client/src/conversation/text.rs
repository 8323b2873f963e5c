//! Texts on a screen.

use serde_json::Value;

use flowhost_flow_json::ComponentKind;

use super::expression::shown;
use super::field::Properties;
use super::markdown::{self, Block};

/// A text.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The component's kind: `TextHeading`, `TextBody`, ..
    pub style: ComponentKind,
    /// The text as it is written; may have several lines.
    pub text: String,
    /// Whether all of it is bold.
    pub bold: bool,
    /// Whether all of it is italic.
    pub italic: bool,
    /// Whether all of it is crossed out.
    pub strikethrough: bool,
    is_markdown: bool,
}

impl Text {
    pub(super) fn of(component: &Properties<'_>, style: ComponentKind) -> Self {
        let weight = component.text("font-weight");
        Self {
            style,
            text: lines(component),
            bold: ["bold", "bold_italic"].contains(&weight.as_str()),
            italic: ["italic", "bold_italic"].contains(&weight.as_str()),
            strikethrough: component.flag("strikethrough", false),
            is_markdown: style == ComponentKind::RichText || component.flag("markdown", false),
        }
    }

    /// The text as the phone lays it out. One without Markdown is a paragraph.
    pub fn blocks(&self) -> Vec<Block> {
        if self.is_markdown { markdown::read(&self.text) } else { markdown::plain(&self.text) }
    }
}

/// A text may be written as a list of its lines.
fn lines(component: &Properties<'_>) -> String {
    match component.value("text") {
        Some(Value::Array(lines)) => lines.iter().map(shown).collect::<Vec<_>>().join("\n"),
        Some(text) => shown(&text),
        None => String::new(),
    }
}
