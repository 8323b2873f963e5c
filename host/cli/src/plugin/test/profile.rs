//! `--profile`: plays the scenarios until there are enough samples, and writes a flame graph.

mod flame_graph;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{PlayedFile, TestArgs, chosen, play};
use crate::output::{milliseconds, note, printable};
use flowhost_devkit::plugin_project::{Language, write_atomically};
use flowhost_devkit::sandbox::Sandbox;
use flowhost_runtime::plugins::{FunctionShare, Profile, Profiled};

/// What was seen of the calls, in all passes.
pub(super) struct ProfileReport {
    file: PathBuf,
    profiled: Profiled,
    /// How often all scenarios were played.
    passes: u32,
    /// How often each import was called in the first pass.
    calls_of_a_pass: BTreeMap<&'static str, u64>,
    /// How long all calls of the plugin took.
    wall: Duration,
}

/// Plays the scenarios again until there are enough samples, and writes the flame graph to `file`.
/// `first` is what the first pass gave, and `profile` has seen it.
pub(super) async fn finish(
    args: &TestArgs,
    sandbox: &Arc<Sandbox>,
    profile: &Profile,
    first: &[PlayedFile],
    file: PathBuf,
) -> anyhow::Result<ProfileReport> {
    let file = std::path::absolute(file)?;
    let imports = profile.seen().imports;
    let calls_of_a_pass = imports.into_iter().map(|(name, used)| (name, used.calls)).collect();
    let (mut passes, mut wall, began) = (1, wall_of(first), Instant::now());
    while profile.seen().samples() < ENOUGH_SAMPLES && began.elapsed() < LONGEST {
        let scenarios = chosen(&args.dir, args.filter.as_deref())?;
        wall += wall_of(&play(sandbox, scenarios).await);
        passes += 1;
    }
    Language::of(&args.dir).ok().and_then(whose_functions).iter().for_each(|said| note(said));
    let profiled = profile.seen();
    write_atomically(content(&file, &profiled).as_bytes(), &file)?;
    note(&format!("wrote {}", file.display()));
    Ok(ProfileReport { file, profiled, passes, calls_of_a_pass, wall })
}

/// Says what the functions of a profile are if they are not the author's.
fn whose_functions(language: Language) -> Option<String> {
    let name = language.name();
    (language != Language::Rust).then(|| {
        format!("a profile in {name} has the functions of the interpreter, not the plugin's: of use are the imports, and how long the calls took")
    })
}

fn wall_of(played: &[PlayedFile]) -> Duration {
    let steps = played.iter().flat_map(|result| &result.played).flat_map(|played| &played.steps);
    steps.filter_map(|step| Some(step.came.inside.as_ref()?.usage?.wall)).sum()
}

/// Collapsed stacks if the file's name asks for these, else a flame graph.
fn content(file: &Path, profiled: &Profiled) -> String {
    if file.extension().is_some_and(|ending| ending == "folded") {
        let stacks = profiled.stacks.iter();
        // `;` stands between functions; in a name it can only be part of an array's type.
        stacks
            .map(|(stack, samples)| {
                let names: Vec<_> = stack.iter().map(|name| name.replace(';', ",")).collect();
                format!("{} {samples}\n", names.join(";"))
            })
            .collect()
    } else {
        flame_graph::svg(&profiled.stacks)
    }
}

impl ProfileReport {
    /// For people.
    pub(super) fn text(&self) -> String {
        let samples = self.profiled.samples();
        let mut text = format!(
            "\n\nProfile: {samples} samples in {} passes, in {}",
            self.passes,
            printable(&self.file.display().to_string())
        );
        for function in self.most() {
            let percent = share(function.in_itself as f64, samples as f64) * 100.0;
            let _ = write!(text, "\n{percent:>6.1} %  {}", function.name);
        }
        if samples > 0 && !self.profiled.has_names {
            let _ = write!(text, "\n{NO_NAMES}");
        }
        let wall = self.wall.as_secs_f64();
        let _ = write!(
            text,
            "\n\nImports: calls in one pass, and time in all passes, of the {:.1} ms that the plugin's calls took",
            milliseconds(self.wall)
        );
        if self.profiled.imports.is_empty() {
            text.push_str("\nnone was called");
        }
        for (name, used) in &self.profiled.imports {
            let percent = share(used.time.as_secs_f64(), wall) * 100.0;
            let (calls, ms) = (self.calls(name), milliseconds(used.time));
            let _ = write!(text, "\n{name:24} {calls:>6} calls {ms:>10.2} ms {percent:>6.1} %");
        }
        text
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        let imports = self.profiled.imports.iter().map(|(name, used)| {
            let share = share(used.time.as_secs_f64(), self.wall.as_secs_f64());
            let value = json!({ "calls": self.calls(name), "time_ms": milliseconds(used.time), "share": share });
            ((*name).to_owned(), value)
        });
        let functions = self.most().into_iter().map(|function| {
            json!({ "name": function.name, "self": function.in_itself, "total": function.in_all })
        });
        json!({
            "file": self.file.display().to_string(),
            "samples": self.profiled.samples(),
            "passes": self.passes,
            "wall_ms": milliseconds(self.wall),
            "has_names": self.profiled.has_names,
            "functions": functions.collect::<Vec<_>>(),
            "imports": imports.collect::<Map<_, _>>(),
        })
    }

    fn calls(&self, import: &str) -> u64 {
        self.calls_of_a_pass.get(import).copied().unwrap_or_default()
    }

    fn most(&self) -> Vec<FunctionShare> {
        self.profiled
            .functions()
            .into_iter()
            .take(SHOWN)
            .filter(|share| share.in_itself > 0)
            .collect()
    }
}

/// From 0 to 1.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole * 10_000.0).round() / 10_000.0 } else { 0.0 }
}

/// A function with a tenth of the time has 100 of them, so its share is right to about a tenth of
/// itself.
const ENOUGH_SAMPLES: u64 = 1_000;

/// How long scenarios are played again. A plugin that hardly computes gives few samples.
const LONGEST: Duration = Duration::from_secs(5);

/// The functions that the report lists; the file has all.
const SHOWN: usize = 10;

const NO_NAMES: &str = "The component has no names of functions, only numbers: set `strip = \"debuginfo\"` under [profile.release] in its Cargo.toml.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_an_interpreter_says_so() {
        let said = Language::ALL.map(whose_functions);

        assert_eq!(said.iter().flatten().count(), 2, "{said:?}");
        assert_eq!(whose_functions(Language::Rust), None);
    }
}
