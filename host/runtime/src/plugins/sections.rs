//! The sections that components and core modules consist of, without a look at what is in them.

use std::ops::Range;

use wasmparser::BinaryReader;

/// What a file of WebAssembly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// A component, whose sections may be components and modules.
    Component,
    /// A core module.
    Module,
}

/// The sections of a component or a core module, in their order. They end where something is no
/// section.
#[derive(Clone, Debug)]
pub struct Sections<'a> {
    /// Up to the end of the component or the module.
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Sections<'a> {
    /// The sections of what lies in a range of the bytes, and what that is. `None` if it is neither a
    /// component nor a core module.
    pub fn of(bytes: &'a [u8], range: Range<usize>) -> Option<(Layer, Self)> {
        let at = range.start.checked_add(HEADER_BYTES)?;
        let layer = match bytes.get(range.start..at)? {
            b"\0asm\x0d\0\x01\0" => Layer::Component,
            b"\0asm\x01\0\0\0" => Layer::Module,
            _ => return None,
        };
        Some((layer, Self { bytes: bytes.get(..range.end)?, at }))
    }
}

impl Iterator for Sections<'_> {
    /// The section's id, and where in the bytes its content is.
    type Item = (u8, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut reader = BinaryReader::new(self.bytes.get(self.at..)?, self.at);
        let id = reader.read_u8().ok()?;
        let size = usize::try_from(reader.read_var_u32().ok()?).ok()?;
        let start = reader.original_position();
        let end = start.checked_add(size).filter(|end| *end <= self.bytes.len())?;
        self.at = end;
        Some((id, start..end))
    }
}

/// The ids of those sections that matter here. Custom sections have the same one everywhere.
pub mod section_id {
    /// A custom section, of a component or a module.
    pub const CUSTOM: u8 = 0;
    /// A module within a component.
    pub const CORE_MODULE: u8 = 1;
    /// A component within a component.
    pub const COMPONENT: u8 = 4;
    /// The code of a module.
    pub const CODE: u8 = 10;
}

/// Magic number, version and layer.
const HEADER_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_where_they_are() {
        let component = wat::parse_str("(component (core module (func)))").unwrap();

        let (layer, mut sections) = Sections::of(&component, 0..component.len()).unwrap();
        let (id, module) = sections.next().unwrap();

        assert_eq!((layer, id), (Layer::Component, section_id::CORE_MODULE));
        let (layer, inner) = Sections::of(&component, module.clone()).unwrap();
        assert_eq!(layer, Layer::Module);
        let code = inner.clone().find(|(id, _)| *id == section_id::CODE).unwrap().1;
        assert_eq!(component[code], [1, 2, 0, 0x0b]);
        assert_eq!(inner.last().unwrap().1.end, module.end);
    }

    #[test]
    fn what_is_cut_or_damaged_ends() {
        let component = wat::parse_str("(component (core module (func)))").unwrap();
        for at in 0..component.len() {
            let mut damaged = component.clone();
            damaged[at] ^= 0xff;
            for bytes in [&component[..at], &damaged] {
                let sections = Sections::of(bytes, 0..bytes.len());
                assert!(sections.is_none_or(|(_, sections)| sections.count() <= bytes.len()));
            }
        }
        assert!(Sections::of(&component, usize::MAX..usize::MAX).is_none());
    }
}
