//! The lines of the author's source, from the debug information (DWARF) that the compiler wrote.
//!
//! What lines there are of the standard library and other people's packages is left out: its author
//! can do nothing about them. A function of theirs that the compiler put into one of the author's
//! counts as the line that calls it.

use std::collections::HashMap;
use std::hash::Hash;

use addr2line::Context;
use addr2line::gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};

use super::local_packages::AuthorsFiles;
use super::shrink::readable;
use flowhost_runtime::plugins::{LineRow, LineScope, Lines};

/// The custom sections with debug information of one module.
#[derive(Debug, Default)]
pub(super) struct DebugSections<'a>(HashMap<&'a str, &'a [u8]>);

impl<'a> DebugSections<'a> {
    pub(super) fn insert(&mut self, name: &'a str, data: &'a [u8]) {
        self.0.insert(name, data);
    }
}

/// Where instructions were and where they are, as offsets in the content of a code section.
#[derive(Debug, Default)]
pub(super) struct Moved(Vec<Step>);

#[derive(Clone, Copy, Debug)]
struct Step {
    was: u64,
    is: u32,
    /// Whether a function begins here.
    is_start: bool,
}

impl Moved {
    pub(super) fn function(&mut self, was: usize, is: usize) {
        self.push(was, is, true);
    }

    pub(super) fn instruction(&mut self, was: usize, is: usize) {
        self.push(was, is, false);
    }

    #[cfg(test)]
    pub(super) fn steps(&self) -> impl Iterator<Item = (u64, u32)> {
        self.0.iter().map(|step| (step.was, step.is))
    }

    /// A module's code has less than 4 GiB.
    fn push(&mut self, was: usize, is: usize, is_start: bool) {
        self.0.push(Step { was: was as u64, is: is as u32, is_start });
    }
}

/// The lines of a module's code. `None` if there is no debug information, or none that can be read,
/// or nothing of it is the author's.
pub(super) fn lines_of(
    sections: &DebugSections<'_>,
    moved: &Moved,
    files: &AuthorsFiles,
) -> Option<Lines> {
    let section = |id: SectionId| {
        let data = sections.0.get(id.name()).copied().unwrap_or_default();
        Ok::<_, addr2line::gimli::Error>(EndianSlice::new(data, LittleEndian))
    };
    if sections.0.is_empty() {
        return None;
    }
    let context = Context::from_dwarf(Dwarf::load(section).ok()?).ok()?;
    let mut table = Table::new(files);
    // A place can only change where the line does, or where another function begins.
    let end = moved.0.last()?.was + 1;
    let mut changes: Vec<u64> =
        context.find_location_range(0, end).ok()?.map(|(at, _, _)| at).collect();
    changes.sort_unstable();
    let mut changes = changes.into_iter().peekable();
    for step in &moved.0 {
        let mut is_change = step.is_start;
        while changes.next_if(|at| *at <= step.was).is_some() {
            is_change = true;
        }
        if is_change {
            let (scope, line) = table.place(&context, step.was).unwrap_or_default();
            table.row(LineRow { offset: step.is, scope, line });
        }
    }
    Some(table.lines).filter(|lines| !lines.rows.is_empty())
}

type Code<'a> = EndianSlice<'a, LittleEndian>;

/// The lines, while they are collected.
struct Table<'a> {
    files: &'a AuthorsFiles,
    lines: Lines,
    /// What files of the debug information are called; `None` for those that are not the author's.
    known_files: HashMap<String, Option<u32>>,
    names: Numbers<String>,
    shown_files: Numbers<String>,
    scopes: Numbers<LineScope>,
}

impl<'a> Table<'a> {
    fn new(files: &'a AuthorsFiles) -> Self {
        Self {
            files,
            lines: Lines::default(),
            known_files: HashMap::new(),
            names: Numbers::default(),
            shown_files: Numbers::default(),
            scopes: Numbers::default(),
        }
    }

    /// The innermost function of the author's at an address, and its line.
    fn place(&mut self, context: &Context<Code<'_>>, at: u64) -> Option<(Option<u32>, u32)> {
        let mut frames = context.find_frames(at).skip_all_loads().ok()?;
        // The innermost first: file, line, and the name of what was put into something else.
        let mut places: Vec<(u32, u32, Option<String>)> = Vec::new();
        let mut next = frames.next().ok()?;
        while let Some(frame) = next {
            next = frames.next().ok()?;
            let Some(location) = frame.location else { continue };
            let Some(file) = location.file.and_then(|file| self.file(file)) else { continue };
            let is_inlined = next.is_some();
            let name = frame.function.filter(|_| is_inlined);
            let name = name.and_then(|name| Some(readable(&name.raw_name().ok()?)));
            if is_inlined && name.is_none() {
                continue;
            }
            places.push((file, location.line.unwrap_or(0), name));
        }
        let mut caller = None;
        let (mut caller_line, mut line) = (0, 0);
        for (file, own_line, name) in places.into_iter().rev() {
            let name = name.map(|name| self.names.of(name, &mut self.lines.names));
            let scope = LineScope { caller, name, file, line: caller_line };
            caller = Some(self.scopes.of(scope, &mut self.lines.scopes));
            (caller_line, line) = (own_line, own_line);
        }
        Some((caller, line))
    }

    /// The number of a file of the author's.
    fn file(&mut self, path: &str) -> Option<u32> {
        if let Some(known) = self.known_files.get(path) {
            return *known;
        }
        let number =
            self.files.shown(path).map(|file| self.shown_files.of(file, &mut self.lines.files));
        self.known_files.insert(path.to_owned(), number);
        number
    }

    fn row(&mut self, row: LineRow) {
        let rows = &mut self.lines.rows;
        match rows.last() {
            None if row.scope.is_none() => (),
            Some(last) if (last.scope, last.line) == (row.scope, row.line) => (),
            _ => rows.push(row),
        }
    }
}

/// Numbers things as they come.
struct Numbers<T>(HashMap<T, u32>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn of(&mut self, thing: T, all: &mut Vec<T>) -> u32 {
        *self.0.entry(thing).or_insert_with_key(|thing| {
            all.push(thing.clone());
            all.len() as u32 - 1
        })
    }
}
