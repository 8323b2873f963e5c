//! Texts that are written for JSON and terminals, where backticks stand around code.

use maud::{Markup, html};

/// The text, with what stands between two backticks of a line as code.
pub(crate) fn with_code(text: &str) -> Markup {
    html! { @for line in text.split_inclusive('\n') { (line_with_code(line)) } }
}

fn line_with_code(line: &str) -> Markup {
    let parts: Vec<&str> = line.split('`').collect();
    html! {
        @for (at, part) in parts.iter().enumerate() {
            @if at % 2 == 0 {
                (part)
            } @else if at + 1 < parts.len() {
                code { (part) }
            } @else {
                // The last one has no other.
                "`" (part)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_backticks_is_code_and_all_of_it_is_escaped() {
        for (text, drawn) in [
            ("plain <b>", "plain &lt;b&gt;"),
            ("role `read` may not", "role <code>read</code> may not"),
            ("`<i>` and `a&b`", "<code>&lt;i&gt;</code> and <code>a&amp;b</code>"),
            ("one ` of two", "one ` of two"),
            ("`a` and `b", "<code>a</code> and `b"),
            ("a ` here\nand `there`\n", "a ` here\nand <code>there</code>\n"),
            ("", ""),
        ] {
            assert_eq!(with_code(text).into_string(), drawn);
        }
    }
}
