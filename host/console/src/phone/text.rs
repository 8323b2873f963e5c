//! Texts, with and without Markdown.

use flowhost_client::conversation::{Block, Span, Text};
use flowhost_flow_json::ComponentKind;
use maud::{Markup, html};

use super::Pen;
use super::item::draw_picture;

impl Pen<'_> {
    pub(super) fn text(&self, text: &Text) -> Markup {
        let class = match text.style {
            ComponentKind::TextHeading => "phone-heading",
            ComponentKind::TextSubheading => "phone-subheading",
            ComponentKind::TextCaption => "phone-text phone-caption",
            _ => "phone-text",
        };
        if matches!(text.style, ComponentKind::TextHeading | ComponentKind::TextSubheading) {
            return self.heading(class, &text.text);
        }
        html! {
            div .(class) .bold[text.bold] .italic[text.italic] .struck[text.strikethrough] {
                @if text.strikethrough {
                    del { (self.blocks(&text.blocks())) }
                } @else {
                    (self.blocks(&text.blocks()))
                }
            }
        }
    }

    /// All headings of a screen are of one level, below its title: a screen may begin with any.
    pub(super) fn heading(&self, class: &str, text: &str) -> Markup {
        html! {
            @if self.is_live() { h3 class=(class) { (text) } } @else { p class=(class) { (text) } }
        }
    }

    fn blocks(&self, blocks: &[Block]) -> Markup {
        html! { @for block in blocks { (self.block(block)) } }
    }

    fn block(&self, block: &Block) -> Markup {
        match block {
            Block::Heading { level, spans } => {
                let class = if *level == 1 { "phone-heading" } else { "phone-subheading" };
                html! {
                    @if self.is_live() {
                        h3 class=(class) { (self.spans(spans)) }
                    } @else {
                        p class=(class) { (self.spans(spans)) }
                    }
                }
            }
            Block::List { first: None, items } => {
                html! { ul { @for item in items { li { (self.blocks(item)) } } } }
            }
            Block::List { first: Some(first), items } => {
                html! { ol start=(first) { @for item in items { li { (self.blocks(item)) } } } }
            }
            Block::Paragraph(spans) => html! { p { (self.spans(spans)) } },
            Block::Picture(picture) => draw_picture(picture, "phone-picture"),
            Block::Table(rows) => self.table(rows),
        }
    }

    fn table(&self, rows: &[Vec<Vec<Span>>]) -> Markup {
        let (head, body) = rows.split_first().map_or((&[][..], rows), |(head, body)| (head, body));
        html! {
            div .phone-table tabindex=[self.is_live().then_some("0")] {
                table {
                    thead { tr { @for cell in head { th scope="col" { (self.spans(cell)) } } } }
                    tbody {
                        @for row in body { tr { @for cell in row { td { (self.spans(cell)) } } } }
                    }
                }
            }
        }
    }

    fn spans(&self, spans: &[Span]) -> Markup {
        html! { @for span in spans { (self.span(span)) } }
    }

    fn span(&self, span: &Span) -> Markup {
        let mut drawn = html! { (span.text) };
        if span.bold {
            drawn = html! { strong { (drawn) } };
        }
        if span.italic {
            drawn = html! { em { (drawn) } };
        }
        if span.strikethrough {
            drawn = html! { s { (drawn) } };
        }
        let Some(address) = &span.link else { return drawn };
        html! {
            @if self.is_live() {
                a href=(address) rel="noreferrer noopener" target="_blank" { (drawn) }
            } @else {
                (drawn)
            }
            // So that a text can't pass for another address.
            @if span.text != *address { " " span .phone-address { "(" (address) ")" } }
        }
    }
}
