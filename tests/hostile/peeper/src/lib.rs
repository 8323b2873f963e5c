//! Looks around. Each word in `do` tries one thing, and the screen's data lists what it found. On
//! an honest host the list is empty.
//!
//! `files`, `sockets`, `names`, `environment`, `arguments` and `input` use the standard library.
//! `remember` looks for what an earlier call left in a static, a thread-local and the heap.

use std::cell::Cell;
use std::fmt::Debug;
use std::io::{Read, stdin};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::Mutex;
use std::time::Duration;
use std::{env, fs, io};

use common::{Calls, Guest, Mischief};
use flowhost_sdk::{Error, Reply, Session, json};

struct Peeper;

impl Mischief for Peeper {
    #[expect(
        clippy::disallowed_methods,
        reason = "a guest has no configuration to read: that there is nothing is what it shows"
    )]
    fn act(what: &str, _: &mut Session<Calls>) -> Option<Result<Reply, Error>> {
        let got = match what {
            "files" => files(),
            "sockets" => sockets(),
            "names" => NAMES
                .iter()
                .flat_map(|name| gotten(name, (*name, 80).to_socket_addrs().map(Vec::from_iter)))
                .collect(),
            "environment" => env::vars_os().map(|variable| format!("{variable:?}")).collect(),
            "arguments" => env::args_os().map(|argument| format!("{argument:?}")).collect(),
            "input" => input(),
            "remember" => remember(),
            _ => return None,
        };
        Some(Ok(Reply::screen("NEXT").data(json!({ "got": got }))))
    }
}

fn files() -> Vec<String> {
    let read = PATHS.iter().flat_map(|path| gotten(path, fs::read(path)));
    let listed = PATHS.iter().flat_map(|path| gotten(path, fs::read_dir(path).map(Vec::from_iter)));
    let known = PATHS.iter().flat_map(|path| gotten(path, fs::metadata(path)));
    let written = PATHS.iter().flat_map(|path| gotten(path, fs::write(format!("{path}/x"), "x")));
    let others = [
        gotten("create", fs::File::create("x")),
        gotten("make a folder", fs::create_dir_all("a/b")),
        gotten("remove", fs::remove_dir_all("/")),
        gotten("link", fs::hard_link("/etc/passwd", "x")),
        gotten("rename", fs::rename("/etc/passwd", "/tmp/x")),
    ];
    read.chain(listed).chain(known).chain(written).chain(others.into_iter().flatten()).collect()
}

fn sockets() -> Vec<String> {
    let connected = ADDRESSES.iter().flat_map(|address| {
        let address: SocketAddr = address.parse().expect("written here");
        gotten("connect", TcpStream::connect_timeout(&address, Duration::from_secs(1)))
    });
    let bound = ["0.0.0.0:0", "127.0.0.1:0", "[::]:0"].iter().flat_map(|address| {
        [gotten("listen", TcpListener::bind(address)), gotten("bind", UdpSocket::bind(address))]
            .into_iter()
            .flatten()
    });
    connected.chain(bound).collect()
}

fn input() -> Vec<String> {
    let mut input = Vec::new();
    let _ = stdin().take(1000).read_to_end(&mut input);
    input.chunks(100).map(|piece| format!("{piece:?}")).collect()
}

/// Returns what was there before, and leaves something itself.
fn remember() -> Vec<String> {
    let mut shelf = SHELF.lock().expect("one thread");
    let before = (!shelf.is_empty()).then(|| format!("{} on the shelf", shelf.len()));
    shelf.push("left behind".repeat(1000));
    let count = COUNT.with(|count| count.replace(count.get() + 1));
    before.into_iter().chain((count > 0).then(|| format!("{count} calls before"))).collect()
}

fn gotten<T: Debug>(what: &str, result: io::Result<T>) -> Option<String> {
    result.ok().map(|got| format!("{what}: {got:?}"))
}

static SHELF: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

const PATHS: [&str; 8] = [
    "/",
    ".",
    "..",
    "/etc/passwd",
    "/proc/self/environ",
    "/proc/self/mem",
    "/dev/null",
    "../../../../etc/passwd",
];

const NAMES: [&str; 3] = ["localhost", "example.com", "metadata.google.internal"];

const ADDRESSES: [&str; 4] = ["127.0.0.1:80", "169.254.169.254:80", "[::1]:5432", "1.1.1.1:53"];

flowhost_sdk::export!(Guest<Peeper>);
