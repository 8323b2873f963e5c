//! Prints each step of the demo, its result, and whether that is the expected one.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::output::{cut, milliseconds, note, printable, say};

/// The expected result of a step.
pub(super) struct Expected {
    status: u16,
    what: String,
    holds: Box<dyn Fn(&Value) -> bool>,
}

impl Expected {
    /// A status with an empty body, as in every refusal that can't or must not be encrypted.
    pub(super) fn refusal(status: u16) -> Self {
        Self { status, what: "refused, with an empty body".to_owned(), holds: Box::new(|_| false) }
    }

    /// A status with an encrypted payload that `holds` accepts.
    pub(super) fn payload(
        status: u16,
        what: impl Into<String>,
        holds: impl Fn(&Value) -> bool + 'static,
    ) -> Self {
        Self { status, what: what.into(), holds: Box::new(holds) }
    }

    fn is_met_by(&self, heard: &Heard) -> bool {
        heard.status == self.status
            && heard.payload.as_ref().map_or(heard.body_is_empty, &self.holds)
    }
}

/// What came back.
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) body_is_empty: bool,
    pub(super) payload: Option<Value>,
    pub(super) duration: Duration,
}

/// Prints the steps as they happen, or collects them for one JSON document.
pub(super) struct Report {
    json: bool,
    started: Instant,
    steps: Vec<Value>,
    failed: usize,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self { json, started: Instant::now(), steps: Vec::new(), failed: 0 }
    }

    /// Records a step. Returns its payload if it is as expected.
    pub(super) fn step(
        &mut self,
        title: &str,
        sent: &Value,
        heard: anyhow::Result<Heard>,
        expected: &Expected,
    ) -> Option<Value> {
        let met = heard.as_ref().is_ok_and(|heard| expected.is_met_by(heard));
        self.failed += usize::from(!met);
        let number = self.steps.len() + 1;
        if !self.json {
            say(&for_people(number, title, sent, &heard, expected, met));
        }
        self.steps.push(for_machines(title, sent, &heard, expected, met));
        heard.ok().filter(|_| met).and_then(|heard| heard.payload)
    }

    /// Records that the rest of a conversation can't be played.
    pub(super) fn broken_off(&mut self, why: &str) {
        self.failed += 1;
        if !self.json {
            say(&format!("    ✗ the conversation can't go on: {why}"));
        }
        self.steps
            .push(json!({ "title": "the conversation can't go on", "why": why, "ok": false }));
    }

    /// Prints the summary. Fails if any step failed.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let (all, failed) = (self.steps.len(), self.failed);
        if self.json {
            let passed = all - failed;
            say(&json!({ "passed": passed, "failed": failed, "steps": self.steps }).to_string());
        } else if failed == 0 {
            say(&format!(
                "\n✓ All {all} steps gave what they must, in {:.1} s.",
                self.started.elapsed().as_secs_f64()
            ));
        } else {
            note("");
        }
        anyhow::ensure!(failed == 0, "{failed} of {all} steps did not give what they must");
        Ok(())
    }
}

fn for_people(
    number: usize,
    title: &str,
    sent: &Value,
    heard: &anyhow::Result<Heard>,
    expected: &Expected,
    met: bool,
) -> String {
    let back = match heard {
        Ok(Heard { payload: Some(payload), .. }) => in_one_line(payload),
        Ok(Heard { body_is_empty: true, .. }) => "(empty)".to_owned(),
        Ok(_) => "(a body that nobody should see)".to_owned(),
        Err(error) => printable(&format!("{error:#}")),
    };
    let got = match heard {
        Ok(heard) => format!("{} in {:.1} ms", heard.status, milliseconds(heard.duration)),
        Err(_) => "no reply".to_owned(),
    };
    let verdict = if met {
        format!("✓ {got}: {}", expected.what)
    } else {
        format!("✗ {got}; expected {}: {}", expected.status, expected.what)
    };
    format!(
        "\n{number:2}. {title}\n    sent  {}\n    back  {back}\n    {verdict}",
        in_one_line(sent)
    )
}

fn for_machines(
    title: &str,
    sent: &Value,
    heard: &anyhow::Result<Heard>,
    expected: &Expected,
    met: bool,
) -> Value {
    let expected = json!({ "status": expected.status, "what": expected.what });
    match heard {
        Ok(heard) => json!({
            "title": title, "sent": sent, "status": heard.status, "payload": heard.payload,
            "duration_ms": milliseconds(heard.duration), "expected": expected, "ok": met,
        }),
        Err(error) => {
            json!({ "title": title, "sent": sent, "error": format!("{error:#}"), "expected": expected, "ok": met })
        }
    }
}

fn in_one_line(json: &Value) -> String {
    cut(&printable(&with_short_lists(json).to_string()), WIDTH)
}

/// Shortens lists to their first entry, since a dropdown's entries are much alike, and what follows
/// has to fit on the line too.
fn with_short_lists(json: &Value) -> Value {
    match json {
        Value::Array(items) if items.len() > 1 => {
            json!([with_short_lists(&items[0]), format!("+{} more", items.len() - 1)])
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), with_short_lists(value))).collect()
        }
        other => other.clone(),
    }
}

/// One line on a wide terminal, two on a narrow one.
const WIDTH: usize = 150;

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(status: u16, payload: Option<Value>, body_is_empty: bool) -> Heard {
        Heard { status, body_is_empty, payload, duration: Duration::from_millis(3) }
    }

    #[test]
    fn the_payload_counts_and_not_only_the_status() {
        let expected = Expected::payload(200, "screen A", |payload| payload["screen"] == "A");

        assert!(expected.is_met_by(&heard(200, Some(json!({"screen": "A"})), false)));
        assert!(!expected.is_met_by(&heard(200, Some(json!({"screen": "B"})), false)));
        assert!(!expected.is_met_by(&heard(427, Some(json!({"screen": "A"})), false)));
    }

    #[test]
    fn a_refusal_has_an_empty_body() {
        let expected = Expected::refusal(421);

        assert!(expected.is_met_by(&heard(421, None, true)));
        assert!(!expected.is_met_by(&heard(421, None, false)));
        assert!(!expected.is_met_by(&heard(432, None, true)));
    }

    #[test]
    fn one_failed_step_fails_the_whole() {
        let mut report = Report::new(true);
        assert!(
            report
                .step("a", &json!({}), Ok(heard(421, None, true)), &Expected::refusal(421))
                .is_none()
        );
        assert_eq!(report.failed, 0);
        report.step("b", &json!({}), Err(anyhow::anyhow!("nobody there")), &Expected::refusal(421));

        assert_eq!(
            report.finish().unwrap_err().to_string(),
            "1 of 2 steps did not give what they must"
        );
    }

    #[test]
    fn lists_are_shortened_and_lines_cut() {
        let json =
            json!({"data": {"time": [{"id": 1}, {"id": 2}, {"id": 3}], "text": "x".repeat(500)}});

        let line = in_one_line(&json);

        assert!(line.starts_with(r#"{"data":{"time":[{"id":1},"+2 more"],"text":"xxx"#), "{line}");
        assert_eq!(line.chars().count(), WIDTH);
    }

    #[test]
    fn a_failed_step_says_what_was_expected() {
        let shown = for_people(
            3,
            "INIT",
            &json!({}),
            &Ok(heard(500, None, true)),
            &Expected::refusal(421),
            false,
        );

        assert!(
            shown.contains("✗ 500 in 3.0 ms; expected 421: refused, with an empty body"),
            "{shown}"
        );
    }
}
