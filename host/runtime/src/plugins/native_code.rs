//! Native code, and the only file of this crate with `unsafe` in it. The compiler cannot check that
//! machine code is our own and made for this processor.
//!
//! [`OwnCode`] is the only way to load code, and [`OwnCode::check`] the only way to get one. The
//! MAC is checked over the very bytes that are then loaded, in memory that nobody else can write
//! to. So code that was compiled a moment ago is sealed and checked too.
//!
//! Loaded code lies in a file in memory, from which wasmtime maps it. Otherwise it would copy the
//! code once, and what each memory begins with once more.

#![expect(
    unsafe_code,
    reason = "wasmtime loads machine code and takes processor features on trust; here is why it may"
)]

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
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

    /// Makes the code callable.
    pub(super) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        let file = unchangeable_file(&self.sealed[self.code..])?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // SAFETY: the file has the output of wasmtime's `precompile_component`: only `seal` makes a
        // MAC that `check` accepts, and it seals only what the compiling process answered. The
        // bytes lay in our own memory, which nobody has changed since `check`, and nobody can
        // change the file as long as it is mapped.
        unsafe { Component::deserialize_file(engine, path) }
    }
}

/// A file in memory with this content, which nobody can change, this process included.
fn unchangeable_file(content: &[u8]) -> io::Result<File> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut file = File::from(memfd_create("flowhost-code", flags)?);
    file.write_all(content)?;
    let size = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW;
    let seals = SealFlag::F_SEAL_SEAL | SealFlag::F_SEAL_WRITE | size;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file)
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
    use super::*;
    use flowhost_protocol::crypto::{MasterKey, MasterKeys};

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
    fn the_file_that_code_is_mapped_from_can_not_be_changed() {
        let file = unchangeable_file(b"code").unwrap();
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
