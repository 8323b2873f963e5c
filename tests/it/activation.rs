//! Versions are rehearsed, activated and switched: no exchange is lost, activation grants nothing,
//! and a rehearsal leaves nothing behind.

use std::collections::HashMap;
use std::time::{Duration, Instant, UNIX_EPOCH};

use flowhost_tests::{Component, Ended, TestFlow, TestHost, asking, eventually, flowhost};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;
use tokio::time::sleep;

use crate::hostile::wat::plugin;

#[tokio::test]
async fn a_version_that_asks_for_more_than_is_granted_is_not_activated() {
    let host = TestHost::start().await;
    let flow = host
        .tenant("acme")
        .await
        .flow("booking", json!({"grants": {"media": true}}), Component::Steady)
        .await;
    let uploaded = flow.upload(Component::Keeper.bytes().await).await.expect(201);
    assert_eq!(uploaded["requests"], json!({"http": [], "store": true, "media": false}));

    let activate = async || flow.call("POST", "/activate", json!({"version": 2})).await;
    let refused = activate().await;
    let refused = refused.problem(409);
    assert!(
        refused.contains("does not grant: store. New against the active version: store"),
        "{refused}"
    );
    assert_eq!(flow.count("token-of-ana").await, 1, "the version before still answers");

    flow.set(json!({"grants": {"store": true}})).await;
    assert_eq!(
        activate().await.expect(200)["new_requests"],
        json!({"http": [], "store": true, "media": false})
    );
    flow.call("POST", "/rollback", Value::Null).await.expect(200);
    assert_eq!(flow.count("token-of-ana").await, 2);
    // A grant can be revoked, and then a version that needs it can no longer be activated.
    flow.set(json!({"grants": {"store": false}})).await;
    activate().await.problem(409);
}

#[tokio::test]
async fn a_rehearsal_answers_and_nothing_of_it_stays() {
    let host = TestHost::start().await;
    let settings = json!({"grants": {"store": true}});
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Keeper).await;
    let rehearse =
        async |data: Value| flow.call("POST", "/versions/1/rehearse", json!({"data": data})).await;

    assert_eq!(rehearse(json!({})).await.expect(200), json!({"screen": "FORM"}));
    let said = rehearse(json!({"do": "print", "value": "hello"})).await.expect(200);
    assert_eq!(said["log"], json!(["info: hello"]));
    rehearse(json!({"do": "set", "key": "k", "value": "v"})).await.expect(200);
    assert_eq!(flow.sessions().await, Vec::<Value>::new());
    let kept: i64 = sqlx::query_scalar("select count(*) from flow_values")
        .fetch_one(&host.database().pool().await)
        .await
        .unwrap();
    assert_eq!(kept, 0);

    // More failures than it takes to open a circuit.
    for _ in 0..20 {
        let failed = rehearse(json!({"do": "panic", "value": "no"})).await;
        let failed = failed.problem(422);
        assert!(
            failed.starts_with("version 1 fails on INIT: the plugin panicked at ")
                && failed.contains("src/lib.rs:54:")
                && failed.contains(": no, in "),
            "{failed}"
        );
    }
    // What it said before is told too.
    for (what, said) in
        [("print-then-panic", "\n  info: before it"), ("fail", "internal error: no, at ")]
    {
        let failed = rehearse(json!({"do": what, "value": "no"})).await;
        let failed = failed.problem(422);
        assert!(failed.contains(said), "{failed}");
    }
    assert_eq!(flow.ask("list", "token-of-ana").await.status, 200);
    flow.call("POST", "/versions/2/rehearse", json!({})).await.problem(404);
    flow.call("POST", "/versions/one/rehearse", json!({})).await.problem(404);
    flow.call("POST", "/versions/1/rehearse", json!({"screen": "A"})).await.problem(422);
}

#[tokio::test]
async fn a_deployment_says_what_to_grant_and_grants_it_if_it_is_told_to() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({"grants": {"media": true}}), Component::Steady).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), Component::Keeper.bytes().await).unwrap();
    let path = file.path().to_str().unwrap();
    let run = async |arguments: &[&str]| {
        let mut command = flowhost(arguments);
        command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", host.admin_token());
        Ended::of(command).await
    };
    let deploy = ["plugin", "deploy", "acme", "booking", path];

    // Force does not grant, so nothing is said of an activation.
    for more in [&[][..], &["--force"]] {
        let refused = run(&[&deploy[..], more].concat()).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(
            refused.stderr.contains("uploaded and not activated: `--grant` grants it")
                && refused.stderr.contains("\n  flowhost flow grant acme booking --store\n  flowhost plugin activate acme booking 2")
                && !refused.stderr.contains("when it was tried")
                && !refused.stderr.contains("activated all the same"),
            "{refused:?}"
        );
    }
    assert_eq!(flow.count("token-of-ana").await, 1);

    let granted = run(&[&deploy[..], &["--grant"]].concat()).await;
    assert_eq!(granted.code, Some(0), "{granted:?}");
    let shown = flow.call("GET", "", Value::Null).await.expect(200);
    assert_eq!(shown["settings"]["grants"], json!({"http": [], "store": true, "media": true}));
    assert_eq!(shown["missing_grants"], json!({"http": [], "store": false, "media": false}));

    let denied = run(&["flow", "deny", "acme", "booking", "--store", "--media"]).await;
    assert_eq!(denied.code, Some(0), "{denied:?}");
    let warning = "warning: the active version asks for what the flow does not grant, and gets an error there: flowhost flow grant acme booking --store";
    assert!(denied.stdout.contains(warning), "{denied:?}");
    let again =
        run(&["flow", "grant", "acme", "booking", "--store", "--http", "b.example.com"]).await;
    assert!(!again.stdout.contains("warning"), "{again:?}");
    let more = run(&["flow", "grant", "acme", "booking", "--http", "a.example.com:8443"]).await;
    let grants = "Flow booking grants http a.example.com:8443, http b.example.com:443, store.\n";
    assert_eq!(more.stdout, grants, "{more:?}");
    assert_eq!(run(&["flow", "grant", "acme", "booking"]).await.code, Some(64));

    // Many at once.
    let hosts: Vec<String> = (0..6).map(|number| format!("h{number}.example.com")).collect();
    let run = &run;
    let grants = hosts.iter().map(|host| async move {
        run(&["flow", "grant", "acme", "booking", "--http", host.as_str()]).await
    });
    for granted in join_all(grants).await {
        assert_eq!(granted.code, Some(0), "{granted:?}");
    }
    let shown = flow.call("GET", "", Value::Null).await.expect(200);
    let granted = shown["settings"]["grants"]["http"].as_array().unwrap();
    assert_eq!(granted.len(), hosts.len() + 2, "{granted:?}");
}

#[tokio::test]
async fn a_deployment_that_fails_its_rehearsal_is_activated_by_force_only() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), plugin("loop-in-start")).unwrap();
    let deploy = async |more: &[&str]| {
        let arguments =
            [&["plugin", "deploy", "acme", "booking", file.path().to_str().unwrap()], more]
                .concat();
        let mut command = flowhost(&arguments);
        command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", host.admin_token());
        Ended::of(command).await
    };

    let refused = deploy(&[]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("--force") && refused.stderr.contains("fails on INIT"),
        "{refused:?}"
    );
    assert_eq!(flow.count("token-of-ana").await, 1);

    let forced = deploy(&["--force"]).await;
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert!(forced.stderr.contains("fails on INIT"), "{forced:?}");
    assert_eq!(flow.ask("count", "token-of-ana").await.status, 500);
    flow.call("POST", "/rollback", Value::Null).await.expect(200);
    assert_eq!(flow.count("token-of-ana").await, 2);
}

#[tokio::test]
async fn exchanges_across_twenty_switches_are_answered_by_active_versions() {
    let host = TestHost::start().await;
    let limits = json!({"limits": {"queue": 200}});
    let flow = host.tenant("acme").await.flow("booking", limits, Component::Steady).await;
    flow.deploy(Component::Chatty).await;
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    let began = Instant::now();

    let talks = join_all((0..TALKERS).map(|talker| talk(&flow, talker)));
    let switches = async {
        let mut switches = vec![Switch { version: 1, asked: began, done: began }];
        for number in 0..SWITCHES {
            let version = [2, 1][number % 2];
            let asked = Instant::now();
            flow.call("POST", "/activate", json!({"version": version})).await.expect(200);
            switches.push(Switch { version, asked, done: Instant::now() });
            sleep(Duration::from_millis(200)).await;
        }
        switches
    };
    let (talks, switches) = join(talks, switches).await;

    let asked: Vec<Asked> = talks.into_iter().flatten().collect();
    assert_eq!(asked.len(), 2_000);
    let history = history(&host).await;
    for asked in &asked {
        assert_eq!(
            (asked.status, asked.count),
            (200, asked.number),
            "{}: a conversation goes on in whichever version",
            asked.token
        );
        let version = history[&Sha256::digest(&asked.token)[..]][asked.number as usize - 1];
        assert!(
            was_active(version, asked, &switches),
            "version {version} answered exchange {} of {}",
            asked.number,
            asked.token
        );
    }
    let audit = host.admin().get("/v1/audit?limit=100").await.expect(200);
    let activations = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "version.activate");
    assert!(
        activations.clone().count() >= SWITCHES
            && activations.clone().all(|entry| entry["actor"].is_object()),
        "{audit}"
    );
}

#[tokio::test]
async fn a_switch_reaches_a_host_that_was_without_its_database() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    flow.deploy(Component::Chatty).await;
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    let pool = host.database().pool().await;
    // Roles belong to the whole cluster, so the name is unique to this test. Revoking rights of
    // this role cuts off only its host.
    sqlx::query("create role cut_off_for_a_while login in role flowhost_app")
        .execute(&pool)
        .await
        .unwrap();
    let other = host
        .second_configured(|config| {
            config.database = config.database.clone().username("cut_off_for_a_while")
        })
        .await;
    let there = flow.served_at(&other).await;
    assert_eq!(there.count("token-before").await, 1);

    let run = async |statement: &str| {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&pool).await.unwrap()
    };
    run("alter role cut_off_for_a_while nologin").await;
    run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'cut_off_for_a_while'").await;
    assert_eq!(there.ask("count", "before").await.status, 503);
    flow.call("POST", "/activate", json!({"version": 2})).await.expect(200);
    sleep(Duration::from_secs(10)).await;
    run("alter role cut_off_for_a_while login").await;

    eventually(
        "the other host answers with the version that was activated meanwhile",
        async || {
            let token = format!("after-{}", UNIX_EPOCH.elapsed().unwrap().as_nanos());
            // Only this version can give this answer.
            let reply = there.client().call(&asking("complete", &token)).await.ok()?;
            (reply.status == 200 && reply.payload?["screen"] == "SUCCESS").then_some(())
        },
    )
    .await;
    assert_eq!(there.count("token-before").await, 2, "the conversation goes on");
    other.stop().await;
    run("drop role cut_off_for_a_while").await;
}

/// A switch of versions, with the times of the request and of its completion.
struct Switch {
    version: i32,
    asked: Instant,
    done: Instant,
}

/// One exchange: when it was sent and answered, and the answer's content.
struct Asked {
    token: String,
    number: u64,
    sent: Instant,
    answered: Instant,
    status: u16,
    count: u64,
}

/// Whether a version was active at any time during an exchange.
fn was_active(version: i32, asked: &Asked, switches: &[Switch]) -> bool {
    switches.iter().enumerate().filter(|(_, switch)| switch.version == version).any(
        |(number, switch)| {
            let ended = switches.get(number + 1).map(|next| next.done);
            switch.asked <= asked.answered && ended.is_none_or(|ended| ended >= asked.sent)
        },
    )
}

/// Runs several conversations, one after another.
async fn talk(flow: &TestFlow, talker: usize) -> Vec<Asked> {
    let client = flow.client();
    let mut talk = Vec::new();
    for conversation in 0..CONVERSATIONS {
        let token = format!("talk-{talker}-{conversation}");
        for number in 1..=EXCHANGES {
            let sent = Instant::now();
            let reply = client.call(&asking("count", &token)).await.unwrap();
            let count = reply
                .payload
                .and_then(|payload| payload["data"]["count"].as_u64())
                .unwrap_or_default();
            let answered = Instant::now();
            talk.push(Asked {
                token: token.clone(),
                number,
                sent,
                answered,
                status: reply.status,
                count,
            });
        }
    }
    talk
}

/// The versions that answered each conversation's exchanges, in order, by the hash of its token.
async fn history(host: &TestHost) -> HashMap<Vec<u8>, Vec<i32>> {
    let rows: Vec<(Vec<u8>, i32)> =
        sqlx::query_as("select token_hash, plugin_version from exchanges join sessions using (tenant_id, session_id) order by number")
            .fetch_all(&host.database().pool().await)
            .await
            .unwrap();
    let mut history = HashMap::<_, Vec<_>>::new();
    rows.into_iter().for_each(|(hash, version)| history.entry(hash).or_default().push(version));
    history
}

const TALKERS: usize = 10;
const CONVERSATIONS: usize = 10;
const EXCHANGES: u64 = 20;
const SWITCHES: usize = 20;
