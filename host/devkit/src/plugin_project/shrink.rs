//! Makes of what the linker wrote what a host is to get: without debug information, but with the
//! lines that it tells; with functions' names as in the source; and with numbers in the code that
//! take no more bytes than they need.
//!
//! The linker leaves five bytes for each address, and could shorten them itself
//! (`--compress-relocations`), but not together with debug information, whose addresses would be
//! wrong then. That is a tenth of the code.

use std::collections::BTreeMap;

use rustc_demangle::try_demangle;
use wasm_encoder::reencode::{Reencode as _, RoundtripReencoder};
use wasm_encoder::{CustomSection, Encode as _, NameMap, NameSection, RawSection, Section as _};
use wasmparser::{
    BinaryReader, BinaryReaderError, CodeSectionReader, CustomSectionReader, KnownCustom, Name,
    NameSectionReader, Operator,
};

use super::debug_info::{DebugSections, Moved, lines_of};
use super::local_packages::AuthorsFiles;
use flowhost_runtime::plugins::{LINES_SECTION, Layer, Sections, section_id};

/// Why a component can't be rewritten. It stays as it is then.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShrinkError {
    #[error(transparent)]
    Encode(#[from] wasm_encoder::reencode::Error),
    #[error("it is not WebAssembly")]
    NotWasm,
    #[error(transparent)]
    Read(#[from] BinaryReaderError),
}

/// Rewrites a component that was linked with debug information.
pub(super) fn shrink(component: &[u8], files: &AuthorsFiles) -> Result<Vec<u8>, ShrinkError> {
    let (layer, sections) =
        Sections::of(component, 0..component.len()).ok_or(ShrinkError::NotWasm)?;
    match layer {
        Layer::Module => shrink_module(component, sections, files),
        Layer::Component => {
            let mut out = component[..HEADER_BYTES].to_vec();
            let mut end = HEADER_BYTES;
            for (id, content) in sections {
                end = content.end;
                match id {
                    section_id::CORE_MODULE | section_id::COMPONENT => {
                        let data = &shrink(&component[content], files)?;
                        RawSection { id, data }.append_to(&mut out);
                    }
                    _ => RawSection { id, data: &component[content] }.append_to(&mut out),
                }
            }
            if end == component.len() { Ok(out) } else { Err(ShrinkError::NotWasm) }
        }
    }
}

fn shrink_module(
    module: &[u8],
    sections: Sections<'_>,
    files: &AuthorsFiles,
) -> Result<Vec<u8>, ShrinkError> {
    let mut out = module[..HEADER_BYTES].to_vec();
    let (mut end, mut code, mut debug) = (HEADER_BYTES, None, DebugSections::default());
    let mut names = None;
    for (id, content) in sections {
        end = content.end;
        let data = &module[content];
        match id {
            section_id::CODE => {
                let (data, moved) = shrink_code(data)?;
                RawSection { id, data: &data }.append_to(&mut out);
                code = Some((data, moved));
            }
            section_id::CUSTOM => {
                let custom = CustomSectionReader::new(BinaryReader::new(data, 0))?;
                match custom.as_known() {
                    KnownCustom::Name(section) => names = Some(section),
                    _ if custom.name().starts_with(".debug_") => {
                        debug.insert(custom.name(), custom.data());
                    }
                    _ => RawSection { id, data }.append_to(&mut out),
                }
            }
            _ => RawSection { id, data }.append_to(&mut out),
        }
    }
    if end != module.len() {
        return Err(ShrinkError::NotWasm);
    }
    if let Some(names) = names {
        readable_names(names).append_to(&mut out);
    }
    // Without lines, a host has the names.
    if let Some((code, moved)) = code
        && let Some(lines) = lines_of(&debug, &moved, files)
    {
        let data = lines.encode(&code);
        CustomSection { name: LINES_SECTION.into(), data: data.into() }.append_to(&mut out);
    }
    Ok(out)
}

/// An instruction of a function.
struct Instruction {
    /// Where it is in the content of the code section.
    was: usize,
    /// Where it will be in its function.
    is: usize,
    /// If it begins a loop: how many instructions later the loop's end comes.
    loop_of: Option<usize>,
}

/// The content of a code section with short numbers, and where each instruction was and is.
fn shrink_code(content: &[u8]) -> Result<(Vec<u8>, Moved), ShrinkError> {
    let bodies = CodeSectionReader::new(BinaryReader::new(content, 0))?;
    let (mut out, mut moved) = (Vec::with_capacity(content.len()), Moved::default());
    bodies.count().encode(&mut out);
    let (mut body_out, mut instructions) = (Vec::new(), Vec::<Instruction>::new());
    for body in bodies {
        let body = body?;
        let mut reader = body.get_operators_reader()?;
        let (start, first) = (body.range().start, reader.original_position());
        body_out.clear();
        instructions.clear();
        // Local variables have no addresses.
        body_out.extend_from_slice(&content[start..first]);
        let mut open = Vec::new();
        while !reader.eof() {
            let (was, is, at) = (reader.original_position(), body_out.len(), instructions.len());
            let operator = reader.read()?;
            match operator {
                Operator::Loop { .. } => open.push(Some(at)),
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    open.push(None);
                }
                Operator::End => {
                    if let Some(Some(start)) = open.pop() {
                        instructions[start].loop_of = Some(at - start);
                    }
                }
                _ => (),
            }
            instructions.push(Instruction { was, is, loop_of: None });
            RoundtripReencoder.instruction(operator)?.encode(&mut body_out);
        }
        body_out.len().encode(&mut out);
        let start_out = out.len();
        moved.function(start, start_out);
        for Instruction { was, is, loop_of } in &instructions {
            match loop_of {
                Some(later) => moved.begins_loop(*was, start_out + is, *later),
                None => moved.instruction(*was, start_out + is),
            }
        }
        out.extend_from_slice(&body_out);
    }
    Ok((out, moved))
}

/// The functions' names as in the source, cut. What can't be read has no name.
fn readable_names(section: NameSectionReader<'_>) -> NameSection {
    let mut functions = BTreeMap::new();
    let mut rewritten = NameSection::new();
    for names in section.map_while(Result::ok) {
        match names {
            Name::Module { name, .. } => rewritten.module(name),
            Name::Function(named) => {
                let named = named.into_iter().map_while(Result::ok);
                functions.extend(named.map(|naming| (naming.index, readable(naming.name))));
            }
            _ => (),
        }
    }
    let mut map = NameMap::new();
    functions.iter().for_each(|(index, name)| map.append(*index, name));
    rewritten.functions(&map);
    rewritten
}

/// The name as in the source if a Rust compiler made it, otherwise unchanged; cut where a host would
/// cut it.
pub(super) fn readable(name: &str) -> String {
    let mut text = match try_demangle(name) {
        Ok(demangled) => format!("{demangled:#}"),
        Err(_) => name.to_owned(),
    };
    if text.len() > MAX_NAME_BYTES {
        text.truncate(text.floor_char_boundary(MAX_NAME_BYTES));
        text.push('…');
    }
    text
}

/// Magic number, version and layer.
const HEADER_BYTES: usize = 8;

/// What a host shows of a name.
const MAX_NAME_BYTES: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_get_short_and_every_instruction_is_found_again() {
        // Two functions: `i32.const 7; drop` with seven in five bytes, and `call 0` likewise.
        let code = [
            &[2, 9, 0][..],
            &[0x41, 0x87, 0x80, 0x80, 0x80, 0x00, 0x1a, 0x0b],
            &[8, 0, 0x10, 0x80, 0x80, 0x80, 0x80, 0x00, 0x0b],
        ]
        .concat();

        let (short, moved) = shrink_code(&code).unwrap();

        assert_eq!(short, [2, 5, 0, 0x41, 7, 0x1a, 0x0b, 4, 0, 0x10, 0, 0x0b]);
        let steps: Vec<_> = moved.steps().collect();
        assert_eq!(
            steps,
            [(2, 2), (3, 3), (9, 5), (10, 6), (12, 8), (13, 9), (19, 11)],
            "a function, its three instructions; and one with two"
        );
    }

    #[test]
    fn a_loop_knows_where_it_ends() {
        // `loop; block; end; br 0; end; nop`.
        let code = [1, 11, 0, 0x03, 0x40, 0x02, 0x40, 0x0b, 0x0c, 0x00, 0x0b, 0x01, 0x0b];

        let (_, moved) = shrink_code(&code).unwrap();

        // The function is the first step, and the loop's own end the sixth.
        assert_eq!(moved.loops().collect::<Vec<_>>(), [(1, 5)]);
    }

    #[test]
    fn debug_information_goes_and_names_are_readable() {
        let long = "n".repeat(1_000);
        let component = component(&format!(
            r#"(func (@name "_ZN7booking4slot4pick17h69052f616434ca3bE"))
               (func (@name "{long}"))
               (@custom ".debug_info" "broken") (@custom "producers" "kept")"#
        ));

        let shrunk = shrink(&component, &AuthorsFiles::default()).unwrap();

        let text = String::from_utf8_lossy(&shrunk);
        assert!(text.contains("booking::slot::pick") && text.contains("kept"), "{text}");
        assert!(!text.contains(".debug") && !text.contains("_ZN") && !text.contains(LINES_SECTION));
        assert!(shrunk.len() < component.len() - 800, "long names are cut");
        assert_eq!(shrink(&shrunk, &AuthorsFiles::default()).unwrap(), shrunk);
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let component = component("(func)");
        // The first 8 bytes alone are a component without anything.
        for at in (0..component.len()).filter(|at| *at != HEADER_BYTES) {
            assert!(shrink(&component[..at], &AuthorsFiles::default()).is_err(), "cut at {at}");
        }
        assert!(shrink(b"no WebAssembly", &AuthorsFiles::default()).is_err());
    }

    fn component(fields: &str) -> Vec<u8> {
        wat::parse_str(format!("(component (core module {fields}))")).unwrap()
    }
}
