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
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A function begins here.
    Function,
    Instruction,
    /// A loop begins here, and ends with the step that has this number.
    Loop(usize),
}

impl Moved {
    pub(super) fn function(&mut self, was: usize, is: usize) {
        self.push(was, is, Kind::Function);
    }

    pub(super) fn instruction(&mut self, was: usize, is: usize) {
        self.push(was, is, Kind::Instruction);
    }

    /// The instruction that begins a loop, whose end comes this many instructions later.
    pub(super) fn begins_loop(&mut self, was: usize, is: usize, later: usize) {
        let end = self.0.len() + later;
        self.push(was, is, Kind::Loop(end));
    }

    #[cfg(test)]
    pub(super) fn steps(&self) -> impl Iterator<Item = (u64, u32)> {
        self.0.iter().map(|step| (step.was, step.is))
    }

    /// The number of the step that begins each loop, and of the one that ends it.
    #[cfg(test)]
    pub(super) fn loops(&self) -> impl Iterator<Item = (usize, usize)> {
        self.0.iter().enumerate().filter_map(|(at, step)| match step.kind {
            Kind::Loop(end) => Some((at, end)),
            _ => None,
        })
    }

    /// A module's code has less than 4 GiB.
    fn push(&mut self, was: usize, is: usize, kind: Kind) {
        self.0.push(Step { was: was as u64, is: is as u32, kind });
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
    let mut places: Vec<Place> = Vec::with_capacity(moved.0.len());
    for step in &moved.0 {
        let mut is_change = step.kind == Kind::Function;
        while changes.next_if(|at| *at <= step.was).is_some() {
            is_change = true;
        }
        let place = match places.last() {
            Some(last) if !is_change => *last,
            _ => table.place(&context, step.was).unwrap_or_default(),
        };
        places.push(place);
    }
    for (at, step) in moved.0.iter().enumerate() {
        let Place { scope, line, .. } = shown(&places, at, step.kind);
        table.row(LineRow { offset: step.is, scope, line });
    }
    Some(table.lines).filter(|lines| !lines.rows.is_empty())
}

/// Where a step comes from, as a host is to tell it. A loop that is cut off is stopped at the
/// instruction that begins it, which is nothing in the source: the first line within counts.
fn shown(places: &[Place], at: usize, kind: Kind) -> Place {
    match kind {
        Kind::Loop(end) if !places[at].has_line => {
            let within = places.get(at..end).unwrap_or_default();
            within.iter().find(|place| place.line > 0).copied().unwrap_or(places[at])
        }
        _ => places[at],
    }
}

/// Where an instruction comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    /// The innermost function of the author's; `None` if nothing there is the author's.
    scope: Option<u32>,
    /// Its line; 0 if that is not known.
    line: u32,
    /// Whether the compiler gave a line, be it the author's or somebody else's.
    has_line: bool,
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

    fn place(&mut self, context: &Context<Code<'_>>, at: u64) -> Option<Place> {
        let mut frames = context.find_frames(at).skip_all_loads().ok()?;
        // The innermost first: file, line, and the name of what was put into something else.
        let mut places: Vec<(u32, u32, Option<String>)> = Vec::new();
        let mut next = frames.next().ok()?;
        let innermost = next.as_ref().and_then(|frame| frame.location.as_ref());
        let has_line = innermost.is_some_and(|location| location.line.is_some());
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
        let mut place = Place { has_line, ..Place::default() };
        for (file, own_line, name) in places.into_iter().rev() {
            let name = name.map(|name| self.names.of(name, &mut self.lines.names));
            let scope = LineScope { caller: place.scope, name, file, line: place.line };
            place.scope = Some(self.scopes.of(scope, &mut self.lines.scopes));
            place.line = own_line;
        }
        Some(place)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_without_a_line_has_the_first_line_within() {
        let place = |line| Place { scope: (line > 0).then_some(line), line, has_line: line > 0 };
        let places = [place(1), place(0), place(0), place(7), place(8), place(9)];

        let line = |at, kind| shown(&places, at, kind).line;

        assert_eq!(line(1, Kind::Loop(5)), 7);
        assert_eq!(line(1, Kind::Loop(3)), 0, "what comes after it is not the loop");
        assert_eq!(line(1, Kind::Instruction), 0);
        assert_eq!(line(0, Kind::Loop(5)), 1);
        let others = Place { has_line: true, ..Place::default() };
        assert_eq!(shown(&[others, place(7)], 0, Kind::Loop(2)), others, "somebody else's loop");
    }
}
