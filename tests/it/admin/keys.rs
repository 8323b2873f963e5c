//! `/v1/tenants/{tenant}/keys`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, TestTenant, Vectors, eventually, fixture};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

#[tokio::test]
async fn a_key_pair_that_is_made_takes_over_and_the_one_before_retires_later() {
    let (_host, flow) = start().await;
    let tenant = &flow.tenant;

    let made = tenant.call("POST", "/keys", json!({})).await.expect(201);

    assert_eq!(made["state"], "active");
    assert!(made["fingerprint"].as_str().unwrap().starts_with("sha256:"), "{made}");
    let keys = list(tenant).await;
    assert_eq!(states(&keys), ["active", "retiring"]);
    assert_eq!(
        (&keys[0]["id"], &keys[0]["public_key_pem"]),
        (&made["id"], &made["public_key_pem"])
    );
    assert_eq!(keys[1]["public_key_pem"], tenant.public_key_pem);
    assert!(keys[1]["retires_at"].is_string() && keys[0]["retires_at"].is_null(), "{keys:?}");
    assert!(!keys.iter().any(|key| key.to_string().contains("PRIVATE")), "{keys:?}");
    for public_key in [&made["public_key_pem"], &keys[1]["public_key_pem"]] {
        assert_eq!(ping(&flow, public_key).await, 200);
    }
}

#[tokio::test]
async fn a_key_pair_decrypts_until_its_time_is_over() {
    let (_host, flow) = start().await;
    let (tenant, old) = (&flow.tenant, json!(flow.tenant.public_key_pem));

    tenant.call("POST", "/keys", json!({"retire_previous_after_seconds": 1})).await.expect(201);
    eventually("the old key stops", async || (ping(&flow, &old).await == 421).then_some(())).await;
    assert_eq!(states(&list(tenant).await), ["active", "retired"]);

    let second = list(tenant).await[0]["public_key_pem"].clone();
    assert_eq!(ping(&flow, &second).await, 200);
    let third =
        tenant.call("POST", "/keys", json!({"retire_previous_after_seconds": 0})).await.expect(201);
    assert_eq!(ping(&flow, &second).await, 421);
    assert_eq!(ping(&flow, &third["public_key_pem"]).await, 200);
}

#[tokio::test]
async fn every_form_of_a_key_file_imports() {
    let (_host, flow) = start().await;
    let tenant = &flow.tenant;
    let passphrase = Vectors::load().passphrase;
    let pem = |name: &str| fixture(&format!("keys/{name}"));
    let plain = [
        "private.pkcs8.pem",
        "private.pkcs1.pem",
        "private.crlf.pem",
        "private.escaped-newlines.pem",
    ];
    let encrypted = [
        "private.pkcs1.des3.pem",
        "private.pkcs1.aes256.pem",
        "private.pkcs8.des3.pem",
        "private.pkcs8.aes256.pem",
    ];
    let mut bodies = vec![json!({"private_key_pem": pem(plain[0]).trim_end()})];
    bodies.extend(plain.map(|name| json!({"private_key_pem": pem(name)})));
    // A needless passphrase does no harm.
    bodies.extend(
        ["unneeded", ""]
            .map(|passphrase| json!({"private_key_pem": pem(plain[0]), "passphrase": passphrase})),
    );
    bodies.extend(
        encrypted.map(|name| json!({"private_key_pem": pem(name), "passphrase": passphrase})),
    );
    bodies.push(json!({"private_key_pem": pem(encrypted[0]).replace('\n', "\\n"), "passphrase": passphrase}));

    for body in bodies {
        let imported = tenant.call("POST", "/keys", body.clone()).await.expect(201);
        assert_eq!(imported["public_key_pem"], pem("public.pem"), "{body}");
        assert_eq!(ping(&flow, &imported["public_key_pem"]).await, 200, "{body}");
        let again = tenant.call("POST", "/keys", body.clone()).await;
        let has_it = format!(
            "this tenant has this key already: {}, active",
            imported["id"].as_str().unwrap()
        );
        assert!(again.problem(409).contains(&has_it), "{body}: {}", again.text);

        let path = format!("/keys/{}", imported["id"].as_str().unwrap());
        tenant.call("DELETE", &path, Value::Null).await.expect(204);
        assert_eq!(ping(&flow, &imported["public_key_pem"]).await, 421, "{body}");
        tenant.call("DELETE", &path, Value::Null).await.problem(404);
    }
    tenant.call("DELETE", "/keys/not-an-id", Value::Null).await.problem(404);
    tenant
        .call("DELETE", "/keys/0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11", Value::Null)
        .await
        .problem(404);
}

#[tokio::test]
async fn a_key_the_tenant_has_is_named_and_a_retired_one_stays_retired() {
    let (_host, flow) = start().await;
    let tenant = &flow.tenant;
    let ours = json!({"private_key_pem": fixture("keys/private.pkcs8.pem")});

    for (retire_after, state) in [(600, "retiring"), (0, "retired")] {
        let id = tenant.call("POST", "/keys", ours.clone()).await.expect(201)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        tenant
            .call("POST", "/keys", json!({"retire_previous_after_seconds": retire_after}))
            .await
            .expect(201);

        let refused = tenant.call("POST", "/keys", ours.clone()).await;

        let named = format!("this tenant has this key already: {id}, {state}");
        assert!(
            refused.problem(409).contains(&named) && refused.text.contains("delete it first"),
            "{}",
            refused.text
        );
        assert_eq!(list(tenant).await[0]["state"], "active", "nothing has retired for it");
        tenant.call("DELETE", &format!("/keys/{id}"), Value::Null).await.expect(204);
    }
}

#[tokio::test]
async fn a_key_is_taken_in_the_state_that_a_secret_store_gives_it_back_in() {
    let (_host, flow) = start().await;
    let tenant = &flow.tenant;
    let (key, passphrase) = (fixture("keys/private.pkcs1.aes256.pem"), Vectors::load().passphrase);
    for text in [
        key.replace('\n', " "),
        key.replace('\n', ""),
        key.replace('\n', "\\\\n"),
        format!("\u{feff}\"{}\"", key.replace('\n', "\\r\\n")),
        STANDARD.encode(&key),
        format!("{}{key}", fixture("keys/public.pem")),
    ] {
        let body = json!({"private_key_pem": text, "passphrase": passphrase});
        let imported = tenant.call("POST", "/keys", body).await.expect(201);
        assert_eq!(imported["public_key_pem"], fixture("keys/public.pem"), "{text}");
        tenant
            .call("DELETE", &format!("/keys/{}", imported["id"].as_str().unwrap()), Value::Null)
            .await
            .expect(204);
    }
}

#[tokio::test]
async fn a_file_that_is_no_usable_key_is_refused_with_what_to_do() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let passphrase = Vectors::load().passphrase;
    let refusals = [
        ("keys/ec.private.pem", None, "openssl genrsa"),
        ("keys/public.pem", None, "import the private key"),
        ("keys/small.1024.private.pem", None, "openssl genrsa -out private.pem 2048"),
        ("keys/private.pkcs1.des3.pem", None, "give its passphrase"),
        ("keys/private.pkcs1.aes256.pem", Some(""), "give its passphrase"),
        ("keys/private.pkcs8.des3.pem", None, "give its passphrase"),
        ("keys/private.pkcs8.aes256.pem", None, "give its passphrase"),
        ("keys/private.pkcs1.des3.pem", Some("a-wrong-passphrase"), "the passphrase doesn't open"),
        (
            "keys/private.pkcs1.aes256.pem",
            Some("a-wrong-passphrase"),
            "the passphrase doesn't open",
        ),
        ("keys/private.pkcs8.des3.pem", Some("a-wrong-passphrase"), "the passphrase doesn't open"),
        (
            "keys/private.pkcs8.aes256.pem",
            Some("a-wrong-passphrase"),
            "the passphrase doesn't open",
        ),
        ("../keys/certificate.pem", None, "certificate; import the RSA private key"),
        ("../keys/ec.pkcs8.aes256.pem", Some(passphrase.as_str()), "openssl genrsa"),
        ("../keys/small.1024.pkcs8.aes256.pem", Some(passphrase.as_str()), "1024 bits"),
        ("../keys/private.pkcs1.camellia256.pem", Some(passphrase.as_str()), "CAMELLIA-256-CBC"),
        (
            "../keys/private.pkcs8.pbe-sha1-3des.pem",
            Some(passphrase.as_str()),
            "openssl pkey -in private.pem -out plain.pem",
        ),
        (
            "../keys/private.pkcs8.pbe-md5-des.pem",
            Some(passphrase.as_str()),
            "-provider legacy -provider default",
        ),
        (
            "../keys/private.pkcs1.des.go.pem",
            Some(passphrase.as_str()),
            "-provider legacy -provider default",
        ),
        ("../keys/openssh.pem", None, "ssh-keygen -p -m PEM -f FILE"),
        ("../keys/putty.ppk", None, "puttygen FILE -O private-openssh"),
        ("../keys/key.jwk", None, "JSON Web Key"),
        ("../keys/service-account.json", None, "Google service account"),
        (
            "../keys/private.pkcs8.2000001-iterations.pem",
            Some(passphrase.as_str()),
            "2000001 iterations",
        ),
    ];
    for (file, passphrase, advice) in refusals {
        let body = json!({"private_key_pem": fixture(file), "passphrase": passphrase});
        let refused = tenant.call("POST", "/keys", body).await;
        assert!(refused.problem(422).contains(advice), "{file}: {}", refused.text);
        assert!(!refused.text.contains("a-wrong-passphrase"), "{}", refused.text);
    }
    for (body, named) in [
        (json!({"private_key_pem": ""}), "an empty file"),
        (json!({"private_key_pem": "garbage"}), "PEM"),
        (
            json!({"private_key_pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}),
            "PEM",
        ),
        (json!({"private_key_pem": 5}), "string"),
        (json!({"passphrase": "x"}), "private_key_pem"),
        (json!({"private_pem": "x"}), "private_pem"),
        (json!({"retire_previous_after_seconds": -1}), "-1"),
    ] {
        let refused = tenant.call("POST", "/keys", body.clone()).await;
        assert!(refused.problem(422).contains(named), "{body}: {}", refused.text);
    }
    assert_eq!(states(&list(&tenant).await), ["active"], "a refused file changes nothing");
}

#[tokio::test]
async fn a_tenant_has_no_more_working_keys_than_a_request_may_cost() {
    let host = TestHost::start().await;
    let tenant = host.tenant_without_app_secret("acme").await;
    let pool = host.database().pool().await;
    let more = "insert into key_pairs (tenant_id, key_id, sealed_private_key, public_key_pem, fingerprint, retires_at) \
                select tenant_id, gen_random_uuid(), sealed_private_key, public_key_pem, fingerprint || n, now() + $1::interval \
                from key_pairs, generate_series(1, 15) n where retires_at is null";
    // Retired keys don't count.
    sqlx::query(AssertSqlSafe(more.replace("|| n", "|| 'r' || n")))
        .bind("-1 second")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(more).bind("1 day").execute(&pool).await.unwrap();

    let refused = tenant.call("POST", "/keys", json!({})).await;

    assert!(refused.problem(409).contains("16"), "{}", refused.text);
    sqlx::query("delete from key_pairs where retires_at is not null").execute(&pool).await.unwrap();
    tenant.call("POST", "/keys", json!({})).await.expect(201);
}

async fn start() -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    (host, flow)
}

/// The status of a health check encrypted to this key.
async fn ping(flow: &TestFlow, public_key_pem: &Value) -> u16 {
    let client = flow.client().encrypting_to(public_key_pem.as_str().unwrap()).unwrap();
    client.call(&payload::ping()).await.unwrap().status
}

async fn list(tenant: &TestTenant) -> Vec<Value> {
    tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"].as_array().unwrap().clone()
}

fn states(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["state"].as_str().unwrap()).collect()
}
