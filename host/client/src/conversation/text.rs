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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::markdown::Span;
    use super::super::scope::tests::with_scope;
    use super::*;
    use flowhost_flow_json::Component;

    fn text(written: Value) -> Text {
        let written = Component::of(&written).unwrap();
        with_scope(json!({"weight": "bold_italic", "name": "**Ana**"}), json!({}), |scope| {
            Text::of(&Properties { written, scope }, written.kind().unwrap())
        })
    }

    #[test]
    fn a_text_is_written_in_one_way_as_a_whole() {
        let weights = |weight: &str| {
            let text = text(json!({"type": "TextBody", "text": "x", "font-weight": weight}));
            (text.bold, text.italic)
        };

        assert_eq!(weights("normal"), (false, false));
        assert_eq!(weights("bold"), (true, false));
        assert_eq!(weights("italic"), (false, true));
        assert_eq!(weights("${data.weight}"), (true, true));
        assert!(
            text(json!({"type": "TextCaption", "text": "x", "strikethrough": true})).strikethrough
        );
    }

    #[test]
    fn markdown_is_read_where_a_text_asks_for_it() {
        let span = |text: &str| Span { text: text.to_owned(), ..Span::default() };
        let bold = [Block::Paragraph(vec![Span { bold: true, ..span("Ana") }])];

        assert_eq!(text(json!({"type": "RichText", "text": "${data.name}"})).blocks(), bold);
        let body = json!({"type": "TextBody", "text": ["${data.name}"], "markdown": true});
        assert_eq!(text(body).blocks(), bold);
        let plain = text(json!({"type": "TextBody", "text": ["${data.name}", "x"]}));
        assert_eq!(plain.blocks(), [Block::Paragraph(vec![span("**Ana**\nx")])]);
    }
}
