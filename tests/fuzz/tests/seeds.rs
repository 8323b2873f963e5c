//! Runs every seed through its target's check, without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use flowhost_fuzz::TARGETS;

#[test]
fn every_seed_holds_and_is_accepted_or_refused_as_its_name_says() {
    for (target, check) in TARGETS {
        let mut verdicts = BTreeSet::new();
        for seed in files(&format!("seeds/{target}")) {
            let name = seed.file_name().unwrap().to_string_lossy().into_owned();
            let accepted = check(&fs::read(&seed).unwrap());
            assert!(
                name.starts_with(if accepted { "accepted-" } else { "refused-" }),
                "{target}: accepted is {accepted} for {name}"
            );
            verdicts.insert(accepted);
        }
        assert_eq!(verdicts.len(), 2, "{target} has seeds of one kind only");
    }
}

#[test]
fn every_target_has_a_program() {
    let programs: BTreeSet<String> = files("fuzz_targets")
        .iter()
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(programs, TARGETS.iter().map(|(target, _)| (*target).to_owned()).collect());
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR")))
        .expect("the folder is there");
    entries.map(|entry| entry.expect("the folder can be read").path()).collect()
}
