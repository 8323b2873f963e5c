//! The report as JUnit XML, which CI systems read. Each scenario is a test case.

use std::fmt::Write as _;

use super::diff::lines_of;
use super::{PlayedFile, Results};

pub(super) fn report(results: &Results) -> String {
    let failures = results.all.iter().filter(|result| !result.passed()).count();
    let (tests, seconds) = (results.all.len(), results.took.as_secs_f64());
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = format!(
        "tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"{seconds:.3}\""
    );
    let _ = writeln!(xml, "<testsuites {counts}>\n  <testsuite name=\"scenarios\" {counts}>");
    results.all.iter().for_each(|result| test_case(&mut xml, result));
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn test_case(xml: &mut String, result: &PlayedFile) {
    let (name, file) = (escaped(result.name()), escaped(&result.file.path.display().to_string()));
    let seconds = result.took.as_secs_f64();
    let _ = write!(
        xml,
        "    <testcase name=\"{name}\" classname=\"scenarios\" file=\"{file}\" time=\"{seconds:.3}\""
    );
    if result.passed() {
        xml.push_str("/>\n");
        return;
    }
    let explained = explain(result);
    let message = escaped(explained.first().map_or("", String::as_str));
    let _ = writeln!(
        xml,
        ">\n      <failure message=\"{message}\">{}</failure>\n    </testcase>",
        escaped(&explained.join("\n"))
    );
}

fn explain(result: &PlayedFile) -> Vec<String> {
    match &result.played {
        Err(why) => vec![why.clone()],
        Ok(played) => {
            let steps = played.steps.iter().filter(|step| !step.passed());
            let steps = steps.flat_map(|step| lines_of(step).into_iter().map(|(_, line)| line));
            let rest = played
                .no_answer
                .iter()
                .map(ToString::to_string)
                .chain(played.at_the_end.iter().cloned());
            steps.chain(rest).collect()
        }
    }
}

/// Escapes texts and attributes. Control characters that XML can't represent are replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(char),
            char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => {
                escaped.push(char::REPLACEMENT_CHARACTER)
            }
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_place() {
        assert_eq!(
            escaped("<a b=\"c\">&\u{1b}[0m\u{0}\n"),
            "&lt;a b=&quot;c&quot;&gt;&amp;\u{fffd}[0m\u{fffd}\n"
        );
    }
}
