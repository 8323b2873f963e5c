//! How much of the stack the functions of a component take for their local variables.
//!
//! A function takes all of it when it is entered, so an array in a branch that never runs counts
//! too. On a computer the stack has megabytes, and the same code passes its tests there.

use std::collections::HashMap;
use std::fmt;

use rustc_demangle::demangle;
use wasmparser::{
    BinaryReaderError, FunctionBody, GlobalSectionReader, KnownCustom, Name, NameSectionReader,
    Operator, Parser, Payload, TypeRef,
};

use super::manifest::MAX_STACK_KIB;

/// A function and the size of its local variables on the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    function: String,
    bytes: u64,
}

impl Frame {
    /// The next power of two that has as much room again for what it calls and what calls it.
    /// `None` if no manifest may ask for that much.
    pub(super) fn wanted_stack_kib(&self) -> Option<u64> {
        let kib = self.bytes.checked_mul(2)?.checked_next_power_of_two()? >> 10;
        (kib <= MAX_STACK_KIB.into()).then_some(kib)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` has {} KiB of local variables", self.function, self.bytes.div_ceil(1024))
    }
}

/// The largest frame of a component whose stack has so many bytes. `None` if no function keeps
/// anything on such a stack.
///
/// # Errors
/// The component can't be parsed.
pub(super) fn largest_frame(
    component: &[u8],
    stack_bytes: u64,
) -> Result<Option<Frame>, BinaryReaderError> {
    let mut largest: Option<Frame> = None;
    // Modules lie within the component, but not within each other.
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => module = Module::default(),
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    module.functions += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::GlobalSection(globals) => {
                module.has_such_a_stack = first_global(globals)? == Some(stack_bytes);
            }
            Payload::CodeSectionEntry(body) => module.enter(&body)?,
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    module.read_names(names);
                }
            }
            Payload::End(_) => {
                let frame = std::mem::take(&mut module).largest();
                largest = largest.into_iter().chain(frame).max_by_key(|frame| frame.bytes);
            }
            _ => (),
        }
    }
    Ok(largest)
}

#[derive(Default)]
struct Module {
    has_such_a_stack: bool,
    /// How many functions came so far, imported ones first.
    functions: u32,
    /// The index of the function with the most, and its bytes.
    most: Option<(u32, u64)>,
    names: HashMap<u32, String>,
}

impl Module {
    fn enter(&mut self, body: &FunctionBody<'_>) -> Result<(), BinaryReaderError> {
        if self.has_such_a_stack
            && let Some(bytes) = frame_of(body)?
            && self.most.is_none_or(|(_, most)| bytes > most)
        {
            self.most = Some((self.functions, bytes));
        }
        self.functions += 1;
        Ok(())
    }

    /// What can't be read has no name.
    fn read_names(&mut self, names: NameSectionReader<'_>) {
        for names in names.map_while(Result::ok) {
            if let Name::Function(functions) = names {
                let named = functions.into_iter().map_while(Result::ok);
                self.names.extend(named.map(|naming| (naming.index, naming.name.to_owned())));
            }
        }
    }

    fn largest(self) -> Option<Frame> {
        let (index, bytes) = self.most?;
        let function = match self.names.get(&index) {
            Some(name) => format!("{:#}", demangle(name)),
            None => format!("function {index}"),
        };
        Some(Frame { function, bytes })
    }
}

/// The value that a module's first global begins with: that of the stack pointer, in what LLVM links.
/// It is the size of the stack, which comes first in memory and grows down.
fn first_global(globals: GlobalSectionReader<'_>) -> Result<Option<u64>, BinaryReaderError> {
    let Some(global) = globals.into_iter().next() else { return Ok(None) };
    Ok(match global?.init_expr.get_operators_reader().read()? {
        Operator::I32Const { value } => u64::try_from(value).ok(),
        _ => None,
    })
}

/// By how much a function lowers the stack pointer: LLVM begins with `global.get 0; i32.const
/// BYTES; i32.sub` where anything is kept on the stack.
fn frame_of(body: &FunctionBody<'_>) -> Result<Option<u64>, BinaryReaderError> {
    let mut reader = body.get_operators_reader()?;
    let mut last = [None, None];
    while !reader.eof() {
        let operator = reader.read()?;
        if let [Some(Operator::GlobalGet { global_index: 0 }), Some(Operator::I32Const { value })] =
            &last
            && matches!(operator, Operator::I32Sub)
        {
            return Ok(u64::try_from(*value).ok());
        }
        let [_, before] = last;
        last = [before, Some(operator)];
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_frame_is_named() {
        let frame = largest_frame(&component(65_536, "", 100_000), 65_536).unwrap().unwrap();

        assert_eq!(frame.bytes(), 100_000);
        assert_eq!(frame.to_string(), "`booking::slot::pick` has 98 KiB of local variables");
        assert_eq!(frame.wanted_stack_kib(), Some(256));
    }

    #[test]
    fn a_stack_that_no_manifest_may_ask_for_is_not_wanted() {
        for (bytes, wanted) in [(512 << 10, Some(1024)), ((512 << 10) + 16, None)] {
            let frame = largest_frame(&component(65_536, "", bytes), 65_536).unwrap().unwrap();
            assert_eq!(frame.wanted_stack_kib(), wanted);
        }
    }

    #[test]
    fn functions_without_a_name_have_their_number_imported_ones_counted() {
        let bytes = component(65_536, r#"(import "a" "b" (func))"#, 70_000);
        let name = b"_ZN7booking4slot4pick17h69052f616434ca3bE";
        let at = bytes.windows(name.len()).position(|part| part == name).unwrap();
        let mut nameless = bytes;
        nameless[at] = 0xff;

        let frame = largest_frame(&nameless, 65_536).unwrap().unwrap();

        assert_eq!(frame.to_string(), "`function 2` has 69 KiB of local variables");
    }

    #[test]
    fn what_has_another_stack_is_left_alone() {
        assert_eq!(largest_frame(&component(1_048_576, "", 100_000), 65_536).unwrap(), None);
        assert_eq!(largest_frame(b"\0asm\x0d\0\x01\0", 65_536).unwrap(), None);
    }

    /// A component with a module whose first function keeps 16 bytes on the stack, and whose second
    /// keeps so many.
    fn component(stack: u32, imports: &str, bytes: u32) -> Vec<u8> {
        let enters =
            |bytes: u32| format!("global.get 0 i32.const {bytes} i32.sub local.tee 0 global.set 0");
        let (small, large) = (enters(16), enters(bytes));
        let wat = format!(
            r#"(component (core module {imports}
                (global (mut i32) (i32.const {stack}))
                (func $small (local i32) i32.const 1 drop {small})
                (func $large (@name "_ZN7booking4slot4pick17h69052f616434ca3bE") (local i32) {large})))"#
        );
        wat::parse_str(wat).unwrap()
    }
}
