//! Native code, and the only file of this crate with `unsafe` in it. The compiler cannot check that
//! machine code is our own and made for this processor.
//!
//! [`OwnCode`] is the only way to load code, and [`OwnCode::check`] the only way to get one. The
//! MAC is checked over the very bytes that are then loaded, in memory that nobody else can write
//! to. So code that was compiled a moment ago is sealed and checked too.
//!
//! Loaded code lies in a file in memory, from which wasmtime maps it. Otherwise it would copy the
//! code once, and what each memory begins with once more. What plugins have in common is in the
//! memory once (ADR 44).

#![expect(
    unsafe_code,
    reason = "wasmtime loads machine code and takes processor features on trust; here is why it may"
)]

use std::collections::HashMap;
use std::ffi::c_void;
use std::fs::File;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::ops::Range;
use std::os::fd::AsRawFd as _;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use nix::fcntl::{FallocateFlags, FcntlArg, SealFlag, fallocate, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mprotect};
use nix::unistd::{SysconfVar, sysconf};
use object::{Object as _, ObjectSection as _};
use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

use flowhost_protocol::crypto::{CodeKeys, MAC_BYTES};

/// Machine code that this host, or another host with the same master key, compiled and sealed.
pub(super) struct OwnCode {
    sealed: Vec<u8>,
    code: usize,
}

/// Seals code that was just compiled: the MAC of head and code, followed by both.
pub(super) fn seal(keys: &CodeKeys, head: &[u8], code: &[u8]) -> Vec<u8> {
    let length = (head.len() as u64).to_le_bytes();
    let mac = keys.mac(&[&length, head, code]);
    [&mac, &length[..], head, code].concat()
}

impl OwnCode {
    /// Checks the output of [`seal`]. Returns `None` for anything else, and for code sealed with
    /// another key.
    pub(super) fn check(keys: &CodeKeys, sealed: Vec<u8>) -> Option<Self> {
        let (mac, content) = sealed.split_at_checked(MAC_BYTES)?;
        if !keys.verifies(&[content], mac) {
            return None;
        }
        let head = usize::try_from(u64::from_le_bytes(*content.first_chunk()?)).ok()?;
        let code =
            (MAC_BYTES + LENGTH_BYTES).checked_add(head).filter(|code| *code <= sealed.len())?;
        Some(Self { sealed, code })
    }

    /// The head that was sealed with the code.
    pub(super) fn head(&self) -> &[u8] {
        &self.sealed[MAC_BYTES + LENGTH_BYTES..self.code]
    }

    /// All of it, as [`seal`] made it.
    pub(super) fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    pub(super) fn code_bytes(&self) -> usize {
        self.sealed.len() - self.code
    }

    /// Makes the code callable. What it has in common with code that is loaded already is mapped from
    /// the file of that.
    pub(super) fn load(
        &self,
        engine: &Engine,
        shared: &SharedCode,
    ) -> wasmtime::Result<LoadedCode> {
        let image = &self.sealed[self.code..];
        let file = memory_file(image)?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // SAFETY: the file has the output of wasmtime's `precompile_component`: only `seal` makes a
        // MAC that `check` accepts, and it seals only what the compiling process answered. The
        // bytes lay in our own memory, which nobody has changed since `check`. The file is known to
        // this function alone until it is sealed, and what is taken out of it is replaced by the
        // same bytes first.
        let component = unsafe { Component::deserialize_file(engine, path) }?;
        let common =
            CommonPart::of(image).filter(|common| common.range.len() >= shared.least_bytes);
        let shared = match common {
            None => None,
            Some(common) => {
                let part = shared.file_of(&image[common.range.clone()])?;
                common.map(&component, &part)?;
                common.remove_from(&file)?;
                Some(part)
            }
        };
        make_unchangeable(&file)?;
        Ok(LoadedCode { component, shared })
    }
}

/// Code that can be called.
pub(super) struct LoadedCode {
    pub(super) component: Component,
    /// What has the part that other components have, too. Kept as long as one of them is loaded.
    pub(super) shared: Option<Arc<File>>,
}

/// Parts of code that several components have in common, each in a file in memory. A language's
/// runtime is compiled to the same code in each plugin that brings it.
pub(super) struct SharedCode {
    /// By the digest of their content.
    files: Mutex<HashMap<[u8; 32], Weak<File>>>,
    /// Less is not shared.
    least_bytes: usize,
}

impl Default for SharedCode {
    fn default() -> Self {
        Self::of_at_least(LEAST_SHARED)
    }
}

impl SharedCode {
    fn of_at_least(least_bytes: usize) -> Self {
        Self { files: Mutex::default(), least_bytes }
    }

    /// The file with this content, made if there is none.
    fn file_of(&self, content: &[u8]) -> io::Result<Arc<File>> {
        let digest = Sha256::digest(content).into();
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(&digest).and_then(Weak::upgrade) {
            return Ok(file);
        }
        let file = memory_file(content)?;
        make_unchangeable(&file)?;
        let file = Arc::new(file);
        files.retain(|_, file| file.strong_count() > 0);
        files.insert(digest, Arc::downgrade(&file));
        Ok(file)
    }
}

/// What compiled code has before what its memories begin with: whole pages of machine code, and of
/// tables about it. Nothing in it depends on what follows; only the header before it does.
struct CommonPart {
    /// Where it is in the file, and in memory from the file's beginning.
    range: Range<usize>,
    /// The machine code, which comes first.
    text_bytes: usize,
    /// All of the file.
    image_bytes: usize,
}

impl CommonPart {
    /// `None` if the code does not look as wasmtime writes it.
    fn of(image: &[u8]) -> Option<Self> {
        let page = usize::try_from(sysconf(SysconfVar::PAGE_SIZE).ok()??).ok()?;
        let file = object::File::parse(image).ok()?;
        let section = |name| {
            let (start, size) = file.section_by_name(name)?.file_range()?;
            let start = usize::try_from(start).ok()?;
            Some(start..start.checked_add(usize::try_from(size).ok()?)?)
        };
        let (text, data) = (section(".text")?, section(".rodata.wasm")?);
        let end = data.start / page * page;
        let fits = text.start < text.end && text.end <= end && data.end <= image.len();
        let is_aligned = text.start % page == 0 && text.end % page == 0;
        (fits && is_aligned).then(|| Self {
            range: text.start..end,
            text_bytes: text.len(),
            image_bytes: image.len(),
        })
    }

    /// Puts `file`, which has the same bytes, in this part's place in a component that nobody calls
    /// yet.
    fn map(&self, component: &Component, file: &File) -> io::Result<()> {
        let misplaced = || io::Error::other("loaded code is not where it should be");
        let image = component.image_range();
        if image.end.addr() - image.start.addr() != self.image_bytes {
            return Err(misplaced());
        }
        let start = image.start.cast_mut().cast::<c_void>().wrapping_byte_add(self.range.start);
        let start = NonNull::new(start).ok_or_else(misplaced)?;
        let bytes = NonZero::new(self.range.len()).ok_or_else(misplaced)?;
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_FIXED;
        let executable = ProtFlags::PROT_READ | ProtFlags::PROT_EXEC;
        // SAFETY: the pages are the component's own, which wasmtime mapped from a file and unmaps
        // as one range, whatever is mapped in it. They are only read, and have the same bytes
        // before and after. Nothing runs in them yet, so nobody misses between the two calls that
        // they may be executed. If one fails, the component is dropped.
        unsafe {
            mmap(Some(start.addr()), bytes, ProtFlags::PROT_READ, flags, file, 0)?;
            mprotect(start, self.text_bytes, executable)?;
        }
        Ok(())
    }

    /// Gives back the memory that the part takes in a file which is no longer mapped there.
    fn remove_from(&self, file: &File) -> io::Result<()> {
        let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        let offset = |bytes: usize| i64::try_from(bytes).map_err(io::Error::other);
        Ok(fallocate(file, hole, offset(self.range.start)?, offset(self.range.len())?)?)
    }
}

/// QuickJS's part is 2.7 MiB, CPython's 19. A plugin in Rust has 0.3 MiB that no other one has, and
/// an open file more for each would be a loss.
const LEAST_SHARED: usize = 1 << 20;

/// A file in memory with this content.
fn memory_file(content: &[u8]) -> io::Result<File> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut file = File::from(memfd_create("flowhost-code", flags)?);
    file.write_all(content)?;
    Ok(file)
}

/// From now on nobody can change the file, this process included.
fn make_unchangeable(file: &File) -> io::Result<()> {
    let size = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW;
    let seals = SealFlag::F_SEAL_SEAL | SealFlag::F_SEAL_WRITE | size;
    fcntl(file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(())
}

/// Compiles for the same processor on every host, so that any host can load what another one
/// compiled.
pub(super) fn assume_processor(config: &mut Config) -> wasmtime::Result<()> {
    config.target(TARGET)?;
    for (flag, _) in PROCESSOR {
        // SAFETY: the flags are instruction sets that `require_processor` checks before an engine
        // runs anything.
        unsafe { config.cranelift_flag_enable(flag) };
    }
    Ok(())
}

/// Checks that this processor can run compiled code. The error names what it lacks.
pub(super) fn require_processor() -> Result<(), String> {
    let missing: Vec<_> = PROCESSOR
        .iter()
        .filter(|(_, has)| !has())
        .map(|(flag, _)| flag.trim_start_matches("has_"))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("{PROCESSOR_NAME} is needed; this processor lacks {}", missing.join(", ")))
    }
}

/// An instruction set: cranelift's name for it, and whether this processor has it.
type InstructionSet = (&'static str, fn() -> bool);

/// x86-64-v2: every server since 2009 has it, and every virtual machine shows at least this (except
/// QEMU's oldest models). With less, rounding and counting bits become calls. With more (AVX2 in
/// v3) plugins gain little: they move text, and vectors are 128 bits wide in WebAssembly.
#[cfg(target_arch = "x86_64")]
const PROCESSOR: [InstructionSet; 5] = [
    ("has_sse3", || is_x86_feature_detected!("sse3")),
    ("has_ssse3", || is_x86_feature_detected!("ssse3")),
    ("has_sse41", || is_x86_feature_detected!("sse4.1")),
    ("has_sse42", || is_x86_feature_detected!("sse4.2")),
    ("has_popcnt", || is_x86_feature_detected!("popcnt")),
];
#[cfg(target_arch = "x86_64")]
const PROCESSOR_NAME: &str = "a processor of the level x86-64-v2";

/// ARMv8.0: cranelift needs no more than what it takes for granted there.
#[cfg(not(target_arch = "x86_64"))]
const PROCESSOR: [InstructionSet; 0] = [];
#[cfg(not(target_arch = "x86_64"))]
const PROCESSOR_NAME: &str = "another processor";

/// An explicit target keeps cranelift from detecting the features of the processor it runs on.
const TARGET: &str = match (cfg!(target_arch = "x86_64"), cfg!(target_env = "musl")) {
    (true, false) => "x86_64-unknown-linux-gnu",
    (true, true) => "x86_64-unknown-linux-musl",
    (false, false) => "aarch64-unknown-linux-gnu",
    (false, true) => "aarch64-unknown-linux-musl",
};

const LENGTH_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;
    use std::sync::Barrier;
    use std::{slice, thread};

    use flowhost_protocol::crypto::{MasterKey, MasterKeys};
    use nix::libc::{F_ADD_SEALS, SYS_fallocate, SYS_fcntl, SYS_memfd_create, SYS_mmap};
    use wasmtime::Store;
    use wasmtime::component::Linker;

    use super::super::engine::PluginEngine;
    use super::super::refusal::without;
    use super::*;

    fn keys() -> CodeKeys {
        CodeKeys::derive(&MasterKeys::new(MasterKey::generate(), None))
    }

    #[test]
    fn what_was_sealed_is_found_again() {
        let keys = keys();

        let own = OwnCode::check(&keys, seal(&keys, b"head", b"code")).unwrap();

        assert_eq!((own.head(), own.code_bytes()), (&b"head"[..], 4));
    }

    #[test]
    fn any_damage_makes_it_somebody_elses() {
        let keys = keys();
        let sealed = seal(&keys, b"head", b"code");
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(OwnCode::check(&keys, flipped).is_none(), "byte {at}");
            assert!(OwnCode::check(&keys, sealed[..at].to_vec()).is_none(), "cut at {at}");
        }
        assert!(OwnCode::check(&keys, [&sealed[..], b"x"].concat()).is_none());
        let of_another_host = CodeKeys::derive(&MasterKeys::new(MasterKey::generate(), None));
        assert!(OwnCode::check(&of_another_host, sealed).is_none());
    }

    #[test]
    fn what_components_have_in_common_is_in_memory_once() {
        let engine = PluginEngine::of_calls(4);
        let shared = SharedCode::of_at_least(1);
        let load = |data: &str, answer: u32| load(&engine, &shared, &component(data, answer));

        let [first, second] = ["\\2a", "\\2b and more"].map(|data| load(data, 1));
        let other = load("\\2c", 2);

        let file = |loaded: &LoadedCode| loaded.shared.clone().unwrap();
        assert!(Arc::ptr_eq(&file(&first), &file(&second)));
        assert!(!Arc::ptr_eq(&file(&first), &file(&other)));
        let inode = file(&first).metadata().unwrap().ino();
        assert_eq!(
            [&first, &second, &other].map(|loaded| text_inode(loaded) == inode),
            [true, true, false]
        );
        assert_eq!(
            [&first, &second, &other].map(|loaded| call(&engine, loaded)),
            [0x2a, 0x2b, 0x2c]
        );

        drop(first);
        assert_eq!(call(&engine, &second), 0x2b, "the file stays as long as one needs it");
        drop((second, other));
        let third = load("\\2d", 1);
        assert_eq!(call(&engine, &third), 0x2d);
        assert_eq!(
            shared.files.lock().unwrap().len(),
            1,
            "files of code that is gone are forgotten"
        );
    }

    #[test]
    fn the_memory_of_what_is_mapped_from_elsewhere_is_given_back() {
        let engine = PluginEngine::of_calls(4);
        let wasm = component("\\2a", 1);
        let image = engine.engine().precompile_component(&wasm).unwrap();
        let file = memory_file(&image).unwrap();
        let before = file.metadata().unwrap().blocks();

        let common = CommonPart::of(&image).unwrap();
        common.remove_from(&file).unwrap();

        let after = file.metadata().unwrap();
        assert_eq!((before - after.blocks()) * 512, common.range.len() as u64);
        assert_eq!(after.len(), image.len() as u64);
        let kept = std::fs::read(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
        assert_eq!(kept[common.range.end..], image[common.range.end..]);
        assert_eq!(kept[..common.range.start], image[..common.range.start]);
    }

    #[test]
    fn code_runs_on_when_nobody_names_the_file_of_its_part() {
        let engine = PluginEngine::of_calls(4);
        let shared = SharedCode::of_at_least(1);
        let mut first = load(&engine, &shared, &component("\\2a", 1));
        let inode = text_inode(&first);

        first.shared = None;
        let second = load(&engine, &shared, &component("\\2b", 1));

        assert_ne!(text_inode(&second), inode, "the first one's file is closed");
        assert_eq!([&first, &second].map(|loaded| call(&engine, loaded)), [0x2a, 0x2b]);
    }

    #[test]
    fn what_is_loaded_at_the_same_time_has_one_file() {
        let engine = PluginEngine::of_calls(4);
        let shared = SharedCode::of_at_least(1);
        let code: Vec<_> = (1..=16)
            .map(|data| own_code(&engine, &component(&format!("\\{data:02x}"), 1)))
            .collect();
        let barrier = Barrier::new(code.len());
        let load = |code: &OwnCode| {
            barrier.wait();
            code.load(engine.engine(), &shared).unwrap()
        };

        let loaded: Vec<_> = thread::scope(|threads| {
            let load = &load;
            let loads: Vec<_> = code.iter().map(|code| threads.spawn(move || load(code))).collect();
            loads.into_iter().map(|load| load.join().unwrap()).collect()
        });

        let file = loaded[0].shared.as_ref().unwrap();
        assert_eq!(Arc::strong_count(file), loaded.len());
        let answers: Vec<_> = loaded.iter().map(|loaded| call(&engine, loaded)).collect();
        assert_eq!(answers, (1..=16).collect::<Vec<_>>());
    }

    #[test]
    fn a_load_that_the_system_refuses_midway_leaves_what_is_loaded_as_it_is() {
        let engine = PluginEngine::of_calls(4);
        let shared = SharedCode::of_at_least(1);
        let first = load(&engine, &shared, &component("\\2a", 1));
        let code = own_code(&engine, &component("\\2b", 1));
        let in_place = MapFlags::MAP_PRIVATE | MapFlags::MAP_FIXED;

        for (call, argument) in [
            (SYS_memfd_create, None),
            (SYS_mmap, Some((3, in_place.bits() as u64))),
            (SYS_fallocate, None),
            (SYS_fcntl, Some((1, F_ADD_SEALS as u64))),
        ] {
            let load = || code.load(engine.engine(), &shared).map(|_| ());
            let error = without(call, argument, load).unwrap_err();
            let why = format!("{error:?}");
            assert!(why.contains("(os error 24)"), "{call}: {why}");
            assert_eq!(Arc::strong_count(first.shared.as_ref().unwrap()), 1, "{call}");
        }

        let second = code.load(engine.engine(), &shared).unwrap();
        assert_eq!(text_inode(&second), text_inode(&first));
        assert_eq!([&first, &second].map(|loaded| call(&engine, loaded)), [0x2a, 0x2b]);
    }

    #[test]
    fn plugins_in_typescript_share_their_runtime_and_keep_every_byte() {
        let engine = PluginEngine::of_calls(4);
        let shared = SharedCode::default();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/components/v1");
        let one = std::fs::read(format!("{folder}/typescript.wasm")).unwrap();
        let other = with_other_words(&one, "not this one", "not that one");

        let loaded = [one, other].map(|component| {
            let code = own_code(&engine, &component);
            let loaded = code.load(engine.engine(), &shared).unwrap();
            assert!(bytes(&loaded) == &code.sealed[code.code..]);
            loaded
        });

        assert!(bytes(&loaded[0]) != bytes(&loaded[1]), "they differ in what they say");
        let [one, other] = loaded.each_ref().map(|loaded| loaded.shared.as_ref().unwrap());
        assert!(Arc::ptr_eq(one, other));
        assert!(one.metadata().unwrap().len() > 2 << 20, "QuickJS is in it");
        assert_eq!(text_inode(&loaded[0]), text_inode(&loaded[1]));
    }

    /// The same component of another author.
    fn with_other_words(component: &[u8], from: &str, to: &str) -> Vec<u8> {
        let mut changed = component.to_vec();
        for at in 0..component.len() {
            if component[at..].starts_with(from.as_bytes()) {
                changed[at..][..to.len()].copy_from_slice(to.as_bytes());
            }
        }
        changed
    }

    /// All that is mapped for a component.
    fn bytes(loaded: &LoadedCode) -> &[u8] {
        let image = loaded.component.image_range();
        // SAFETY: wasmtime mapped it for reading, and unmaps it with the component.
        unsafe { slice::from_raw_parts(image.start, image.end.addr() - image.start.addr()) }
    }

    #[test]
    fn little_code_is_loaded_whole() {
        let engine = PluginEngine::of_calls(4);

        let loaded = load(&engine, &SharedCode::default(), &component("\\2a", 1));

        assert!(loaded.shared.is_none());
        assert_eq!(call(&engine, &loaded), 0x2a);
    }

    #[test]
    fn only_code_as_wasmtime_writes_it_has_a_common_part() {
        let engine = PluginEngine::of_calls(4);
        let image = engine.engine().precompile_component(&component("\\2a", 1)).unwrap();

        assert!(CommonPart::of(&image).is_some());
        for at in (0..image.len()).step_by(997) {
            assert!(CommonPart::of(&image[..at]).is_none(), "cut at {at}");
        }
    }

    /// A component whose `answer` gives the first byte of its memory.
    fn component(data: &str, unused: u32) -> Vec<u8> {
        let text = format!(
            r#"(component
                (core module $m
                    (memory 1)
                    (data (i32.const 0) "{data}")
                    (func (export "unused") (result i32) i32.const {unused})
                    (func (export "answer") (result i32) i32.const 0 i32.load8_u))
                (core instance $i (instantiate $m))
                (func (export "answer") (result u32)
                    (canon lift (core func $i "answer"))))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn load(engine: &PluginEngine, shared: &SharedCode, component: &[u8]) -> LoadedCode {
        own_code(engine, component).load(engine.engine(), shared).unwrap()
    }

    fn own_code(engine: &PluginEngine, component: &[u8]) -> OwnCode {
        let code = engine.engine().precompile_component(component).unwrap();
        let keys = keys();
        OwnCode::check(&keys, seal(&keys, b"{}", &code)).unwrap()
    }

    fn call(engine: &PluginEngine, loaded: &LoadedCode) -> u32 {
        let mut store = Store::new(engine.engine(), ());
        store.set_epoch_deadline(1_000);
        let linker = Linker::new(engine.engine());
        let instance = linker.instantiate(&mut store, &loaded.component).unwrap();
        let answer = instance.get_typed_func::<(), (u32,)>(&mut store, "answer").unwrap();
        answer.call(&mut store, ()).unwrap().0
    }

    /// The file that a component's machine code is mapped from, by the kernel's word.
    fn text_inode(loaded: &LoadedCode) -> u64 {
        let image = loaded.component.image_range();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let executable = maps.lines().find_map(|line| {
            let columns: Vec<_> = line.split_whitespace().collect();
            let start = usize::from_str_radix(columns[0].split('-').next()?, 16).ok()?;
            let is_text =
                columns[1] == "r-xp" && (image.start.addr()..image.end.addr()).contains(&start);
            is_text.then(|| columns[4].parse().unwrap())
        });
        executable.unwrap()
    }

    #[test]
    fn the_file_that_code_is_mapped_from_can_not_be_changed() {
        let file = memory_file(b"code").unwrap();
        make_unchangeable(&file).unwrap();
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let refused = |result: io::Result<()>| result.unwrap_err().kind();

        let again = File::options().write(true).open(&path).unwrap();

        assert_eq!(refused((&again).write_all(b"evil")), io::ErrorKind::PermissionDenied);
        assert_eq!(refused(again.set_len(0)), io::ErrorKind::PermissionDenied);
        assert_eq!(refused(file.set_len(8)), io::ErrorKind::PermissionDenied);
        assert_eq!(std::fs::read(&path).unwrap(), b"code");
    }

    #[test]
    fn this_processor_will_do() {
        assert_eq!(require_processor(), Ok(()));
    }
}
