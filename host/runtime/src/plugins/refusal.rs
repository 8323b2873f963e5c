//! For tests: what happens when the operating system refuses something.

use std::thread;

use nix::libc::{EMFILE, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// Does the work on a thread that may not make this system call (with this number as the argument of
/// this index, if one is given). It is told that too many files are open.
pub(super) fn without<T: Send>(
    call: c_long,
    argument: Option<(u8, u64)>,
    work: impl FnOnce() -> T + Send,
) -> T {
    let is = |(index, value)| {
        let (length, equal) = (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq);
        SeccompCondition::new(index, length, equal, value).unwrap()
    };
    let rule = argument.map(|argument| SeccompRule::new(vec![is(argument)]).unwrap());
    let rules = [(call, Vec::from_iter(rule))].into();
    let refused = SeccompAction::Errno(EMFILE as u32);
    let architecture = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, architecture);
    let filter: BpfProgram = filter.unwrap().try_into().unwrap();
    thread::scope(|threads| {
        let thread = threads.spawn(|| {
            seccompiler::apply_filter(&filter).unwrap();
            work()
        });
        thread.join().unwrap()
    })
}
