//! What a compiling process gives up before it reads a component: resources past its limits, and
//! all system calls but those that a compiler needs. A component that took over the compiler could
//! open no file and no socket, and start no program.

use std::collections::BTreeMap;
use std::os::fd::RawFd;

use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::WorkerLimits;

/// Closes all descriptors but standard input, output and error. This crate opens none that a child
/// would inherit, but the process that started the host may have.
pub(super) fn close_inherited() -> std::io::Result<()> {
    let mut open = Vec::new();
    for descriptor in std::fs::read_dir("/proc/self/fd")? {
        open.extend(
            descriptor?.file_name().to_str().and_then(|number| number.parse::<RawFd>().ok()),
        );
    }
    for descriptor in open.into_iter().filter(|number| *number > libc::STDERR_FILENO) {
        // One of them is the descriptor of `/proc/self/fd` itself, which is closed already.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}

/// Limits this process for good.
pub(super) fn limit(limits: WorkerLimits) -> nix::Result<()> {
    // The hard limit is one second higher, so that the soft limit's signal says which limit it was.
    setrlimit(Resource::RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)?;
    let never = [
        Resource::RLIMIT_CORE,
        Resource::RLIMIT_FSIZE,
        Resource::RLIMIT_NPROC,
        Resource::RLIMIT_MEMLOCK,
    ];
    for resource in never {
        setrlimit(resource, 0, 0)?;
    }
    // Standard input, output and error.
    setrlimit(Resource::RLIMIT_NOFILE, 3, 3)?;
    setrlimit(Resource::RLIMIT_AS, limits.memory_bytes, limits.memory_bytes)
}

/// Restricts the calling thread to the listed system calls. Any other call fails with `EPERM`.
pub(super) fn drop_system_calls() -> Result<(), seccompiler::Error> {
    seccompiler::apply_filter(&filter()?)
}

fn filter() -> Result<BpfProgram, seccompiler::Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    // Memory may be mapped, but not as executable: code that was just written cannot run.
    let not_executable = SeccompCondition::new(
        PROTECTION_ARGUMENT,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64),
        0,
    );
    let not_executable = SeccompRule::new(vec![not_executable?])?;
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![not_executable.clone()]);
    }
    let architecture: TargetArch = std::env::consts::ARCH.try_into()?;
    let refused = SeccompAction::Errno(libc::EPERM as u32);
    Ok(SeccompFilter::new(rules, refused, SeccompAction::Allow, architecture)?.try_into()?)
}

/// What it takes to read, allocate, compute, write and exit. Reading and writing need an open
/// descriptor, and there are only three.
const ALLOWED: [i64; 23] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    // A crash has to end in the signal that says what it was.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// The index of the third argument of `mmap` and of `mprotect`.
const PROTECTION_ARGUMENT: u8 = 2;

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    use super::*;

    /// A filter holds for the thread that applied it and for threads that this one starts.
    fn confined<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(|| {
            drop_system_calls().unwrap();
            work()
        });
        thread.join().unwrap()
    }

    fn refused<T>(result: std::io::Result<T>) -> bool {
        result.err().and_then(|error| error.raw_os_error()) == Some(libc::EPERM)
    }

    #[test]
    fn there_is_no_network() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(TcpStream::connect(address).is_ok(), "without a filter somebody is there");

        let all = confined(move || {
            [
                refused(TcpStream::connect(address)),
                refused(TcpListener::bind("127.0.0.1:0")),
                refused(UdpSocket::bind("127.0.0.1:0")),
                refused(UnixStream::pair()),
            ]
        });

        assert_eq!(all, [true; 4]);
    }

    #[test]
    fn there_are_no_files_programs_and_other_processes() {
        let own = nix::unistd::getppid();

        let all = confined(move || {
            [
                refused(File::open("/proc/self/environ")),
                refused(File::create("/tmp/flowhost-confined")),
                refused(std::fs::read_dir("/")),
                refused(std::fs::remove_file("/tmp/flowhost-confined")),
                refused(Command::new("/bin/true").status()),
                refused(std::thread::Builder::new().spawn(|| ())),
                nix::sys::signal::kill(own, None) == Err(nix::errno::Errno::EPERM),
            ]
        });

        assert_eq!(all, [true; 7]);
    }

    #[test]
    fn a_compiler_can_do_its_work() {
        let compiled = confined(|| {
            let engine = crate::plugins::engine::compiling_engine().unwrap();
            let component = wat::parse_str(
                "(component (core module (func (export \"f\") (result i32) i32.const 1)))",
            )
            .unwrap();
            engine.precompile_component(&component).map(|code| code.len())
        });

        assert!(compiled.unwrap() > 0);
    }

    #[test]
    fn code_that_was_just_written_can_not_be_run() {
        let denied = confined(|| {
            let engine = crate::plugins::engine::compiling_engine().unwrap();
            // Loading code maps it as executable.
            wasmtime::component::Component::new(
                &engine,
                wat::parse_str("(component (core module (func)))").unwrap(),
            )
            .is_err()
        });

        assert!(denied);
    }
}
