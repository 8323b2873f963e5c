//! `flowhost key` and `flowhost app-secret` against a host: the commands for a rotation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flowhost_client::payload;
use flowhost_tests::{
    Component, Ended, TestFlow, TestHost, Vectors, fixture, flowhost, repository,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_is_rotated_and_shown() {
    let (host, flow) = start().await;

    let rotated =
        run(&host, &["key", "rotate", "acme", "--retire-previous-after", "600"], &[]).await;

    let text = rotated.succeeded();
    let keys = flow.tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"].clone();
    let (new, old) = (&keys[0], &keys[1]);
    let part = |key: &Value, field: &str| key[field].as_str().unwrap().trim_end().to_owned();
    for shown in [
        part(new, "id"),
        part(new, "fingerprint"),
        part(new, "public_key_pem"),
        "600 seconds".to_owned(),
    ] {
        assert!(text.contains(&shown), "{shown}: {text}");
    }
    assert_eq!(old["state"], "retiring");
    assert_eq!(
        flow.client()
            .encrypting_to(&part(new, "public_key_pem"))
            .unwrap()
            .call(&payload::ping())
            .await
            .unwrap()
            .status,
        200
    );

    let shown = run(&host, &["key", "show", "acme", &part(old, "id")], &[]).await;
    for expected in [
        part(old, "fingerprint"),
        "retiring".to_owned(),
        part(old, "retires_at"),
        part(old, "public_key_pem"),
    ] {
        assert!(shown.succeeded().contains(&expected), "{expected}: {}", shown.stdout);
    }
    let machine = run(&host, &["key", "show", "acme", &part(old, "id"), "--json"], &[]).await;
    assert_eq!(serde_json::from_str::<Value>(machine.succeeded()).unwrap(), *old);
    let listed = run(&host, &["key", "list", "acme"], &[]).await;
    assert!(
        listed.succeeded().contains(&part(new, "fingerprint"))
            && listed.stdout.contains(&part(old, "fingerprint"))
    );
    let unknown =
        run(&host, &["key", "show", "acme", "0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11"], &[]).await;
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("flowhost key list acme"), "{}", unknown.stderr);
}

#[tokio::test]
async fn an_encrypted_key_is_imported_with_a_passphrase_that_no_argument_holds() {
    let (host, flow) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let passphrase = Vectors::load().passphrase;
    let key = file("private.pem", &fixture("keys/private.pkcs1.des3.pem"));
    let other = file("other.pem", &fixture("keys/other.private.pkcs8.pem"));
    let passphrase_file = file("passphrase.txt", &format!("{passphrase}\n"));

    let without = run(&host, &["key", "import", "acme", "--from-file", &key], &[]).await;
    assert_eq!(without.code, Some(1));
    assert!(without.stderr.contains("passphrase"), "{}", without.stderr);
    let imported = run(
        &host,
        &["key", "import", "acme", "--from-file", &key, "--passphrase-file", &passphrase_file],
        &[],
    )
    .await;
    assert!(
        imported.succeeded().contains(fixture("keys/public.pem").trim_end()),
        "{}",
        imported.stdout
    );
    let rotated = run(&host, &["key", "rotate", "acme", "--from-file", &other], &[]).await;
    assert!(rotated.succeeded().contains("sha256:"));
    let id =
        flow.tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"][1]["id"].clone();
    run(&host, &["key", "delete", "acme", id.as_str().unwrap(), "--yes"], &[]).await.succeeded();
    let by_variable = [("FLOWHOST_KEY_PASSPHRASE", passphrase.as_str())];
    run(&host, &["key", "rotate", "acme", "--from-file", &key], &by_variable).await.succeeded();

    let both = ["key", "import", "acme", "--from-file", "-", "--passphrase-file", "-"];
    assert_eq!(run(&host, &both, &[]).await.code, Some(64));
    let alone = ["key", "rotate", "acme", "--passphrase-file", &passphrase_file];
    assert_eq!(run(&host, &alone, &[]).await.code, Some(64));
}

#[tokio::test]
async fn a_key_file_that_is_not_text_is_read_or_described() {
    let (host, _flow) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let ours =
        |name: &str| std::fs::read(repository(&format!("tests/fixtures/keys/{name}"))).unwrap();
    let utf16: Vec<u8> =
        fixture("keys/private.pkcs8.pem").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let der = pem_content(&fixture("keys/other.private.pkcs8.pem"));

    for (name, content) in
        [("utf16.pem", [&[0xff, 0xfe], &utf16[..]].concat()), ("private.der", der)]
    {
        run(&host, &["key", "import", "acme", "--from-file", &file(name, &content)], &[])
            .await
            .succeeded();
    }
    for (name, described, advice) in [
        ("store.p12", "a PKCS#12 store", "openssl pkcs12"),
        ("store.jks", "a Java key store", "keytool -importkeystore"),
    ] {
        let refused =
            run(&host, &["key", "import", "acme", "--from-file", &file(name, &ours(name))], &[])
                .await;
        assert_eq!(refused.code, Some(1));
        assert!(
            refused.stderr.contains(described) && refused.stderr.contains(advice),
            "{}",
            refused.stderr
        );
    }
}

#[tokio::test]
async fn a_rotation_at_once_says_that_the_keys_before_have_retired() {
    let (host, flow) = start().await;
    let ours = repository("tests/fixtures/vectors/keys/private.pkcs8.pem");
    run(&host, &["key", "import", "acme", "--from-file", &ours], &[]).await.succeeded();

    let rotated = run(&host, &["key", "rotate", "acme", "--retire-previous-after", "0"], &[]).await;

    let text = rotated.succeeded();
    assert!(
        text.contains("The keys before it have retired.") && text.contains("at once:"),
        "{text}"
    );
    assert!(!text.contains("before the keys before it retire"), "{text}");
    let id = flow.tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"][1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let again = run(&host, &["key", "import", "acme", "--from-file", &ours], &[]).await;
    assert_eq!(again.code, Some(1));
    assert!(
        again.stderr.contains(&format!("this tenant has this key already: {id}, retired")),
        "{}",
        again.stderr
    );
}

#[tokio::test]
async fn help_is_enough_to_rotate() {
    for (command, steps) in [
        ("key", ["flowhost key rotate acme", "Upload", "each phone number", "421", "leaked"]),
        (
            "app-secret",
            [
                "App Dashboard",
                "flowhost app-secret set acme",
                "--keep-previous-for",
                "either secret",
                "leaked",
            ],
        ),
    ] {
        let help = Ended::of(flowhost(&[command, "--help"])).await;
        for step in steps {
            assert!(help.succeeded().contains(step), "{step}: {}", help.stdout);
        }
    }
}

async fn start() -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    (host, flow)
}

/// The DER content of a PEM block.
fn pem_content(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("--")).collect();
    STANDARD.decode(base64).unwrap()
}

async fn run(host: &TestHost, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = flowhost(arguments);
    command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", host.admin_token());
    command.envs(variables.iter().copied());
    Ended::of(command).await
}
