//! What lies in the database and in the log: nothing of a customer's, and no secret.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flowhost::client::payload;
use flowhost_tests::{Component, TestDatabase, TestHost, fixture, logged};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;
use tracing::Level;

#[tokio::test]
async fn neither_database_nor_log_holds_a_secret_or_what_a_user_said() {
    let host = TestHost::start().await;
    let mut tenant = host.tenant("acme").await;
    tenant.set_app_secret(json!({"secret": "recognisable-app-secret-1"})).await;
    tenant.set_app_secret(json!({"secret": "recognisable-app-secret-2", "keep_previous_for_seconds": 60})).await;
    tenant.app_secret = "recognisable-app-secret-2".to_owned();
    let private_key = fixture("keys/private.pkcs8.pem");
    tenant.call("POST", "/keys", json!({"private_key_pem": private_key})).await.expect(201);
    let flow = tenant.flow("booking", json!({}), Component::Appointment).await;
    let client = flow.client();
    let details =
        json!({"name": "Recognisable Ana", "email": "not-an-address-xyzzy", "phone": "5550000123", "more_details": "xyzzy-notes"});
    for request in [
        payload::init(TOKEN),
        // Kept in the plugin's state, and echoed in the reply with the remark that the address is none.
        payload::data_exchange("DETAILS", details.clone(), TOKEN),
        payload::with_flow_token_signature(payload::init(TOKEN), &client.flow_token_signature(TOKEN)),
        payload::error_notification("DETAILS", "timeout_error", "xyzzy-client-message", TOKEN),
        payload::data_exchange("NO_SUCH_SCREEN", json!({"xyzzy-field": "xyzzy-value"}), TOKEN),
        json!({"action": "xyzzy-action", "flow_token": TOKEN}),
    ] {
        client.call(&request).await.unwrap();
    }
    assert_eq!(flow.session().await["client_errors"][0]["message"], "xyzzy-client-message");

    let key_body: String = private_key.lines().filter(|line| !line.starts_with("-----")).collect();
    let key_der = STANDARD.decode(&key_body).unwrap();
    let jwt = client.flow_token_signature(TOKEN);
    let mut secrets: Vec<&[u8]> = [
        TOKEN,
        "recognisable-app-secret",
        "Recognisable Ana",
        "xyzzy",
        "5550000123",
        host.admin_token(),
        &key_body[200..260],
        jwt.rsplit('.').next().unwrap(),
    ]
    .iter()
    .map(|text| text.as_bytes())
    .collect();
    secrets.push(&key_der[300..340]);
    let dump = dump(host.database()).await;
    // What a plugin logs is its author's affair, and only in the log at the level debug.
    let mut log = logged(Level::TRACE, &host.database().tenant_id("acme").await);
    log.extend(logged(Level::TRACE, "xyzzy"));
    log.retain(|line| !line.starts_with("DEBUG plugin "));

    assert!(dump.contains("acme") && dump.contains("DETAILS") && dump.contains("timeout_error"), "{dump}");
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
    assert_eq!(flow.count("one").await, 1);
    assert_eq!(flow.count("two").await, 1);
    assert_eq!(flow.count("two").await, 2);
    let request = flow.client().seal(&payload::init("three")).unwrap();
    assert_eq!(flow.client().send(&request).await.unwrap().status, 200);
    let pool = host.database().pool().await;
    let swap = async |column: &str, tokens: [&str; 2]| {
        let statement = format!(
            "update sessions s set {column} = o.{column} from sessions o \
             where s.token_hash <> o.token_hash and s.token_hash in (sha256($1), sha256($2)) and o.token_hash in (sha256($1), sha256($2))"
        );
        let swapped = sqlx::query(AssertSqlSafe(statement)).bind(tokens[0].as_bytes()).bind(tokens[1].as_bytes());
        assert_eq!(swapped.execute(&pool).await.unwrap().rows_affected(), 2);
    };

    swap("sealed_state", ["one", "two"]).await;
    for token in ["one", "two"] {
        let reply = flow.ask("count", token).await;
        assert_eq!((reply.status, reply.payload), (503, None), "{token}");
    }
    swap("sealed_state", ["one", "two"]).await;
    assert_eq!((flow.count("one").await, flow.count("two").await), (2, 3));

    swap("sealed_last_reply", ["one", "three"]).await;
    let repeated = flow.client().send(&request).await.unwrap();
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
    assert_eq!(sqlx::query(copy).bind(&id_a).bind(&id_b).execute(&pool).await.unwrap().rows_affected(), 1);

    let fresh = host.second().await;

    let signed_as_a = b.at(&fresh).client().signing_with(&a.tenant.app_secret);
    assert_eq!(signed_as_a.call(&payload::ping()).await.unwrap().status, 404, "a tenant that can't be opened is not served");
    assert_eq!(a.at(&fresh).client().call(&payload::ping()).await.unwrap().status, 200, "the others are");
    assert_eq!(logged(Level::ERROR, &id_b).len(), 1, "{:?}", logged(Level::TRACE, &id_b));
}

/// Every row of every table, as JSON, with bytes in hex; and the bytes once more as text where they are some.
async fn dump(database: &TestDatabase) -> String {
    let pool = database.pool().await;
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'").fetch_all(&pool).await.unwrap();
    let mut dump = String::new();
    for table in tables {
        // The components themselves are no secret, and large.
        let columns = if table == "components" { "tenant_id" } else { "*" };
        let statement = format!("select row_to_json(t)::text from (select {columns} from \"{table}\") t");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&pool).await.unwrap();
        for row in rows {
            dump.push_str(&row);
            let fields: Value = serde_json::from_str(&row).unwrap();
            let bytes = fields.as_object().unwrap().values().filter_map(|value| value.as_str()?.strip_prefix("\\x"));
            bytes.for_each(|hex| dump.push_str(&String::from_utf8_lossy(&from_hex(hex))));
        }
    }
    dump
}

/// How a secret could lie there: as it is, in hex, in base64 at each of the three alignments.
fn forms(secret: &[u8]) -> Vec<String> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![hex];
    forms.extend(String::from_utf8(secret.to_vec()));
    for skipped in 0..3 {
        let aligned = &secret[skipped..];
        let whole = &aligned[..aligned.len() / 3 * 3];
        // The shortest has too few characters to be no accident.
        if whole.len() >= 9 {
            forms.extend([STANDARD.encode(whole), URL_SAFE_NO_PAD.encode(whole)]);
        }
    }
    forms
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

const TOKEN: &str = "recognisable-flow-token";
