//! The report for machines, as JSON.

use serde_json::{Map, Value, json};

use super::usage::most;
use super::{PlayedFile, Results};
use crate::output::milliseconds;
use flowhost_devkit::scenarios::{Difference, PlayedStep, Usage};

pub(super) fn report(results: &Results) -> Value {
    let limits = most(results).into_iter().map(|most| {
        let share = (most.share() * 10_000.0).round() / 10_000.0;
        let value = json!({ "used": most.used, "limit": most.limit, "share": share, "scenario": most.scenario, "step": most.step });
        (most.key.to_owned(), value)
    });
    let mut report = json!({
        "passed": results.all.iter().all(PlayedFile::passed),
        "duration_ms": milliseconds(results.took),
        "scenarios": results.all.iter().map(scenario).collect::<Vec<_>>(),
        "limits": limits.collect::<Map<_, _>>(),
    });
    if let Some(profile) = &results.profile {
        report["profile"] = profile.json();
    }
    report
}

fn scenario(result: &PlayedFile) -> Value {
    let mut report = json!({
        "name": result.name(),
        "file": result.file.path.display().to_string(),
        "passed": result.passed(),
        "duration_ms": milliseconds(result.took),
    });
    match &result.played {
        Ok(played) => {
            let no_answer = played.no_answer.iter().map(ToString::to_string);
            report["problems"] = no_answer.chain(played.at_the_end.iter().cloned()).collect();
            report["steps"] = played.steps.iter().map(step).collect();
            if !played.skipped.is_empty() {
                report["skipped"] = json!(played.skipped);
            }
        }
        Err(why) => report["problems"] = json!([why]),
    }
    if let Some(updated) = &result.updated {
        report["updated"] = json!({ "steps": updated.steps, "refused": updated.refused });
    }
    report
}

fn step(step: &PlayedStep) -> Value {
    let mut report = json!({
        "number": step.number,
        "line": step.line,
        "passed": step.passed(),
        "sent": step.request.payload,
        "status": step.came.status,
        "reply": step.came.payload,
        "differences": step.differences.iter().map(difference).collect::<Vec<_>>(),
    });
    if let Some(inside) = &step.came.inside {
        report["failure"] = json!(inside.failure);
        report["problems"] = json!(inside.problems);
        report["notes"] = json!(inside.notes);
        report["state"] = json!(inside.state);
        report["store"] = json!(inside.store);
        report["requests"] = json!(inside.requests);
        report["log"] = json!(inside.log);
        report["usage"] = inside.usage.as_ref().map(usage).into();
    }
    report
}

fn difference(difference: &Difference) -> Value {
    let pointer = difference.path.to_string();
    match &difference.came {
        Some(came) => json!({ "pointer": pointer, "expected": difference.expected, "came": came }),
        None => json!({ "pointer": pointer, "expected": difference.expected }),
    }
}

fn usage(usage: &Usage) -> Value {
    json!({
        "cpu_ms": milliseconds(usage.cpu),
        "wall_ms": milliseconds(usage.wall),
        "memory_bytes": usage.memory_bytes,
        "reply_bytes": usage.reply_bytes,
        "state_bytes": usage.state_bytes,
    })
}
