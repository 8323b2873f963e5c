//! What it costs to compile a component.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::thread;

use flowhost_runtime::plugins::WorkerLimits;
use flowhost_tests::flowhost;
use flowhost_tests::measure::{Table, cpu_time, peak_resident_bytes};

use crate::guests::Guest;

pub(crate) fn measure(guests: &[Guest], rounds: u32) -> Table {
    let columns = ["component MiB", "compile CPU s", "compile memory MiB", "code MiB"];
    let mut table = Table::new("Languages: components", &columns);
    for _ in 0..rounds {
        for guest in guests {
            table.add(guest.name, compile(&guest.component));
        }
    }
    table
}

/// The figures of one component.
fn compile(component: &[u8]) -> Vec<f64> {
    let WorkerLimits { memory_bytes, cpu_seconds } = WorkerLimits::default();
    let mut command = flowhost(&["compile-worker"]);
    command.args(["--memory-bytes", &memory_bytes.to_string()]);
    command.args(["--cpu-seconds", &cpu_seconds.to_string()]);
    let mut worker = command.stdin(Stdio::piped()).spawn().unwrap();
    let (mut stdin, mut stdout) = (worker.stdin.take().unwrap(), worker.stdout.take().unwrap());
    let mut code = 0;
    let (mut cpu, mut memory) = (0.0, 0.0);
    thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(component).unwrap());
        let mut answer = [0; 64 << 10];
        while let read @ 1.. = stdout.read(&mut answer).unwrap() {
            // It has compiled, and waits until all of its answer is read.
            if code == 0 {
                cpu = cpu_time(worker.id()).unwrap().as_secs_f64();
                memory = mib(peak_resident_bytes(worker.id()));
            }
            code += read as u64;
        }
    });
    assert!(worker.wait().unwrap().success());
    vec![mib(component.len() as u64), cpu, memory, mib(code)]
}

pub(crate) fn mib(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "bytes of memory")]
    let bytes = bytes as f64;
    bytes / f64::from(1 << 20)
}
