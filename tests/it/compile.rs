//! Compiling runs in a process without secrets or rights, within limits, and one component at a
//! time for each tenant.

use std::fs;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use flowhost_tests::{
    AdminReply, Component, TestFlow, TestHost, compile_bomb, eventually, logged, program, variant,
};
use futures_util::future::select_all;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tracing::Level;

#[tokio::test]
async fn a_compile_bomb_is_refused_by_the_limit_that_it_broke() {
    let bomb = compile_bomb(4_000, 12_000);
    assert!(bomb.len() < 200 << 10);
    for (cpu_seconds, memory_bytes, time, reason) in [
        (1, 2 << 30, 120, "more than 1 s of CPU"),
        (60, 400 << 20, 120, "more than 400 MiB of memory"),
        (60, 2 << 30, 1, "not through after 1 s"),
    ] {
        let host = TestHost::compiling(|config| {
            config.compile.cpu_seconds = cpu_seconds;
            config.compile.memory_bytes = memory_bytes;
            config.compile.time = Duration::from_secs(time);
        })
        .await;
        let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;

        let refused = flow.upload(bomb.clone()).await;

        assert!(refused.problem(422).contains(reason), "{reason}: {}", refused.text);
        assert!(refused.text.contains("split it up"), "{}", refused.text);
        assert_eq!(
            flow.call("GET", "/versions", Value::Null).await.expect(200),
            json!({"versions": []})
        );
    }
}

#[tokio::test]
async fn a_compiler_that_crashed_or_ran_out_of_memory_is_tried_again() {
    let host = TestHost::compiling(|_| ()).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    for crash in [
        "kill -SEGV $$",
        "exit 101",
        "echo memory allocation of 9 bytes failed >&2; kill -ABRT $$",
        "kill -KILL $$",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (compiler, mended) = (folder.path().join("compiler"), folder.path().join("mended"));
        let second = host
            .second_configured(|config| {
                let (works, program) = (mended.display(), config.compile.program.display());
                let script = format!(
                    "#!/bin/sh\nif [ -e {works} ]; then exec {program} \"$@\"; fi\n{crash}\n"
                );
                fs::write(&compiler, script).unwrap();
                fs::set_permissions(&compiler, fs::Permissions::from_mode(0o700)).unwrap();
                config.compile.program = compiler;
            })
            .await;
        assert_eq!(flow.at(&second).ask("count", "token-of-ana").await.status, 503, "{crash}");

        fs::write(&mended, "").unwrap();

        flow.served_at(&second).await;
    }
}

#[tokio::test]
async fn while_one_tenants_bomb_is_compiled_others_upload_and_are_served() {
    let host = TestHost::compiling(|config| config.compile.cpu_seconds = 56).await;
    let attacker = host.tenant("attacker").await.flow_without_plugin("bomb", json!({})).await;
    let other = host.tenant("other").await.flow_without_plugin("booking", json!({})).await;
    let bomb = upload_apart(&attacker, compile_bomb(4_000, 12_000));
    worker_with("56").await;
    let second = upload_apart(&attacker, variant(Component::Echo.bytes().await, 1));

    other.deploy(Component::Steady).await;
    assert_eq!(other.count("token-of-ana").await, 1);

    assert!(!bomb.is_finished(), "it was under way all the time");
    assert!(!second.is_finished(), "a tenant's components are compiled one after another");
    // When the client hangs up, the compiler is ended and the next upload has its turn.
    bomb.abort();
    second.await.unwrap().expect(201);
}

#[tokio::test]
async fn a_compiling_process_has_no_secrets_no_descriptors_and_no_rights() {
    let host = TestHost::compiling(|config| config.compile.cpu_seconds = 57).await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let upload = upload_apart(&flow, compile_bomb(4_000, 12_000));

    let worker = worker_with("57").await;
    let text = |name: &str| fs::read_to_string(worker.join(name)).unwrap();
    let status = eventually("the process is confined", async || {
        let status = text("status");
        status.contains("Seccomp:\t2").then_some(status)
    })
    .await;

    assert_eq!(text("environ"), "");
    assert!(status.contains("NoNewPrivs:\t1") && status.contains("Threads:\t1"), "{status}");
    let mut open: Vec<_> =
        fs::read_dir(worker.join("fd")).unwrap().map(|fd| fd.unwrap().file_name()).collect();
    open.sort();
    assert_eq!(open, ["0", "1", "2"]);
    let limits = text("limits");
    let limit = |name: &str| {
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_else(|| panic!("{name}: {limits}"));
        line.split_whitespace().next().unwrap().to_owned()
    };
    let names = [
        "Max cpu time",
        "Max address space",
        "Max file size",
        "Max core file size",
        "Max processes",
        "Max open files",
    ];
    assert_eq!(names.map(limit), ["57", "2147483648", "0", "0", "0", "3"]);

    upload.abort();
    eventually("the process is ended with its upload", async || {
        (!worker.join("exe").exists()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_host_without_its_compiler_says_so_and_blames_nobody() {
    let host =
        TestHost::compiling(|config| config.compile.program = "/does/not/exist".into()).await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;

    let failed = flow.upload(Component::Steady.bytes().await).await;

    failed.problem(500);
    assert!(!logged(Level::ERROR, "/does/not/exist can't be started to compile").is_empty());
}

#[tokio::test]
async fn a_compiler_that_dies_is_no_answer() {
    let host = TestHost::compiling(|config| config.compile.program = "/bin/false".into()).await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;

    flow.upload(Component::Steady.bytes().await).await.problem(500);

    assert_eq!(
        flow.call("GET", "/versions", Value::Null).await.expect(200),
        json!({"versions": []})
    );
}

#[tokio::test]
async fn an_upload_that_can_not_be_kept_is_507() {
    let host =
        TestHost::compiling(|config| config.compile.upload_folder = "/proc/flowhost".into()).await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;

    let refused = flow.upload(Component::Steady.bytes().await).await;

    assert!(refused.problem(507).contains("can't keep the upload"), "{}", refused.text);
}

#[tokio::test]
async fn a_tenants_uploads_under_way_are_limited_and_anothers_are_not_affected() {
    let host = TestHost::compiling(|_| ()).await;
    let attacker = host.tenant("attacker").await.flow_without_plugin("bomb", json!({})).await;
    let other = host.tenant("other").await.flow_without_plugin("booking", json!({})).await;
    let bombs =
        (0..5).map(|number| upload_apart(&attacker, variant(&compile_bomb(4_000, 12_000), number)));
    let (refused, _, bombs) = select_all(bombs).await;
    let refused = refused.unwrap();

    assert!(refused.problem(429).contains("4 uploads under way"), "{}", refused.text);
    other.upload(Component::Steady.bytes().await).await.expect(201);
    bombs.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn what_tests_share_is_what_the_compiler_answers() {
    let mut shared = PathBuf::new();
    let _host = TestHost::configured(|config| shared = config.compile.program.clone()).await;
    let steady = Component::Steady.bytes().await;
    let limits = ["--memory-bytes", "2147483648", "--cpu-seconds", "58"];
    let real = compiled_by(&program(), &limits, steady);
    assert!(
        real.status.success() && real.stdout.len() > steady.len(),
        "{}",
        String::from_utf8_lossy(&real.stderr)
    );

    for time in ["the first time", "from then on"] {
        let answered = compiled_by(&shared, &limits, steady);
        assert!(answered.status.success() && answered.stdout == real.stdout, "{time}");
    }

    let refused = compiled_by(&shared, &limits[..1], steady);
    assert_eq!(refused.status.code(), Some(64), "what the compiler says of a failure is passed on");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--memory-bytes"), "{refused:?}");
}

fn compiled_by(program: &Path, limits: &[&str], component: &[u8]) -> Output {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(component).unwrap();
    file.rewind().unwrap();
    Command::new(program).arg("compile-worker").args(limits).stdin(file).output().unwrap()
}

fn upload_apart(flow: &TestFlow, component: Vec<u8>) -> JoinHandle<AdminReply> {
    let flow = flow.clone();
    tokio::spawn(async move { flow.upload(component).await })
}

/// The `/proc` folder of the process that compiles with this CPU limit. Each test uses its own
/// number.
async fn worker_with(cpu_seconds: &str) -> PathBuf {
    let wanted =
        format!("compile-worker\0--memory-bytes\0{}\0--cpu-seconds\0{cpu_seconds}\0", 2_u64 << 30);
    eventually("a component is compiled", async || {
        let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        let calls = |process: &PathBuf| {
            fs::read_to_string(process.join("cmdline")).is_ok_and(|line| line.ends_with(&wanted))
        };
        processes.into_iter().find(calls)
    })
    .await
}
