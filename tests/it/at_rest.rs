//! The database and the log contain no customer data and no secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flowhost_client::payload;
use flowhost_tests::{Component, TestDatabase, TestHost, dump, fixture, forms, logged, watch};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;
use tracing::Level;

#[tokio::test]
async fn neither_database_nor_log_holds_a_secret_or_what_a_user_said() {
    let host = TestHost::start().await;
    let mut tenant = host.tenant("acme").await;
    tenant.set_app_secret(json!({"secret": "recognisable-app-secret-1"})).await;
    tenant
        .set_app_secret(
            json!({"secret": "recognisable-app-secret-2", "keep_previous_for_seconds": 60}),
        )
        .await;
    tenant.app_secret = "recognisable-app-secret-2".to_owned();
    let private_key = fixture("keys/private.pkcs8.pem");
    tenant.call("POST", "/keys", json!({"private_key_pem": private_key})).await.expect(201);
    let passphrase = "throw-away passphrase";
    let encrypted_key = json!({"private_key_pem": fixture("keys/private.pkcs1.des3.pem"), "passphrase": passphrase});
    tenant.call("POST", "/keys", encrypted_key).await.problem(409);
    // Nothing responds where this host expects Meta, so the failures are recorded too.
    let access = json!({"access_token": "recognisable-access-token", "phone_number_ids": ["106540352242922"]});
    tenant.call("PUT", "/graph", access).await.expect(204);
    let keys = tenant.call("GET", "/keys", Value::Null).await.expect(200);
    let upload = format!("/keys/{}/upload", keys["keys"][0]["id"].as_str().unwrap());
    tenant.call("POST", &upload, Value::Null).await.expect(200);
    let keeping = json!({"keep_replies": true});
    let flow = tenant.flow("booking", keeping, Component::Appointment).await;
    let hosts = ["api.example.com:443"];
    let secret = json!({"value": "recognisable-config-secret", "secret": true, "hosts": hosts});
    flow.call("PUT", "/config/api-key", secret).await.expect(204);
    flow.call("PUT", "/config/greeting", json!({"value": "recognisable-config-setting"}))
        .await
        .expect(204);
    let client = flow.client();
    let minted = flow
        .call("POST", "/tokens", json!({"context": {"customer": "xyzzy-context"}}))
        .await
        .expect(201);
    let minted = minted["flow_token"].as_str().unwrap();
    let api_token = host
        .admin()
        .call("POST", "/v1/api-tokens", json!({"tenant": "acme", "role": "deploy"}))
        .await
        .expect(201);
    let api_token = api_token["token"].as_str().unwrap();
    host.admin()
        .with_token(Some(api_token))
        .get("/v1/tenants/acme/flows/booking/sessions")
        .await
        .expect(200);
    let details = json!({"name": "Recognisable Ana", "email": "not-an-address-xyzzy", "phone": "5550000123", "more_details": "xyzzy-notes"});
    for request in [
        payload::init(TOKEN),
        payload::init(minted),
        // This is kept in the plugin's state, and echoed in the reply with the remark that the
        // address is invalid.
        payload::data_exchange("DETAILS", details.clone(), TOKEN),
        payload::with_flow_token_signature(
            payload::init(TOKEN),
            &client.flow_token_signature(TOKEN),
        ),
        payload::error_notification("DETAILS", "timeout_error", "xyzzy-client-message", TOKEN),
        payload::data_exchange("NO_SUCH_SCREEN", json!({"xyzzy-field": "xyzzy-value"}), TOKEN),
        json!({"action": "xyzzy-action", "flow_token": TOKEN}),
    ] {
        client.call(&request).await.unwrap();
    }
    let sessions = flow.sessions().await;
    let mut reported = Vec::new();
    for session in &sessions {
        let session = flow
            .call("GET", &format!("/sessions/{}", session["id"].as_str().unwrap()), json!(null))
            .await
            .expect(200);
        reported.extend(
            session["client_errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|error| error["message"].clone()),
        );
    }
    assert_eq!(reported, ["xyzzy-client-message"]);

    let key_body: String = private_key.lines().filter(|line| !line.starts_with("-----")).collect();
    let key_der = STANDARD.decode(&key_body).unwrap();
    let jwt = client.flow_token_signature(TOKEN);
    let mut secrets: Vec<&[u8]> = [
        TOKEN,
        "recognisable-app-secret",
        "recognisable-access-token",
        "recognisable-config-secret",
        "recognisable-config-setting",
        "Recognisable Ana",
        "xyzzy",
        "5550000123",
        host.admin_token(),
        minted,
        api_token,
        passphrase,
        &key_body[200..260],
        jwt.rsplit('.').next().unwrap(),
    ]
    .iter()
    .map(|text| {
        watch(text);
        text.as_bytes()
    })
    .collect();
    secrets.push(&key_der[300..340]);
    let dump = dump(&host.database().pool().await).await;
    // What a plugin logs is its author's responsibility, and reaches the log only at level debug.
    let mut log = logged(Level::TRACE, &host.database().tenant_id("acme").await);
    log.extend(logged(Level::TRACE, "recognisable"));
    log.extend(logged(Level::TRACE, "xyzzy"));
    log.retain(|line| !line.starts_with("DEBUG plugin "));

    assert!(dump.contains("\"sealed_reply\""), "replies are kept: {dump}");
    assert!(dump.contains("api-key") && dump.contains("api.example.com:443"), "{dump}");
    assert!(
        dump.contains("acme") && dump.contains("DETAILS") && dump.contains("timeout_error"),
        "{dump}"
    );
    let hashed: String = Sha256::digest(TOKEN).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(dump.contains(&hashed), "the dump must show what is in columns of bytes");
    assert!(log.iter().any(|line| line.contains("a request was refused")), "{log:#?}");
    for secret in secrets {
        for form in forms(secret) {
            assert!(!dump.contains(&form), "the database holds {form:?} in clear");
            let lines: Vec<_> = log.iter().filter(|line| line.contains(&form)).collect();
            assert!(lines.is_empty(), "the log holds {form:?}: {lines:#?}");
        }
    }
}

#[tokio::test]
async fn a_sealed_value_does_not_open_in_another_row() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-one").await, 1);
    assert_eq!(flow.count("token-two").await, 1);
    assert_eq!(flow.count("token-two").await, 2);
    let request = flow.client().seal(&payload::init("token-three")).unwrap();
    assert_eq!(flow.client().send(&request).await.unwrap().status, 200);
    let pool = host.database().pool().await;
    let swap = async |column: &str, tokens: [&str; 2]| {
        let statement = format!(
            "update sessions s set {column} = o.{column} from sessions o \
             where s.token_hash <> o.token_hash and s.token_hash in (sha256($1), sha256($2)) and o.token_hash in (sha256($1), sha256($2))"
        );
        let swapped = sqlx::query(AssertSqlSafe(statement))
            .bind(tokens[0].as_bytes())
            .bind(tokens[1].as_bytes());
        assert_eq!(swapped.execute(&pool).await.unwrap().rows_affected(), 2);
    };

    swap("sealed_state", ["token-one", "token-two"]).await;
    for token in ["token-one", "token-two"] {
        let reply = flow.ask("count", token).await;
        assert_eq!((reply.status, reply.payload), (503, None), "{token}");
    }
    swap("sealed_state", ["token-one", "token-two"]).await;
    assert_eq!((flow.count("token-one").await, flow.count("token-two").await), (2, 3));

    swap("sealed_last_reply", ["token-one", "token-three"]).await;
    let repeated = flow.client().send(&request).await.unwrap();
    assert_eq!((repeated.status, repeated.body), (503, Vec::new()));
}

#[tokio::test]
async fn a_kept_reply_opens_as_its_number_alone_and_answers_no_repeat() {
    let host = TestHost::start().await;
    let keeping = json!({"keep_replies": true});
    let flow = host.tenant("acme").await.flow("booking", keeping, Component::Steady).await;
    flow.count("token-one").await;
    let last = flow.client().seal(&payload::init("token-one")).unwrap();
    assert_eq!(flow.client().send(&last).await.unwrap().status, 200);
    let session = flow.sessions().await[0]["id"].as_str().unwrap().to_owned();
    let page = format!("/console/tenants/acme/flows/booking/sessions/{session}");
    let operator = host.browser(host.admin_token()).await;
    let opened = operator.submit(&page, &format!("{page}/reveal"), &[]).await.location.unwrap();
    assert_eq!(operator.open(&opened).await.status, 200);
    let pool = host.database().pool().await;
    let execute = async |statement: &'static str| {
        assert_eq!(sqlx::query(statement).execute(&pool).await.unwrap().rows_affected(), 1);
    };

    execute("update session_replies set sealed_reply = (select sealed_reply from session_replies where number = 1) where number = 2").await;
    let shown = operator.open(&opened).await;
    assert_eq!(shown.status, 503, "{}", shown.text);
    assert_eq!(flow.client().send(&last).await.unwrap().status, 200, "turns do without it");

    // The host would seal another text under the key and vector of the first answer.
    execute("update sessions set sealed_last_reply = (select sealed_reply from session_replies where number = 1)").await;
    let repeated = flow.client().send(&last).await.unwrap();
    assert_eq!((repeated.status, repeated.body), (503, Vec::new()));
}

#[tokio::test]
async fn a_secret_moved_to_another_tenant_does_not_open_there() {
    let host = TestHost::start().await;
    let a = host.tenant("a").await.flow("booking", json!({}), Component::Steady).await;
    let b = host.tenant("b").await.flow("booking", json!({}), Component::Steady).await;
    let pool = host.database().pool().await;
    let (id_a, id_b) = (host.database().tenant_id("a").await, host.database().tenant_id("b").await);
    let copy = "update app_secrets set sealed_secret = (select sealed_secret from app_secrets where tenant_id = $1::uuid) where tenant_id = $2::uuid";
    assert_eq!(
        sqlx::query(copy).bind(&id_a).bind(&id_b).execute(&pool).await.unwrap().rows_affected(),
        1
    );

    let fresh = host.second().await;

    let signed_as_a = b.at(&fresh).client().signing_with(&a.tenant.app_secret);
    assert_eq!(
        signed_as_a.call(&payload::ping()).await.unwrap().status,
        404,
        "a tenant that can't be opened is not served"
    );
    assert_eq!(
        a.at(&fresh).client().call(&payload::ping()).await.unwrap().status,
        200,
        "the others are"
    );
    assert_eq!(logged(Level::ERROR, &id_b).len(), 1, "{:?}", logged(Level::TRACE, &id_b));
}

/// What every other test relies on.
#[tokio::test]
#[should_panic(expected = "secrets in clear")]
async fn a_secret_that_a_test_leaves_in_its_database_fails_the_test() {
    watch("left-in-clear-on-purpose");
    // Its end is a search, after which others are watched too.
    drop(TestDatabase::empty().await);
    (0..100).for_each(|number| watch(&format!("watched-and-left-nowhere-{number}")));
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;
    sqlx::query("create table notes (note bytea)").execute(&pool).await.unwrap();
    sqlx::query("insert into notes values ($1)")
        .bind(&b"see left-in-clear-on-purpose"[..])
        .execute(&pool)
        .await
        .unwrap();
}

const TOKEN: &str = "recognisable-flow-token";
