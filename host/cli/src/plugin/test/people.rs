//! The report for people.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use super::details;
use super::diff::{Mark, lines_of};
use super::profile::ProfileReport;
use super::usage::{Most, most};
use super::{PlayedFile, Results};
use crate::output::{milliseconds, printable};
use crate::plugin::size;
use flowhost_server::config::Environment;

pub(super) fn report(results: &Results, in_full: bool, environment: &Environment) -> String {
    let paint = Paint(std::io::stdout().is_terminal() && !environment.no_color());
    let mut text = String::new();
    for result in &results.all {
        let _ = writeln!(text, "{}", of_scenario(result, in_full, paint));
    }
    let failed = results.all.iter().filter(|result| !result.passed()).count();
    let passed = results.all.len() - failed;
    let sum = if failed == 0 {
        paint.good(&format!("{passed} passed"))
    } else {
        paint.bad(&format!("{passed} passed, {failed} failed"))
    };
    let _ = writeln!(text, "\n{sum} in {:.2} s", results.took.as_secs_f64());
    let used: Vec<_> = most(results).iter().map(of_limit).collect();
    let profile = results.profile.as_ref().map(ProfileReport::text).unwrap_or_default();
    text + &used.join("\n") + &profile
}

fn of_scenario(result: &PlayedFile, in_full: bool, paint: Paint) -> String {
    let name = printable(result.name());
    let verdict = if result.passed() { paint.good("ok") } else { paint.bad("FAILED") };
    let played = match &result.played {
        Ok(played) => played,
        Err(why) => return format!("{name} ... {verdict}\n  {}", printable(why)),
    };
    let (steps, ms) = (played.steps.len(), milliseconds(result.took));
    let mut lines = vec![format!(
        "{name} ... {verdict} ({steps} {}, {ms:.1} ms)",
        if steps == 1 { "step" } else { "steps" }
    )];
    if !result.passed() {
        lines.push(format!("  {}", printable(&result.file.path.display().to_string())));
    }
    for step in &played.steps {
        if !step.passed() {
            let differences = lines_of(step).into_iter();
            lines
                .extend(differences.map(|(mark, line)| format!("  {}", paint.marked(mark, &line))));
        }
        if in_full {
            lines.extend(details::lines_of(step).into_iter().map(|line| format!("  {line}")));
        }
    }
    let notes = played.steps.iter().flat_map(|step| {
        let notes = step.came.inside.iter().flat_map(|inside| &inside.notes);
        notes.map(move |note| format!("  note: step {}: {}", step.number, printable(note)))
    });
    lines.extend(notes);
    let at_the_end =
        played.no_answer.iter().map(ToString::to_string).chain(played.at_the_end.iter().cloned());
    lines.extend(at_the_end.map(|problem| format!("  {}", printable(&problem))));
    lines.extend(played.skipped.iter().map(|skipped| format!("  skipped: {}", printable(skipped))));
    if let Some(updated) = &result.updated {
        let steps: Vec<_> = updated.steps.iter().map(ToString::to_string).collect();
        lines.extend((!steps.is_empty()).then(|| format!("  updated: step {}", steps.join(", "))));
        lines.extend(
            updated.refused.iter().map(|refused| format!("  not updated: {}", printable(refused))),
        );
    }
    lines.join("\n")
}

fn of_limit(most: &Most) -> String {
    let amount =
        |amount: f64| if most.bytes { size(amount as u64) } else { format!("{amount:.1} ms") };
    let (used, limit, share) = (amount(most.used), amount(most.limit), most.share() * 100.0);
    format!(
        "{:18} {used:>10} of {limit:>10}, {share:>3.0} %  {} step {}",
        most.what,
        printable(&most.scenario),
        most.step
    )
}

/// Whether to print in colour.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn good(self, text: &str) -> String {
        self.in_colour("32", text)
    }

    fn bad(self, text: &str) -> String {
        self.in_colour("31", text)
    }

    fn marked(self, mark: Mark, text: &str) -> String {
        match mark {
            Mark::Plain => text.to_owned(),
            Mark::Expected => self.bad(text),
            Mark::Answered => self.good(text),
        }
    }

    fn in_colour(self, colour: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
