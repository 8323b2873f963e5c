//! The Markdown of `RichText`, and of texts that ask for it: headings, bold, italic and crossed-out
//! text, links, lists, tables and pictures. Anything else that Markdown knows, such as HTML, is
//! text.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use reqwest::Url;

use super::picture::Picture;

/// A part of a text that begins on a line of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading.
    Heading {
        /// From 1, the largest, to 6.
        level: u8,
        /// What it says.
        spans: Vec<Span>,
    },
    /// A list.
    List {
        /// The number of the first item; `None` if they have none.
        first: Option<u64>,
        /// What each item holds.
        items: Vec<Vec<Block>>,
    },
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// A picture.
    Picture(Picture),
    /// A table: its rows, the head first, each with its cells.
    Table(Vec<Vec<Vec<Span>>>),
}

/// A part of a text that is written in one way. May have several lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// Whether it is bold.
    pub bold: bool,
    /// Whether it is italic.
    pub italic: bool,
    /// Whether it is crossed out.
    pub strikethrough: bool,
    /// Where tapping it leads: an `http` or `https` address.
    pub link: Option<String>,
}

/// Reads a text. One that is too long is a paragraph as it stands.
pub(super) fn read(text: &str) -> Vec<Block> {
    if text.len() > MAX_BYTES {
        return plain(text);
    }
    let (text, mut reading) = (parted(text), Reading::default());
    for event in Parser::new_ext(&text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        reading.take(event);
    }
    reading.end_paragraph();
    reading.done
}

/// A text without Markdown.
pub(super) fn plain(text: &str) -> Vec<Block> {
    vec![Block::Paragraph(vec![Span { text: text.to_owned(), ..Span::default() }])]
}

/// The text with an empty line around each table and after each list. A Flow JSON may write a text
/// as a list of lines, of which none may be empty.
fn parted(text: &str) -> String {
    let mut parted = String::with_capacity(text.len() + 16);
    let mut before = Line::Empty;
    for line in text.lines() {
        let now = Line::of(line);
        let is_apart = match (before, now) {
            (Line::Empty, _) | (_, Line::Empty) => false,
            (Line::Table, now) => now != Line::Table,
            (_, Line::Table) => true,
            (Line::List, Line::Other) => !line.starts_with([' ', '\t']),
            _ => false,
        };
        if is_apart {
            parted.push('\n');
        }
        parted.push_str(line);
        parted.push('\n');
        // What is indented below an item belongs to it.
        before = if before == Line::List && now == Line::Other && !is_apart { before } else { now };
    }
    parted
}

/// What a line of a text belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Empty,
    List,
    Other,
    Table,
}

impl Line {
    fn of(line: &str) -> Self {
        let line = line.trim_start();
        let after_number = line.trim_start_matches(|char: char| char.is_ascii_digit());
        let is_numbered = after_number.len() < line.len() && after_number.starts_with(['.', ')']);
        match line.chars().next() {
            None => Self::Empty,
            Some('|') => Self::Table,
            Some('-' | '*' | '+') if line[1..].starts_with(' ') => Self::List,
            _ if is_numbered => Self::List,
            Some(_) => Self::Other,
        }
    }
}

/// What was read, and what is open.
#[derive(Default)]
struct Reading {
    done: Vec<Block>,
    /// The lists around the text, the outermost first: the first number, and the items.
    lists: Vec<(Option<u64>, Vec<Vec<Block>>)>,
    /// How many lists are open besides; their items count as paragraphs.
    too_deep: usize,
    /// What will be the paragraph, the heading or the cell.
    spans: Vec<Span>,
    /// How the text is written that comes now.
    style: Span,
    /// The address and the alternative text of a picture.
    picture: Option<(String, String)>,
    table: Option<Vec<Vec<Vec<Span>>>>,
    is_heading: bool,
}

impl Reading {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.text(&text)
            }
            Event::SoftBreak | Event::HardBreak => self.text("\n"),
            _ => (),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::CodeBlock(_) | Tag::HtmlBlock => self.end_paragraph(),
            Tag::Heading { .. } => {
                self.end_paragraph();
                self.is_heading = true;
            }
            Tag::List(first) => {
                self.end_paragraph();
                match self.lists.len() < MAX_DEPTH {
                    true => self.lists.push((first, Vec::new())),
                    false => self.too_deep += 1,
                }
            }
            Tag::Item => {
                self.end_paragraph();
                if let (0, Some((_, items))) = (self.too_deep, self.lists.last_mut()) {
                    items.push(Vec::new());
                }
            }
            Tag::Table(_) => {
                self.end_paragraph();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                self.table.iter_mut().for_each(|rows| rows.push(Vec::new()));
            }
            Tag::Strong => self.style.bold = true,
            Tag::Emphasis => self.style.italic = true,
            Tag::Strikethrough => self.style.strikethrough = true,
            Tag::Link { dest_url, .. } => self.style.link = web_address(&dest_url),
            Tag::Image { dest_url, .. } => {
                self.picture = Some((dest_url.into_string(), String::new()));
            }
            _ => (),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::Item => {
                self.end_paragraph()
            }
            TagEnd::Heading(level) => {
                self.is_heading = false;
                let spans = std::mem::take(&mut self.spans);
                self.put(Block::Heading { level: level as u8, spans });
            }
            TagEnd::List(_) if self.too_deep > 0 => self.too_deep -= 1,
            TagEnd::List(_) => {
                self.end_paragraph();
                if let Some((first, items)) = self.lists.pop() {
                    self.put(Block::List { first, items });
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.spans);
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                if let Some(rows) = self.table.take() {
                    self.put(Block::Table(rows));
                }
            }
            TagEnd::Strong => self.style.bold = false,
            TagEnd::Emphasis => self.style.italic = false,
            TagEnd::Strikethrough => self.style.strikethrough = false,
            TagEnd::Link => self.style.link = None,
            TagEnd::Image => self.end_picture(),
            _ => (),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, alternative)) = &mut self.picture {
            alternative.push_str(text);
            return;
        }
        match self.spans.last_mut() {
            Some(last) if self.style == (Span { text: String::new(), ..last.clone() }) => {
                last.text.push_str(text);
            }
            _ => self.spans.push(Span { text: text.to_owned(), ..self.style.clone() }),
        }
    }

    /// A picture stands on its own, but in a heading or a cell, where its text stands for it.
    fn end_picture(&mut self) {
        let Some((source, alternative)) = self.picture.take() else { return };
        if self.is_heading || self.table.is_some() {
            self.text(&alternative);
        } else {
            self.end_paragraph();
            self.put(Block::Picture(Picture::from(source, alternative)));
        }
    }

    fn end_paragraph(&mut self) {
        let mut spans = std::mem::take(&mut self.spans);
        // A picture between them took the rest of the line.
        if let Some(first) = spans.first_mut() {
            first.text = first.text.trim_start().to_owned();
        }
        if let Some(last) = spans.last_mut() {
            last.text.truncate(last.text.trim_end().len());
        }
        if spans.iter().any(|span| !span.text.is_empty()) {
            self.put(Block::Paragraph(spans));
        }
    }

    fn put(&mut self, block: Block) {
        let open = self.lists.last_mut().and_then(|(_, items)| items.last_mut());
        open.unwrap_or(&mut self.done).push(block);
    }
}

/// The address of a web page as a browser writes it; `None` for anything else, and for one with a
/// name before an `@`, which looks like another's.
pub(super) fn web_address(text: &str) -> Option<String> {
    if text.len() > MAX_ADDRESS_BYTES {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_web = ["http", "https"].contains(&url.scheme()) && url.has_host();
    (is_web && url.username().is_empty() && url.password().is_none()).then(|| url.to_string())
}

/// What a text with its pictures may have: more than a whole answer may (`protocol.md`).
const MAX_BYTES: usize = 1 << 20;

/// As long as an address may be in most browsers.
const MAX_ADDRESS_BYTES: usize = 2_048;

/// How deep lists may lie in each other. Screens are narrow.
const MAX_DEPTH: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Span {
        Span { text: text.to_owned(), ..Span::default() }
    }

    fn paragraph(text: &str) -> Block {
        Block::Paragraph(vec![span(text)])
    }

    #[test]
    fn texts_have_headings_lists_tables_and_pictures() {
        let text = "# One\nfirst\nsecond\n\n- a\n- b\n  1. c\n\n3. d\n\n|x|y|\n|-|-|\n|1|**2**|\n\nsee ![a cat](data:image/png;base64,aGk=) there";

        assert_eq!(
            read(text),
            [
                Block::Heading { level: 1, spans: vec![span("One")] },
                paragraph("first\nsecond"),
                Block::List {
                    first: None,
                    items: vec![
                        vec![paragraph("a")],
                        vec![
                            paragraph("b"),
                            Block::List { first: Some(1), items: vec![vec![paragraph("c")]] }
                        ],
                    ],
                },
                Block::List { first: Some(3), items: vec![vec![paragraph("d")]] },
                Block::Table(vec![
                    vec![vec![span("x")], vec![span("y")]],
                    vec![vec![span("1")], vec![Span { bold: true, ..span("2") }]],
                ]),
                paragraph("see"),
                Block::Picture(Picture::from(
                    "data:image/png;base64,aGk=".to_owned(),
                    "a cat".to_owned()
                )),
                paragraph("there"),
            ]
        );
    }

    #[test]
    fn lists_and_tables_end_with_their_lines() {
        let text = "Bring\n1. this\n2. that\n   too\n| a |\n|-|\n| b |\nThen come.";

        assert_eq!(
            read(text),
            [
                paragraph("Bring"),
                Block::List {
                    first: Some(1),
                    items: vec![vec![paragraph("this")], vec![paragraph("that\ntoo")]]
                },
                Block::Table(vec![vec![vec![span("a")]], vec![vec![span("b")]]]),
                paragraph("Then come."),
            ]
        );
    }

    #[test]
    fn spans_have_their_own_style_and_web_links_only() {
        let read = |text: &str| match read(text).remove(0) {
            Block::Paragraph(spans) => spans,
            other => panic!("{other:?}"),
        };
        let link = |text: &str, to: &str| Span { link: Some(to.to_owned()), ..span(text) };

        assert_eq!(
            read("a **b *c*** ~~d~~"),
            [
                span("a "),
                Span { bold: true, ..span("b ") },
                Span { bold: true, italic: true, ..span("c") },
                span(" "),
                Span { strikethrough: true, ..span("d") },
            ]
        );
        assert_eq!(read("[x](https://a.org/ü)"), [link("x", "https://a.org/%C3%BC")]);
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//a.org",
            "/a",
            "https://bank.com@a.org/",
            "JAVASCRIPT:x",
            &format!("https://a.org/{}", "x".repeat(3_000)),
        ] {
            assert_eq!(read(&format!("[x]({bad})")), [span("x")], "{bad:.40}");
        }
        assert_eq!(read("a <b onclick=x>c</b>"), [span("a <b onclick=x>c</b>")]);
    }

    #[test]
    fn hostile_texts_stay_small_and_flat() {
        let depth = |blocks: &[Block]| {
            let mut depth = 0;
            let mut blocks = blocks;
            while let Some(Block::List { items, .. }) = blocks.last() {
                depth += 1;
                blocks = items.last().map(Vec::as_slice).unwrap_or_default();
            }
            depth
        };

        assert_eq!(depth(&read(&format!("{}x", "- ".repeat(10_000)))), MAX_DEPTH);
        let deep: String = (0..50).map(|level| format!("{}- x\n", "  ".repeat(level))).collect();
        assert_eq!(depth(&read(&deep)), MAX_DEPTH);
        read(&"[".repeat(100_000));
        read(&"*a_".repeat(100_000));
        let long = format!("**{}**", "a".repeat(MAX_BYTES));
        assert_eq!(read(&long), [paragraph(&long)]);
    }
}
