//! Which line of its author's source an instruction of a core module comes from, as a custom section
//! of that module. `flowhost plugin build` makes it of the compiler's debug information, and a host
//! reads it when it has stopped a guest.
//!
//! A host has no reason to believe it: it is a guest's bytes like all else. What is too large, or
//! can't be understood, or is about other code, is no table.

use sha2::{Digest as _, Sha256};

/// The name of the custom section.
pub const LINES_SECTION: &str = "flowhost:lines";

/// The lines of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Names of functions that the compiler put into others, as in the source.
    pub names: Vec<String>,
    /// Files of the author's, as the author writes them.
    pub files: Vec<String>,
    /// The functions that instructions can belong to. A function comes after the one that it was put
    /// into.
    pub scopes: Vec<LineScope>,
    /// Where each stretch of code comes from, in the order of the code.
    pub rows: Vec<LineRow>,
}

/// A function of the author's, or a place that the compiler put it into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineScope {
    /// The scope of the author's that it was put into, if there is one.
    pub caller: Option<u32>,
    /// Its name; `None` for the function that the module itself has.
    pub name: Option<u32>,
    /// Its file.
    pub file: u32,
    /// The line in `caller` that calls it; 0 if that is not known.
    pub line: u32,
}

/// Where the instructions come from, from one offset up to the next row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// The offset of the first instruction in the content of the code section, in bytes.
    pub offset: u32,
    /// Its function. `None` if nothing there is the author's.
    pub scope: Option<u32>,
    /// Its line; 0 if that is not known.
    pub line: u32,
}

/// One function at an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinePlace<'a> {
    /// Its name; `None` for the function that the module itself has.
    pub(super) name: Option<&'a str>,
    pub(super) file: &'a str,
    /// 0 if it is not known.
    pub(super) line: u32,
}

impl Lines {
    /// The content of the section, for a module whose code section has the content `code`.
    pub fn encode(&self, code: &[u8]) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&Sha256::digest(code));
        for texts in [&self.names, &self.files] {
            number(&mut out, texts.len() as u32);
            for text in texts {
                number(&mut out, text.len() as u32);
                out.extend_from_slice(text.as_bytes());
            }
        }
        number(&mut out, self.scopes.len() as u32);
        for scope in &self.scopes {
            number(&mut out, scope.caller.map_or(0, |caller| caller + 1));
            number(&mut out, scope.name.map_or(0, |name| name + 1));
            number(&mut out, scope.file);
            number(&mut out, scope.line);
        }
        number(&mut out, self.rows.len() as u32);
        let mut last = [0; 3];
        for row in &self.rows {
            let [offset, scope, line] = [row.offset, row.scope.map_or(0, |at| at + 1), row.line];
            number(&mut out, offset.wrapping_sub(last[0]));
            number(&mut out, zigzag(scope.wrapping_sub(last[1])));
            number(&mut out, zigzag(line.wrapping_sub(last[2])));
            last = [offset, scope, line];
        }
        out
    }

    /// Reads the content of a section of a module whose code section has the content `code`.
    pub(super) fn decode(section: &[u8], code: &[u8]) -> Option<Self> {
        let rest = section.strip_prefix(&[VERSION])?;
        let (digest, rest) = rest.split_at_checked(32)?;
        if section.len() > MAX_SECTION_BYTES || digest != Sha256::digest(code).as_slice() {
            return None;
        }
        let mut from = Reader(rest);
        let names = from.texts()?;
        let files = from.texts()?;
        let scopes = from.scopes(names.len(), files.len())?;
        let rows = from.rows(scopes.len())?;
        from.0.is_empty().then_some(Self { names, files, scopes, rows })
    }

    /// The author's functions at an offset in the code section's content, the innermost first. Each
    /// has its line, and those but the first have the line that calls the one before.
    pub(super) fn at(&self, offset: u32) -> Vec<LinePlace<'_>> {
        let after = self.rows.partition_point(|row| row.offset <= offset);
        let Some(row) = after.checked_sub(1).and_then(|at| self.rows.get(at)) else {
            return Vec::new();
        };
        let (mut places, mut next, mut line) = (Vec::new(), row.scope, row.line);
        while let Some(scope) = next.and_then(|scope| self.scopes.get(scope as usize)) {
            let name = scope.name.and_then(|name| self.names.get(name as usize));
            let file = self.files.get(scope.file as usize).map_or("", String::as_str);
            places.push(LinePlace { name: name.map(String::as_str), file, line });
            if places.len() == MAX_DEPTH {
                break;
            }
            (next, line) = (scope.caller, scope.line);
        }
        places
    }

    /// How many bytes of memory it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let texts = self.names.iter().chain(&self.files);
        texts.map(|text| text.len() + size_of::<String>()).sum::<usize>()
            + self.scopes.len() * size_of::<LineScope>()
            + self.rows.len() * size_of::<LineRow>()
    }
}

/// Reads numbers and texts until something is no number or text.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> Option<u32> {
        let mut value = 0_u64;
        for place in 0..5 {
            let (&digit, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(digit & 0x7f) << (7 * place);
            if digit & 0x80 == 0 {
                return u32::try_from(value).ok();
            }
        }
        None
    }

    /// How many of something follow: each takes a byte at least.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= MAX_COUNT && count <= self.0.len()).then_some(count)
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        let count = self.count()?;
        (0..count)
            .map(|_| {
                let bytes = usize::try_from(self.number()?).ok()?;
                let (text, rest) = self.0.split_at_checked(bytes)?;
                self.0 = rest;
                Some(std::str::from_utf8(text).ok()?.to_owned())
            })
            .collect()
    }

    fn scopes(&mut self, names: usize, files: usize) -> Option<Vec<LineScope>> {
        let count = self.count()?;
        (0..count)
            .map(|at| {
                Some(LineScope {
                    // One that came before: so they end.
                    caller: self.one_of(at)?,
                    name: self.one_of(names)?,
                    file: self.number().filter(|file| (*file as usize) < files)?,
                    line: self.number()?,
                })
            })
            .collect()
    }

    fn rows(&mut self, scopes: usize) -> Option<Vec<LineRow>> {
        let count = self.count()?;
        let mut last = [0_u32; 3];
        (0..count)
            .map(|_| {
                let offset = last[0].checked_add(self.number()?)?;
                let scope = last[1].wrapping_add(unzigzag(self.number()?));
                let line = last[2].wrapping_add(unzigzag(self.number()?));
                last = [offset, scope, line];
                let scope = scope.checked_sub(1);
                scope.is_none_or(|scope| (scope as usize) < scopes).then_some(LineRow {
                    offset,
                    scope,
                    line,
                })
            })
            .collect()
    }

    /// 0 for none, else one of so many, counted from 1.
    fn one_of(&mut self, many: usize) -> Option<Option<u32>> {
        let number = self.number()?;
        (number as usize <= many).then_some(number.checked_sub(1))
    }
}

/// As LEB128.
fn number(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A difference as a number that is small if the difference is.
fn zigzag(difference: u32) -> u32 {
    (difference << 1) ^ ((difference as i32) >> 31) as u32
}

fn unzigzag(number: u32) -> u32 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

const VERSION: u8 = 1;

/// A plugin of 170 KiB has 5 KiB of them.
const MAX_SECTION_BYTES: usize = 2 << 20;

/// Names, files, functions, rows: of each. All of it decoded is 10 MiB then.
const MAX_COUNT: usize = 1 << 18;

/// How many functions may be put into one another.
const MAX_DEPTH: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let lines = lines();

        let read = Lines::decode(&lines.encode(CODE), CODE).unwrap();

        assert_eq!(read, lines);
        let places = |offset| {
            let places = read.at(offset);
            places
                .iter()
                .map(|place| format!("{}={}:{}", place.name.unwrap_or("-"), place.file, place.line))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(places(0), "", "before the first row");
        assert_eq!(places(10), "-=src/lib.rs:7");
        assert_eq!(places(19), "-=src/lib.rs:7");
        assert_eq!(places(20), "slots::free=src/slots.rs:300 -=src/lib.rs:9");
        assert_eq!(places(25), "");
        assert_eq!(places(u32::MAX), "-=src/lib.rs:0");
    }

    #[test]
    fn lines_of_other_code_are_none() {
        let section = lines().encode(CODE);

        assert!(Lines::decode(&section, b"other code").is_none());
        assert!(Lines::decode(&[&section[..], b"x"].concat(), CODE).is_none());
    }

    #[test]
    fn whatever_is_damaged_is_no_table_or_one_that_can_be_read() {
        let section = lines().encode(CODE);
        for at in 0..section.len() {
            assert!(Lines::decode(&section[..at], CODE).is_none(), "cut at {at}");
            for bits in [0x01, 0x7f, 0x80, 0xff] {
                let mut damaged = section.clone();
                damaged[at] ^= bits;
                let Some(read) = Lines::decode(&damaged, CODE) else { continue };
                for offset in [0, 10, 20, 30, 1_000, u32::MAX] {
                    assert!(read.at(offset).len() <= MAX_DEPTH);
                }
            }
        }
    }

    #[test]
    fn counts_have_a_bound_and_no_function_is_within_itself() {
        let huge = |count: u32| {
            let mut section = Lines::default().encode(CODE);
            section.truncate(33);
            number(&mut section, count);
            section.resize(MAX_SECTION_BYTES, 0);
            section
        };
        assert!(Lines::decode(&huge(u32::MAX), CODE).is_none());
        assert!(Lines::decode(&huge(MAX_COUNT as u32 + 1), CODE).is_none());
        assert!(Lines::decode(&vec![0; MAX_SECTION_BYTES + 1], CODE).is_none());

        let mut itself = lines();
        itself.scopes[1].caller = Some(1);
        assert!(Lines::decode(&itself.encode(CODE), CODE).is_none());
    }

    #[test]
    fn functions_within_one_another_end() {
        let scope =
            |at: u32| LineScope { caller: at.checked_sub(1), name: None, file: 0, line: at };
        let deep = Lines {
            files: vec!["src/lib.rs".to_owned()],
            scopes: (0..1_000).map(scope).collect(),
            rows: vec![LineRow { offset: 0, scope: Some(999), line: 1 }],
            ..Lines::default()
        };

        assert_eq!(deep.at(0).len(), MAX_DEPTH);
    }

    const CODE: &[u8] = b"code";

    fn lines() -> Lines {
        let row = |offset, scope, line| LineRow { offset, scope, line };
        Lines {
            names: vec!["slots::free".to_owned()],
            files: vec!["src/lib.rs".to_owned(), "src/slots.rs".to_owned()],
            scopes: vec![
                LineScope { caller: None, name: None, file: 0, line: 0 },
                LineScope { caller: Some(0), name: Some(0), file: 1, line: 9 },
            ],
            rows: vec![
                row(10, Some(0), 7),
                row(20, Some(1), 300),
                row(25, None, 300),
                row(400, Some(0), 0),
            ],
        }
    }
}
