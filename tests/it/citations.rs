//! Everything that code and pages cite exists in the project: pages, their sections, decisions, and
//! the targets of links.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use flowhost_tests::repository;

#[test]
fn every_page_that_is_cited_is_in_the_project() {
    let mut missing = BTreeSet::new();
    for (file, text) in texts(&["rs", "md", "toml", "wit", "sql", "yml"]) {
        for cited in words(&text).filter(|word| is_page(word)) {
            if page(&file, cited).is_none() {
                missing.insert(format!("{}: {cited}", file.display()));
            }
        }
    }
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn every_source_file_that_a_page_names_is_there() {
    let sources: Vec<_> =
        texts(&["rs"]).into_iter().map(|(file, _)| format!("/{}", file.display())).collect();
    let (mut missing, mut seen) = (BTreeSet::new(), 0);
    // Decisions are not rewritten when a file moves.
    for (file, text) in
        texts(&["md"]).into_iter().filter(|(file, _)| !file.starts_with("host/docs/adr"))
    {
        for cited in words(&text).filter(|word| word.ends_with(".rs") && !word.starts_with("//")) {
            seen += 1;
            if !sources.iter().any(|source| source.ends_with(&format!("/{cited}"))) {
                missing.insert(format!("{}: {cited}", file.display()));
            }
        }
    }
    assert_eq!(missing, BTreeSet::new());
    assert!(seen > 100, "only {seen} files are named: the pages say it otherwise now");
}

#[test]
fn names_of_tests_can_be_scanned() {
    let (mut long, mut seen) = (BTreeSet::new(), 0);
    for (file, text) in texts(&["rs"]) {
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for (at, _) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
        {
            let function =
                lines[at..].iter().find_map(|line| line.split_once("fn ")).map(|(_, rest)| rest);
            let name = function.and_then(|rest| rest.split('(').next()).unwrap_or_default();
            seen += 1;
            if name.len() >= 70 {
                long.insert(format!("{}: {name}", file.display()));
            }
        }
    }
    assert_eq!(long, BTreeSet::new());
    assert!(seen > 900, "only {seen} tests were found");
}

#[test]
fn every_section_that_is_cited_is_in_its_page() {
    let (mut missing, mut seen) = (BTreeSet::new(), 0);
    for (file, text) in texts(&["rs", "md"]) {
        let words: Vec<_> = words(&text).collect();
        for (at, cited) in words.iter().enumerate().filter(|(_, word)| is_page(word)) {
            let Some(page) = page(&file, cited) else { continue };
            let page = std::fs::read_to_string(page).unwrap();
            for number in sections(&words[at + 1..]) {
                seen += 1;
                if !page.lines().any(|line| line.starts_with(&format!("## {number}. "))) {
                    missing.insert(format!("{}: {cited} section {number}", file.display()));
                }
            }
        }
    }
    assert_eq!(missing, BTreeSet::new());
    assert!(seen > 20, "only {seen} sections are cited: the code says it otherwise now");
}

#[test]
fn every_decision_that_is_cited_is_there_and_has_a_status() {
    let decisions: Vec<_> =
        texts(&["md"]).into_iter().filter(|(file, _)| file.starts_with("host/docs/adr")).collect();
    let is_there =
        |number: &str| decisions.iter().any(|(_, text)| text.starts_with(&format!("# {number}. ")));
    let mut wrong = BTreeSet::new();
    for (file, text) in texts(&["rs", "md", "toml", "sql"]) {
        let words: Vec<_> = words(&text).collect();
        let cited =
            words.windows(2).filter(|pair| pair[0] == "ADR" && pair[1].parse::<u32>().is_ok());
        wrong.extend(
            cited
                .filter(|pair| !is_there(pair[1]))
                .map(|pair| format!("{}: ADR {}", file.display(), pair[1])),
        );
    }
    for (file, text) in &decisions {
        let status = text.lines().nth(2).unwrap_or_default();
        let has_form = status == ACCEPTED || REPLACED.iter().any(|form| status.starts_with(form));
        if !has_form || text.lines().nth(3) != Some("") {
            wrong.insert(format!("{}: {status:?} is no status", file.display()));
        }
    }
    assert_eq!(wrong, BTreeSet::new());
}

#[test]
fn every_link_of_a_page_leads_to_something() {
    let mut broken = BTreeSet::new();
    for (file, text) in texts(&["md"]) {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            // A link to another site, or to an item in Rust's documentation.
            if target.contains(':') {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let page = root().join(&file);
            let leads_to = if path.is_empty() { page } else { page.parent().unwrap().join(path) };
            let has_heading = || {
                std::fs::read_to_string(&leads_to)
                    .unwrap()
                    .lines()
                    .any(|line| anchor(line) == heading)
            };
            if !leads_to.exists() || !(heading.is_empty() || has_heading()) {
                broken.insert(format!("{}: {target}", file.display()));
            }
        }
    }
    assert_eq!(broken, BTreeSet::new());
}

fn is_page(word: &str) -> bool {
    word.len() > 3 && word.ends_with(".md")
}

/// The page that a file cites by name: beside the file, in a folder above it, or in one of the
/// folders for pages.
fn page(file: &Path, cited: &str) -> Option<PathBuf> {
    let above = file.ancestors().skip(1).map(Path::to_path_buf);
    let folders = above.chain(PAGE_FOLDERS.map(PathBuf::from));
    folders.map(|folder| root().join(folder).join(cited)).find(|path| path.is_file())
}

/// The section numbers after a page's name: `section 5`, or `sections 1, 4 and 5`.
fn sections<'a>(after: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let most = match after.first() {
        Some(&"section") => 1,
        Some(&"sections") => usize::MAX,
        _ => 0,
    };
    let listed = after.iter().skip(1).copied().filter(|word| *word != "and");
    listed.take_while(|word| word.parse::<u32>().is_ok()).take(most)
}

/// The words of a text without punctuation; a path is one word. A citation may span lines of a
/// comment.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_outside = |letter: char| !(letter.is_alphanumeric() || "_-./".contains(letter));
    text.split(is_outside)
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.contains(char::is_alphanumeric))
}

/// The anchor that hosting sites make for a heading; empty if the line is not a heading.
fn anchor(line: &str) -> String {
    let Some(heading) = line.strip_prefix('#') else { return String::new() };
    let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    heading.chars().filter(|letter| letter.is_alphanumeric() || "_-".contains(*letter)).collect()
}

/// The project's files with one of these extensions, by relative path.
fn texts(endings: &[&str]) -> Vec<(PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !NOT_OURS.contains(&name) {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted))
            {
                let place = path.strip_prefix(root()).unwrap().to_path_buf();
                found.push((place, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn root() -> PathBuf {
    repository("").into()
}

/// Folders whose pages can be cited from anywhere.
const PAGE_FOLDERS: [&str; 3] = ["", "host/docs", "guest-sdk"];

/// Build output, the data of a development host, and git's own folder.
const NOT_OURS: [&str; 4] = ["target", ".flowhost", ".git", "node_modules"];

/// The third line of a decision, or its beginning if it names later decisions.
const ACCEPTED: &str = "Status: accepted";
const REPLACED: [&str; 2] =
    ["Status: replaced by ADR ", "Status: accepted, replaced in part by ADR "];
