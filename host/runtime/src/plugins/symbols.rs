//! What the functions of a component are called, and where in their author's source they are.
//! Nothing of it is in the code that runs: it is read from the component's bytes when a guest was
//! stopped, and a few are kept.
//!
//! All of it is what a guest says of itself. Whatever is wrong with it makes names wrong, or leaves
//! numbers in their place.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use wasmparser::{BinaryReader, CustomSectionReader, KnownCustom, Name, NameSectionReader};

use super::lines::{LINES_SECTION, LinePlace, Lines};
use super::sections::{Layer, Sections, section_id};
use crate::telemetry::Metrics;
use crate::tenant_limits::TenantLimits;
use flowhost_protocol::ids::{PluginDigest, TenantId};

/// The names of a component's functions.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    /// In the order in which they are in the component, which is how wasmtime numbers them.
    modules: Vec<Module>,
}

#[derive(Debug, Default)]
struct Module {
    /// Where in the component the content of its code section is.
    code: Range<usize>,
    names: HashMap<u32, Box<str>>,
    lines: Option<Lines>,
}

/// What is known of one place in the code.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named<'a> {
    /// The name of the function that the module has.
    pub(super) function: Option<&'a str>,
    /// The author's functions there, the innermost first.
    pub(super) places: Vec<LinePlace<'a>>,
}

/// Symbols that were used lately, and permits to read more.
pub(super) struct SymbolCache {
    /// The least recently used first.
    kept: Mutex<Vec<(Key, Arc<Symbols>)>>,
    /// Reading takes the component's bytes and a core.
    pub(super) reads: TenantLimits,
}

/// Not shared by tenants: how long a failure takes must not tell who else runs the same.
type Key = (TenantId, PluginDigest);

impl Symbols {
    /// Reads a component that was compiled before, so it is well-formed; of others, what comes before
    /// the mistake.
    pub(super) fn read(component: &[u8]) -> Self {
        let mut room = Room { names: MAX_NAMES, bytes: MAX_NAME_BYTES, lines: MAX_LINES_BYTES };
        let modules = modules(component);
        Self { modules: modules.map(|module| Module::read(component, module, &mut room)).collect() }
    }

    /// What is known of a function of a module, at an offset of the component if there is one.
    pub(super) fn named(&self, module: u32, function: u32, offset: Option<usize>) -> Named<'_> {
        let Some(module) = self.modules.get(module as usize) else { return Named::default() };
        let offset = offset.filter(|offset| module.code.contains(offset));
        let offset = offset.and_then(|offset| u32::try_from(offset - module.code.start).ok());
        let places = module.lines.as_ref().zip(offset).map(|(lines, offset)| lines.at(offset));
        Named {
            function: module.names.get(&function).map(|name| &**name),
            places: places.unwrap_or_default(),
        }
    }

    /// How many bytes of memory they take, about.
    fn bytes(&self) -> usize {
        let of_module = |module: &Module| {
            let names: usize = module.names.values().map(|name| name.len() + ENTRY_BYTES).sum();
            names + module.lines.as_ref().map_or(0, Lines::bytes) + size_of::<Module>()
        };
        self.modules.iter().map(of_module).sum()
    }
}

impl Module {
    fn read(component: &[u8], sections: Sections<'_>, room: &mut Room) -> Self {
        let mut module = Self::default();
        for (id, content) in sections {
            match id {
                section_id::CODE => module.code = content,
                section_id::CUSTOM => module.read_custom(component, content, room),
                _ => (),
            }
        }
        module
    }

    fn read_custom(&mut self, component: &[u8], content: Range<usize>, room: &mut Room) {
        let Some(section) = custom_section(component, content) else { return };
        if let KnownCustom::Name(names) = section.as_known() {
            self.read_names(names, room);
        } else if section.name() == LINES_SECTION && self.lines.is_none() {
            // Ours come after the code.
            let lines = Some(section.data()).filter(|lines| room.take_lines(lines.len()));
            let code = &component[self.code.clone()];
            self.lines = lines.and_then(|lines| Lines::decode(lines, code));
        }
    }

    /// What can't be read has no name.
    fn read_names(&mut self, names: NameSectionReader<'_>, room: &mut Room) {
        for names in names.map_while(Result::ok) {
            let Name::Function(functions) = names else { continue };
            for naming in functions.into_iter().map_while(Result::ok) {
                let name = &naming.name[..naming.name.floor_char_boundary(MAX_ONE_NAME_BYTES)];
                if room.take_name(name.len()) {
                    self.names.insert(naming.index, name.into());
                }
            }
        }
    }
}

/// Makes names of functions be some other custom section, so that they don't get into the code. No
/// byte moves: offsets in the code stay those of the component.
pub(super) fn hide_names(component: &mut [u8]) {
    let bytes: &[u8] = component;
    let titles: Vec<Range<usize>> = modules(bytes)
        .flat_map(|sections| sections.filter(|(id, _)| *id == section_id::CUSTOM))
        .filter_map(|(_, content)| {
            let section = custom_section(bytes, content)?;
            let title = section.data_offset() - section.name().len()..section.data_offset();
            (section.name() == NAME_SECTION).then_some(title)
        })
        .collect();
    titles.into_iter().for_each(|title| component[title].copy_from_slice(HIDDEN_SECTION));
}

/// The sections of all core modules, those within components included, in the order of their code.
fn modules(component: &[u8]) -> impl Iterator<Item = Sections<'_>> {
    let mut open: Vec<_> = Sections::of(component, 0..component.len()).into_iter().collect();
    let next = std::iter::from_fn(move || {
        while let Some((layer, sections)) = open.last_mut() {
            if *layer == Layer::Module {
                return open.pop().map(|(_, sections)| sections);
            }
            match sections.next() {
                Some((section_id::CORE_MODULE | section_id::COMPONENT, content))
                    if open.len() < MAX_DEPTH =>
                {
                    open.extend(Sections::of(component, content));
                }
                Some(_) => (),
                None => drop(open.pop()),
            }
        }
        None
    });
    next.take(MAX_MODULES)
}

fn custom_section(component: &[u8], content: Range<usize>) -> Option<CustomSectionReader<'_>> {
    let reader = BinaryReader::new(component.get(content.clone())?, content.start);
    CustomSectionReader::new(reader).ok()
}

/// What the symbols of one component may still take.
struct Room {
    names: usize,
    bytes: usize,
    lines: usize,
}

impl Room {
    fn take_name(&mut self, bytes: usize) -> bool {
        match (self.names.checked_sub(1), self.bytes.checked_sub(bytes)) {
            (Some(names), Some(bytes)) => {
                (self.names, self.bytes) = (names, bytes);
                true
            }
            _ => false,
        }
    }

    fn take_lines(&mut self, bytes: usize) -> bool {
        self.lines.checked_sub(bytes).map(|left| self.lines = left).is_some()
    }
}

impl SymbolCache {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let reads = TenantLimits::new(MAX_READS, 1, metrics.budget("reading-symbols"));
        Self { kept: Mutex::default(), reads }
    }

    /// Symbols that are kept.
    pub(super) fn get(&self, tenant: TenantId, digest: PluginDigest) -> Option<Arc<Symbols>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(key, _)| *key == (tenant, digest))?;
        let entry = kept.remove(at);
        let symbols = entry.1.clone();
        kept.push(entry);
        Some(symbols)
    }

    /// Keeps symbols, and removes those that were not used for the longest time until the rest fits.
    pub(super) fn keep(&self, tenant: TenantId, digest: PluginDigest, symbols: Arc<Symbols>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(key, _)| *key != (tenant, digest));
        kept.push(((tenant, digest), symbols));
        let mut bytes: usize = kept.iter().map(|(_, symbols)| symbols.bytes()).sum();
        while kept.len() > MAX_KEPT || bytes > MAX_KEPT_BYTES {
            bytes -= kept.remove(0).1.bytes();
        }
    }
}

/// The standard's custom section with the names of functions, and what it is called when it is hidden.
const NAME_SECTION: &str = "name";
const HIDDEN_SECTION: &[u8; NAME_SECTION.len()] = b"NAME";

/// Modules of a component: far more than may be instantiated.
const MAX_MODULES: usize = 1_000;

/// Components within components.
const MAX_DEPTH: usize = 100;

/// Names of all modules: a JavaScript engine has 20,000 functions.
const MAX_NAMES: usize = 100_000;
const MAX_NAME_BYTES: usize = 8 << 20;

/// Tables of lines, as they are in the component, of all modules.
const MAX_LINES_BYTES: usize = 4 << 20;

/// One byte more than what is still demangled.
const MAX_ONE_NAME_BYTES: usize = super::backtrace::MAX_MANGLED_BYTES + 1;

/// Of a name beside its text: its number, its place and length, and room in the table.
const ENTRY_BYTES: usize = 48;

/// As many plugins as fail at the same time on a bad day; those of 150 KiB have 100 KiB of symbols.
const MAX_KEPT: usize = 100;
const MAX_KEPT_BYTES: usize = 64 << 20;

/// At once: each holds a component of up to 64 MiB.
const MAX_READS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::lines::{LineRow, LineScope};

    #[test]
    fn names_and_lines_are_found_by_module_function_and_offset() {
        let component = component(
            "(core module (func $first unreachable) (func $second unreachable))
             (component (core module (func $inner unreachable)))
             (core module (func $last unreachable))",
        );

        let symbols = Symbols::read(&component);

        for (module, function, name) in
            [(0, 0, "first"), (0, 1, "second"), (1, 0, "inner"), (2, 0, "last")]
        {
            assert_eq!(symbols.named(module, function, None).function, Some(name));
        }
        assert_eq!(symbols.named(0, 2, None), Named::default());
        assert_eq!(symbols.named(3, 0, Some(20)), Named::default());
        let code = symbols.modules[2].code.clone();
        assert_eq!(component[code.start], 1, "the number of functions comes first");
    }

    #[test]
    fn lines_that_do_not_fit_the_code_are_left_out_and_names_stay() {
        for (table, fits) in [(lines(b"\x01\x03\0\0\x0b"), true), (lines(b"other"), false)] {
            let component = with_lines(&table);

            let symbols = Symbols::read(&component);

            let start = symbols.modules[0].code.start;
            let named = symbols.named(0, 0, Some(start + 3));
            assert_eq!(named.function, Some("f"));
            assert_eq!(!named.places.is_empty(), fits);
            assert!(symbols.named(0, 0, Some(start - 1)).places.is_empty(), "outside of the code");
            assert!(symbols.named(0, 0, Some(usize::MAX)).places.is_empty());
        }
    }

    #[test]
    fn what_is_no_component_has_no_symbols() {
        let whole = with_lines(&lines(b"\x01\x03\0\0\x0b"));
        for at in 0..whole.len() {
            Symbols::read(&whole[..at]);
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            Symbols::read(&damaged).named(0, 0, Some(30));
        }
        assert!(Symbols::read(b"").modules.is_empty());
    }

    #[test]
    fn names_take_a_bounded_part_of_the_memory() {
        let long = "n".repeat(90_000);
        let functions: String =
            (0..300).map(|at| format!("(func (@name \"{at}{long}\"))")).collect();

        let symbols = Symbols::read(&component(&format!("(core module {functions})")));

        assert_eq!(symbols.modules[0].names.len(), 300);
        assert!(symbols.bytes() < 300 * (MAX_ONE_NAME_BYTES + 2 * ENTRY_BYTES));
        let mut room = Room { names: 2, bytes: 100, lines: 10 };
        assert!(room.take_name(60) && !room.take_name(41) && room.take_name(40));
        assert!(!room.take_name(0) && room.take_lines(10) && !room.take_lines(1));
    }

    #[test]
    fn names_that_are_hidden_are_no_names_and_nothing_else_changes() {
        let whole = component(
            "(core module (func $a (@name \"name\"))) (component (core module (func $b)))",
        );
        let mut hidden = whole.clone();

        hide_names(&mut hidden);

        let changed: usize = whole.iter().zip(&hidden).filter(|(was, is)| was != is).count();
        assert_eq!(changed, 2 * NAME_SECTION.len());
        let symbols = Symbols::read(&hidden);
        assert!(symbols.modules.len() == 2 && symbols.modules.iter().all(|it| it.names.is_empty()));
        assert_eq!(Symbols::read(&whole).named(0, 0, None).function, Some("name"));
    }

    #[test]
    fn what_was_used_least_recently_goes_first() {
        let cache = SymbolCache::new(&Metrics::new());
        let tenant = TenantId::new();
        let digest = |number: usize| PluginDigest([number as u8; 32]);
        (0..MAX_KEPT).for_each(|at| cache.keep(tenant, digest(at), Arc::default()));
        assert!(cache.get(tenant, digest(0)).is_some());

        cache.keep(tenant, digest(MAX_KEPT), Arc::default());

        assert!(cache.get(tenant, digest(0)).is_some() && cache.get(tenant, digest(1)).is_none());
        assert!(cache.get(TenantId::new(), digest(0)).is_none(), "another tenant's are not shared");
    }

    fn component(fields: &str) -> Vec<u8> {
        wat::parse_str(format!("(component {fields})")).unwrap()
    }

    /// A component whose only function is `f`, which executes `unreachable` first.
    fn with_lines(section: &[u8]) -> Vec<u8> {
        let bytes: String = section.iter().map(|byte| format!("\\{byte:02x}")).collect();
        component(&format!(
            "(core module (func $f unreachable) (@custom \"{LINES_SECTION}\" \"{bytes}\"))"
        ))
    }

    fn lines(code: &[u8]) -> Vec<u8> {
        let lines = Lines {
            files: vec!["src/lib.rs".to_owned()],
            scopes: vec![LineScope { caller: None, name: None, file: 0, line: 0 }],
            rows: vec![LineRow { offset: 0, scope: Some(0), line: 7 }],
            ..Lines::default()
        };
        lines.encode(code)
    }
}
