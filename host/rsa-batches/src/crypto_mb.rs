//! The functions of `libcrypto_mb.so.11`, and the only file of this package with `unsafe` in it.
//! The compiler can check neither that a file is that library nor what its functions do with
//! pointers.
//!
//! Facts about interface 11 that the arguments below rest on. `mbx_rsa_private_crt_mb8` and
//! `mbx_rsa_public_mb8` take arrays of eight pointers. Of each number that is read they read as
//! many bytes as the key size says: 256 of an input (big-endian), 32 words of a modulus, 16 of each
//! of the five parts of a private key (little-endian). They write 256 bytes to each output, and
//! otherwise only into the memory that they are given to work in, which they align themselves. They
//! keep no pointer and have no state, so any thread may call them at any time. The status that they
//! return has four bits for each lane, which are 0 if it was computed.

#![expect(unsafe_code, reason = "functions of a library in C; here is why they may be called")]

use std::ffi::{OsStr, c_int, c_void};

use libloading::Library;
use zeroize::Zeroizing;

use flowhost_protocol::crypto::{Block, LANES, LaneKey, RsaLanes};

use crate::LoadError;

/// The library's name for the system's loader.
pub const LIBRARY: &str = "libcrypto_mb.so.11";

/// The library, loaded and fit for this processor.
pub struct CryptoMb {
    private: Private,
    public: Public,
    private_method: Method,
    public_method: Method,
    /// Holds what the functions above are in.
    _library: Library,
}

/// How the library computes one kind of operation, and the memory that it needs to work in.
struct Method {
    method: *const c_void,
    memory_words: usize,
}

impl CryptoMb {
    /// Loads the library: a path, or a name that the system's loader looks up ([`LIBRARY`]).
    ///
    /// Whatever is there is executed: name nothing that others may write to.
    pub fn load(name: impl AsRef<OsStr>) -> Result<Self, LoadError> {
        // SAFETY: loading runs the initialisers of the file, and of the libraries that it needs.
        // `crypto_mb` has none that do anything, and libcrypto's are made for being loaded at any
        // time. That the file is this library is the operator's word, as it is for every library
        // that this program is started with; the version that it states is checked below.
        let library = unsafe { Library::new(name.as_ref()) }?;
        check_version(&library)?;
        // SAFETY: interface 11 declares `int mbx_is_crypto_mb_applicable(int64u)`, which asks the
        // processor if the argument is 0, and touches no memory.
        let applicable = unsafe { library.get::<Applicable>("mbx_is_crypto_mb_applicable")?(0) };
        if applicable == 0 {
            return Err(LoadError::Processor);
        }
        // SAFETY: interface 11 declares these two functions as the types say.
        let (private, public) = unsafe {
            (*library.get("mbx_rsa_private_crt_mb8")?, *library.get("mbx_rsa_public_mb8")?)
        };
        Ok(Self {
            private,
            public,
            private_method: Method::of(&library, "mbx_RSA2K_private_crt_Method")?,
            public_method: Method::of(&library, "mbx_RSA2K_pub65537_Method")?,
            _library: library,
        })
    }
}

/// Refuses a library whose functions may be others than those that are declared here.
fn check_version(library: &Library) -> Result<(), LoadError> {
    // SAFETY: every interface declares `const mbxVersion* mbx_getversion(void)`, which returns a
    // constant of the library.
    let version = unsafe { library.get::<GetVersion>("mbx_getversion")?() };
    // SAFETY: the pointer is null, or leads to that constant, which begins with these two numbers
    // in every interface and stays as long as the library, which is borrowed here.
    let version = unsafe { version.as_ref() };
    match version {
        Some(Version { major: 1, minor: 0 }) => Ok(()),
        Some(Version { major, minor }) => Err(LoadError::Version(format!("{major}.{minor}"))),
        None => Err(LoadError::Version("unknown".to_owned())),
    }
}

impl Method {
    fn of(library: &Library, name: &str) -> Result<Self, LoadError> {
        // SAFETY: interface 11 declares functions of these names that take nothing and return a
        // pointer to a constant of the library, and `int mbx_RSA_Method_BufSize(const
        // mbx_RSA_Method*)`, which reads that constant.
        let (method, bytes) = unsafe {
            let method = library.get::<GetMethod>(name)?();
            (method, library.get::<MemoryBytes>("mbx_RSA_Method_BufSize")?(method))
        };
        match usize::try_from(bytes) {
            Ok(wanted @ 1..=MOST_MEMORY) if !method.is_null() => {
                Ok(Self { method, memory_words: wanted.div_ceil(size_of::<u64>()) })
            }
            _ => Err(LoadError::Memory(bytes)),
        }
    }

    /// Memory to work in, which is wiped when dropped: blocks and parts of keys stay in it.
    fn memory(&self) -> Zeroizing<Vec<u64>> {
        Zeroizing::new(vec![0; self.memory_words])
    }
}

// SAFETY: the pointers in `Method` lead to constants of the library that nobody writes, and the
// functions may be called on any thread.
unsafe impl Send for CryptoMb {}

// SAFETY: as above; a call has all that it writes to in arguments of its own.
unsafe impl Sync for CryptoMb {}

impl RsaLanes for CryptoMb {
    fn private(
        &self,
        keys: [&LaneKey; LANES],
        numbers: &[Block; LANES],
        results: &mut [Block; LANES],
    ) -> [bool; LANES] {
        let mut memory = self.private_method.memory();
        let part = |part: fn(&LaneKey) -> &[u64; 16]| keys.map(|key| part(key).as_ptr());
        let (p, q) = (part(|key| &key.p), part(|key| &key.q));
        let (dp, dq, iq) = (part(|key| &key.dp), part(|key| &key.dq), part(|key| &key.iq));
        // SAFETY: each of the seven arrays has eight pointers; by their types, each leads to 256
        // bytes, or to 16 words, that live for the whole call. The outputs are borrowed mutably,
        // lie apart from each other, and from all else. 2048 is the size that all these lengths
        // belong to, the method is that of this size and operation, and the memory is as large as
        // the library said that this method needs.
        let status = unsafe {
            (self.private)(
                numbers.each_ref().map(|number| number.as_ptr()).as_ptr(),
                results.each_mut().map(|result| result.as_mut_ptr()).as_ptr(),
                p.as_ptr(),
                q.as_ptr(),
                dp.as_ptr(),
                dq.as_ptr(),
                iq.as_ptr(),
                KEY_BITS,
                self.private_method.method,
                memory.as_mut_ptr().cast(),
            )
        };
        computed(status)
    }

    fn public(
        &self,
        keys: [&LaneKey; LANES],
        numbers: &[Block; LANES],
        results: &mut [Block; LANES],
    ) -> [bool; LANES] {
        let mut memory = self.public_method.memory();
        // SAFETY: as for the private operation, with one array of eight pointers to 32 words, the
        // length of a modulus of 2048 bits.
        let status = unsafe {
            (self.public)(
                numbers.each_ref().map(|number| number.as_ptr()).as_ptr(),
                results.each_mut().map(|result| result.as_mut_ptr()).as_ptr(),
                keys.map(|key| key.n.as_ptr()).as_ptr(),
                KEY_BITS,
                self.public_method.method,
                memory.as_mut_ptr().cast(),
            )
        };
        computed(status)
    }
}

fn computed(status: u32) -> [bool; LANES] {
    std::array::from_fn(|lane| (status >> (4 * lane)) & 0xf == 0)
}

/// The numbers that a version begins with.
#[repr(C)]
struct Version {
    major: c_int,
    minor: c_int,
}

type GetVersion = unsafe extern "C" fn() -> *const Version;
type Applicable = unsafe extern "C" fn(u64) -> c_int;
type GetMethod = unsafe extern "C" fn() -> *const c_void;
type MemoryBytes = unsafe extern "C" fn(*const c_void) -> c_int;

/// Inputs, outputs; p, q, dp, dq, iq; the key's bits; the method, and memory to work in.
type Private = unsafe extern "C" fn(
    *const *const u8,
    *const *mut u8,
    *const *const u64,
    *const *const u64,
    *const *const u64,
    *const *const u64,
    *const *const u64,
    c_int,
    *const c_void,
    *mut u8,
) -> u32;

/// Inputs, outputs; n; the key's bits; the method, and memory to work in.
type Public = unsafe extern "C" fn(
    *const *const u8,
    *const *mut u8,
    *const *const u64,
    c_int,
    *const c_void,
    *mut u8,
) -> u32;

const KEY_BITS: c_int = 2048;

/// The library needs 54 KiB.
const MOST_MEMORY: usize = 1 << 20;
