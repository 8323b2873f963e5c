//! A flame graph as an SVG without scripts: a box for each function, above the one that called it,
//! as wide as its share of the samples. A browser shows name and share of the box under the mouse.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The picture of these stacks, whose names are the outermost first, and how many samples each has.
pub(super) fn svg(stacks: &BTreeMap<Vec<String>, u64>) -> String {
    let mut root = Node::default();
    for (stack, samples) in stacks {
        root.add(stack, *samples);
    }
    let rows = root.depth();
    let height = rows as f64 * ROW + 2.0 * MARGIN;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let all = Place { name: "all", left: 0.0, row: 0 };
    root.draw(&mut text, &all, root.samples.max(1) as f64, height);
    text.push_str("</svg>\n");
    text
}

/// A function as it was called from one place.
#[derive(Default)]
struct Node<'a> {
    samples: u64,
    calls: BTreeMap<&'a str, Node<'a>>,
}

/// Where a function is drawn: `left` in samples, `row` from below.
struct Place<'a> {
    name: &'a str,
    left: f64,
    row: usize,
}

impl<'a> Node<'a> {
    fn add(&mut self, stack: &'a [String], samples: u64) {
        self.samples += samples;
        if let [outermost, inner @ ..] = stack {
            self.calls.entry(outermost).or_default().add(inner, samples);
        }
    }

    fn depth(&self) -> usize {
        1 + self.calls.values().map(Node::depth).max().unwrap_or(0)
    }

    fn draw(&self, text: &mut String, at: &Place<'_>, all: f64, height: f64) {
        let (left, width) = (at.left / all * WIDTH, self.samples as f64 / all * WIDTH);
        let top = height - MARGIN - (at.row + 1) as f64 * ROW;
        let (name, percent) = (escaped(at.name), self.samples as f64 / all * 100.0);
        let shown = escaped(&cut(at.name, (width / LETTER) as usize));
        let _ = writeln!(
            text,
            "<g><title>{name}: {} samples, {percent:.1} %</title>\
             <rect x=\"{left:.2}\" y=\"{top}\" width=\"{width:.2}\" height=\"{}\" fill=\"{}\"/>\
             <text x=\"{:.2}\" y=\"{}\">{shown}</text></g>",
            self.samples,
            ROW - 1.0,
            colour(at.name),
            left + 3.0,
            top + ROW - 5.0,
        );
        let mut left = at.left;
        for (name, node) in &self.calls {
            node.draw(text, &Place { name, left, row: at.row + 1 }, all, height);
            left += node.samples as f64;
        }
    }
}

/// The beginning of a name that fits into so many letters; nothing if hardly any do.
fn cut(name: &str, letters: usize) -> String {
    match name.chars().count() {
        _ if letters < 3 => String::new(),
        length if length <= letters => name.to_owned(),
        _ => name.chars().take(letters - 1).chain(['…']).collect(),
    }
}

fn escaped(name: &str) -> String {
    name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A warm colour, the same for a name each time.
fn colour(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("hsl({}, 80%, 70%)", hasher.finish() % 50 + 5)
}

const WIDTH: f64 = 1_200.0;
const ROW: f64 = 18.0;
const MARGIN: f64 = 6.0;

/// The width of a letter, with what is left beside the text.
const LETTER: f64 = 7.6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_as_wide_as_its_share_and_named_safely() {
        let stack = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let stacks = BTreeMap::from([(stack(&["a", "<b & c>::d"]), 3), (stack(&["a"]), 1)]);

        let drawn = svg(&stacks);

        assert_eq!(drawn.matches("<g>").count(), 3, "all, a, and what it calls: {drawn}");
        assert!(
            drawn.contains("<title>&lt;b &amp; c&gt;::d: 3 samples, 75.0 %</title>"),
            "{drawn}"
        );
        assert!(drawn.contains("width=\"900.00\""), "{drawn}");
        assert!(drawn.contains("<title>a: 4 samples, 100.0 %</title>"), "{drawn}");
    }

    #[test]
    fn a_picture_of_nothing_is_a_picture() {
        assert!(svg(&BTreeMap::new()).contains("all: 0 samples"));
    }
}
