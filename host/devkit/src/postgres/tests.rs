//! Tests the embedded server from outside: starts, stops, and what is left behind.

use std::fs::{self, File};
use std::io::{BufRead, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::unistd::{Pid, geteuid};
use tempfile::TempDir;

use super::*;

#[tokio::test]
async fn data_outlives_a_stop_and_a_start() {
    let folder = data_folder();
    let postgres = start(folder.path()).await.unwrap();
    postgres.create_database_if_missing("it's \"quoted\"").await.unwrap();
    postgres.create_database_if_missing("it's \"quoted\"").await.unwrap();
    execute(&postgres, "it's \"quoted\"", "create table kept as select 42 as n").await;
    postgres.stop().await.unwrap();

    let postgres = start(folder.path()).await.unwrap();

    assert_eq!(number(&postgres, "it's \"quoted\"", "select n from kept").await, 42);
    assert_eq!(text(&postgres, "show server_encoding").await, "UTF8");
    assert_eq!(text(&postgres, "show listen_addresses").await, "");
    assert_eq!(text(&postgres, "show fsync").await, "on");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_start_in_the_same_folder_is_refused() {
    let folder = data_folder();
    let postgres = start(folder.path()).await.unwrap();

    let second = start(folder.path()).await;

    let own = std::process::id().to_string();
    assert!(matches!(second, Err(PostgresError::InUse { pid, .. }) if pid == own));
    assert_eq!(number(&postgres, "postgres", "select 1").await, 1);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_throwaway_cluster_leaves_nothing() {
    let postgres = EmbeddedPostgres::start(Options::throwaway(programs()), |_| ()).await.unwrap();
    let socket_folder = postgres.connect_options("postgres").get_socket().unwrap().clone();
    assert_eq!(number(&postgres, "postgres", "select 1").await, 1);
    assert_eq!(text(&postgres, "show fsync").await, "off");
    let mode = socket_folder.metadata().unwrap().mode();

    postgres.stop().await.unwrap();

    assert_eq!(mode & 0o777, 0o700);
    assert!(!socket_folder.exists());
}

#[tokio::test]
async fn dropping_it_stops_the_server_too() {
    let folder = data_folder();
    let postgres = start(folder.path()).await.unwrap();
    let socket_folder = postgres.connect_options("postgres").get_socket().unwrap().clone();
    let server = server_pid(folder.path());

    drop(postgres);

    wait_until("the server is gone", || !is_alive(server) && !socket_folder.exists());
}

#[tokio::test]
async fn a_start_given_up_during_initdb_leaves_no_server() {
    let folder = data_folder();
    let half_done = folder.path().join("postgres/data.new");
    let begun = async {
        while !half_done.exists() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };

    tokio::select! {
        started = start(folder.path()) => panic!("initdb was not seen: {started:?}"),
        () = begun => {}
    }

    let server_lock =
        File::options().write(true).open(folder.path().join("postgres.running")).unwrap();
    wait_until("the server is gone", || server_lock.try_lock().is_ok());
    assert!(!folder.path().join("postgres/data/postmaster.pid").exists());
}

#[tokio::test]
async fn a_killed_host_leaves_no_server_and_the_next_start_has_its_data() {
    let folder = data_folder();
    let mut host = spawn_host(folder.path());
    wait_until("the other host is ready", || folder.path().join("ready").exists());
    let server = server_pid(folder.path());
    assert!(is_alive(server));
    let socket_folder = fs::read_to_string(folder.path().join("ready")).unwrap();

    host.kill().unwrap();
    host.wait().unwrap();
    let postgres = start(folder.path()).await.unwrap();

    assert!(!is_alive(server));
    assert_eq!(number(&postgres, "postgres", "select n from committed").await, 7);
    postgres.stop().await.unwrap();
    wait_until("the socket folder is gone", || !Path::new(&socket_folder).exists());
}

/// The other process of the test above: a host that runs until it is killed.
#[tokio::test]
#[ignore = "only another test runs this, in a process of its own"]
async fn host_that_is_going_to_be_killed() {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    let folder = Path::new(line.trim());
    let postgres = start(folder).await.unwrap();
    execute(&postgres, "postgres", "create table committed as select 7 as n").await;
    let socket_folder = postgres.connect_options("postgres").get_socket().unwrap().clone();
    fs::write(folder.join("ready.new"), socket_folder.to_str().unwrap()).unwrap();
    fs::rename(folder.join("ready.new"), folder.join("ready")).unwrap();
    std::future::pending().await
}

#[tokio::test]
async fn an_initdb_that_was_killed_half_way_is_done_again() {
    let folder = data_folder();
    let data = DataFolder::lock(folder.path()).unwrap();
    let home = data.home(|_| ()).unwrap();
    let half_done = home.cluster().with_extension("new");
    fs::create_dir(&half_done).unwrap();
    home.user.take_over(&half_done).unwrap();
    fs::write(half_done.join("PG_VERSION"), "1").unwrap();
    drop(data);

    let postgres = start(folder.path()).await.unwrap();

    assert_eq!(number(&postgres, "postgres", "select 1").await, 1);
    assert!(!half_done.exists());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_waits_for_the_server_of_an_earlier_host() {
    let folder = data_folder();
    start(folder.path()).await.unwrap().stop().await.unwrap();
    let earlier = File::options().write(true).open(folder.path().join("postgres.running")).unwrap();
    earlier.lock().unwrap();
    let said = std::sync::Mutex::new(Vec::new());
    let earlier = std::sync::Mutex::new(Some(earlier));

    let postgres = EmbeddedPostgres::start(Options::durable(programs(), folder.path()), |line| {
        said.lock().unwrap().push(line.to_owned());
        // The earlier server ends as soon as the start waits for it.
        drop(earlier.lock().unwrap().take());
    });
    let postgres = postgres.await.unwrap();

    assert_eq!(
        *said.lock().unwrap(),
        ["waiting for the database server of an earlier flowhost to shut down"]
    );
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_start_is_quoted() {
    let folder = data_folder();
    start(folder.path()).await.unwrap().stop().await.unwrap();
    fs::write(folder.path().join("postgres/data/PG_VERSION"), "9.4\n").unwrap();

    let failed = start(folder.path()).await;

    let Err(PostgresError::Ended { log_tail, .. }) = failed else { panic!("{failed:?}") };
    assert!(log_tail.contains("initialized by PostgreSQL version 9.4"), "{log_tail}");
}

#[tokio::test]
async fn a_throwaway_cluster_that_cannot_be_made_is_quoted_and_gone() {
    let broken = data_folder();
    fs::set_permissions(broken.path(), fs::Permissions::from_mode(0o711)).unwrap();
    for (name, script) in [("initdb", "#!/bin/sh\necho no room for $1; exit 3\n"), ("postgres", "")]
    {
        fs::write(broken.path().join(name), script).unwrap();
        fs::set_permissions(broken.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let programs = PgPrograms::find(Some(broken.path()), None).unwrap();

    let failed = EmbeddedPostgres::start(Options::throwaway(programs), |_| ()).await;

    let Err(PostgresError::Ended { log_tail, log_file, .. }) = failed else { panic!("{failed:?}") };
    assert!(log_tail.starts_with("no room for --pgdata="), "{log_tail}");
    assert!(!log_file.parent().unwrap().exists());
}

#[tokio::test]
async fn a_folder_above_that_bars_the_way_moves_the_cluster() {
    let above = data_folder();
    let folder = above.path().join("data");
    let said = std::sync::Mutex::new(Vec::new());
    let options = Options::durable(programs(), &folder);

    let postgres =
        EmbeddedPostgres::start(options, |line| said.lock().unwrap().push(line.to_owned()))
            .await
            .unwrap();
    execute(&postgres, "postgres", "create table kept as select 42 as n").await;
    postgres.stop().await.unwrap();
    let postgres = start(&folder).await.unwrap();

    assert_eq!(number(&postgres, "postgres", "select n from kept").await, 42);
    postgres.stop().await.unwrap();
    assert_eq!(above.path().metadata().unwrap().mode() & 0o777, 0o700);
    if geteuid().is_root() {
        let place = fs::read_to_string(folder.join("postgres-location")).unwrap();
        assert!(place.starts_with("/var/tmp/flowhost-postgres-"));
        assert!(said.lock().unwrap()[0].contains(place.trim()));
        fs::remove_dir_all(place.trim()).unwrap();
    } else {
        assert!(folder.join("postgres/data/PG_VERSION").exists());
    }
}

async fn start(folder: &Path) -> Result<EmbeddedPostgres, PostgresError> {
    EmbeddedPostgres::start(Options::durable(programs(), folder), |_| ()).await
}

async fn execute(postgres: &EmbeddedPostgres, database: &str, statement: &'static str) {
    let mut connection =
        PgConnection::connect_with(&postgres.connect_options(database)).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
}

async fn number(postgres: &EmbeddedPostgres, database: &str, query: &'static str) -> i32 {
    let mut connection =
        PgConnection::connect_with(&postgres.connect_options(database)).await.unwrap();
    sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
}

async fn text(postgres: &EmbeddedPostgres, query: &'static str) -> String {
    let mut connection =
        PgConnection::connect_with(&postgres.connect_options("postgres")).await.unwrap();
    sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
}

/// Runs [`host_that_is_going_to_be_killed`] in a process of its own.
fn spawn_host(folder: &Path) -> Child {
    let name = "host_that_is_going_to_be_killed";
    let module = module_path!().split_once("::").unwrap().1;
    let mut host = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("{module}::{name}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(host.stdin.take().unwrap(), "{}", folder.display()).unwrap();
    host
}

fn server_pid(folder: &Path) -> Pid {
    let file = fs::read_to_string(folder.join("postgres/data/postmaster.pid")).unwrap();
    Pid::from_raw(file.lines().next().unwrap().parse().unwrap())
}

fn is_alive(pid: Pid) -> bool {
    kill(pid, None).is_ok()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "still waiting until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn programs() -> PgPrograms {
    PgPrograms::find(None, None).unwrap()
}

/// Under /tmp whatever `TMPDIR` says, so that for root no other folder is in the way.
fn data_folder() -> TempDir {
    let private = fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(private).tempdir_in("/tmp").unwrap()
}
