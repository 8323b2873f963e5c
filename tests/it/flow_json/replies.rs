//! Checking replies on their way to the phone.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, eventually, logged};
use serde_json::{Value, json};
use tracing::Level;

use super::{document, parrot, put, request, showing, token};

#[tokio::test]
async fn what_the_phone_would_refuse_is_a_failure_of_the_plugin() {
    let host = TestHost::start().await;
    let flow = parrot(&host, json!({"failure_text": "Sorry."})).await;
    for (from, form, place, key) in refused() {
        let token = token();
        let reply = flow.client().call(&request(from, form.clone(), &token)).await.unwrap();

        assert_eq!((reply.status, reply.payload), (500, None), "{from:?} {form}");
        eventually(&format!("{place} is in the plugin's log"), async || {
            newest_line(&flow, &[place, key]).await
        })
        .await;
        succeeds(&flow).await;
    }
    assert_eq!(flow.exchanges().await, refused().len() as u64, "only what succeeded was committed");
    let tenant = host.database().tenant_id("acme").await;
    let warnings = logged(Level::WARN, &tenant);
    assert!(
        warnings
            .iter()
            .any(|line| line.contains("/data/count") && line.contains("payload-schema-error")),
        "{warnings:#?}"
    );
    assert!(warnings.iter().all(|line| !line.contains("secret-value")), "no value is logged");
    assert_eq!(
        logged(Level::ERROR, &tenant),
        Vec::<String>::new(),
        "a plugin's failure is not the host's"
    );
}

#[tokio::test]
async fn what_a_refused_reply_calls_its_members_is_not_in_the_hosts_log() {
    let host = TestHost::start().await;
    for settings in [json!({}), json!({"on_failure": "error-message", "failure_text": "Sorry."})] {
        let flow = parrot(&host, settings).await;
        let guests = json!({"type": "object", "additionalProperties": {"type": "integer"}, "__example__": {}});
        let mut with_guests = document();
        with_guests["screens"][2]["data"]["guests"] = guests;
        put(&flow, &with_guests).await;
        let form = showing("NEXT", json!({"count": "x", "guests": {"ana@example.com": "two"}}));
        flow.client().call(&request(Some("FORM"), form, &token())).await.unwrap();

        eventually("the plugin's log says all", async || {
            newest_line(&flow, &["/data/count", "ana@example.com"]).await
        })
        .await;
        let lines = logged(Level::DEBUG, &host.database().tenant_id(&flow.tenant.slug).await);
        assert!(
            lines.iter().any(|line| line.starts_with("WARN") && line.contains("/data/guests [")),
            "{lines:#?}"
        );
        // What plugins log is their authors' responsibility, and reaches the log only at level
        // debug.
        let of_the_host = lines.iter().filter(|line| !line.starts_with("DEBUG plugin "));
        assert!(of_the_host.clone().all(|line| !line.contains("ana@")), "{lines:#?}");
        flow.tenant.call("DELETE", "", Value::Null).await.expect(204);
    }
}

#[tokio::test]
async fn the_failure_text_is_shown_where_flow_and_phone_take_it() {
    let host = TestHost::start().await;
    let flow =
        parrot(&host, json!({"on_failure": "error-message", "failure_text": "Sorry."})).await;
    for (from, form, ..) in refused() {
        let reply = flow.client().call(&request(from, form.clone(), &token())).await.unwrap();

        match from {
            Some(screen) if screen != "STRICT" => {
                let text = json!({"screen": screen, "data": {"error_message": "Sorry."}});
                assert_eq!((reply.status, reply.payload), (200, Some(text)), "{form}");
            }
            // INIT has no screen, and the phone would refuse STRICT without its data too.
            _ => assert_eq!((reply.status, reply.payload), (500, None), "{form}"),
        }
        succeeds(&flow).await;
    }
    let sessions = flow.sessions().await;
    assert!(
        !sessions.is_empty() && sessions.iter().all(|session| session["status"] == "open"),
        "{sessions:?}"
    );
}

#[tokio::test]
async fn what_the_phone_would_take_is_answered_with_a_flow_json_and_without() {
    let host = TestHost::start().await;
    let flow = parrot(&host, json!({})).await;
    for checked in [true, false] {
        for (from, form) in taken() {
            let reply = flow.client().call(&request(from, form.clone(), &token())).await.unwrap();
            assert_eq!(reply.status, 200, "checked: {checked}, {from:?} {form}");
        }
        let back = payload::back("NEXT", &token());
        assert_eq!(
            flow.client().call(&back).await.unwrap().status,
            200,
            "the parrot shows NEXT again"
        );
        flow.call("DELETE", "/flow-json", Value::Null).await.expect(if checked {
            204
        } else {
            404
        });
    }
}

#[tokio::test]
async fn a_flow_without_a_flow_json_is_not_checked() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Parrot).await;
    for (from, form, ..) in refused().into_iter().filter(|(_, form, ..)| form["do"] == "screen") {
        let reply = flow.client().call(&request(from, form.clone(), &token())).await.unwrap();
        assert_eq!(reply.status, 200, "{form}");
    }
}

#[tokio::test]
async fn the_user_goes_back_where_a_route_leads_from() {
    let host = TestHost::start().await;
    let flow = parrot(&host, json!({})).await;
    // On BACK the parrot always shows NEXT.
    for (leaving, status) in
        [("LAST", 200), ("NEXT", 200), ("FORM", 200), ("START", 500), ("STRICT", 500)]
    {
        let reply = flow.client().call(&payload::back(leaving, &token())).await.unwrap();
        assert_eq!(reply.status, status, "leaving {leaving}");
    }
}

#[tokio::test]
async fn a_change_and_a_removal_are_served_by_every_host() {
    let one = TestHost::start().await;
    let two = one.second().await;
    let flow = parrot(&one, json!({})).await;
    let there = flow.served_at(&two).await;
    let answers = async |flow: &TestFlow, status: u16| {
        let client = flow.client();
        eventually(&format!("a {status}"), async || {
            let wrong = request(Some("FORM"), showing("NEXT", json!({"count": "many"})), &token());
            (client.call(&wrong).await.unwrap().status == status).then_some(())
        })
        .await;
    };
    answers(&flow, 500).await;
    answers(&there, 500).await;

    let mut tolerant = document();
    tolerant["screens"][2]["data"]["count"] = json!({"type": "string", "__example__": "many"});
    put(&there, &tolerant).await;
    answers(&there, 200).await;
    answers(&flow, 200).await;

    put(&flow, &document()).await;
    answers(&there, 500).await;
    flow.call("DELETE", "/flow-json", Value::Null).await.expect(204);
    answers(&there, 200).await;
}

#[tokio::test]
async fn a_rehearsal_is_checked_like_any_reply() {
    let host = TestHost::start().await;
    let flow = parrot(&host, json!({})).await;
    let rehearse =
        async |form: Value| flow.call("POST", "/versions/1/rehearse", json!({"data": form})).await;

    assert_eq!(
        rehearse(showing("START", json!({"greeting": "Hi"}))).await.expect(200),
        json!({"screen": "START"})
    );
    let refused = rehearse(showing("NEXT", json!({"count": 1.5}))).await;

    let detail = refused.problem(422);
    assert!(detail.contains("/screen: \"NEXT\" can't be the first screen"), "{detail}");
    assert!(
        detail.contains("/data/count") && detail.contains("[payload-schema-error]"),
        "{detail}"
    );
}

/// WhatsApp and earlier releases may accept more than this release.
#[tokio::test]
async fn a_stored_document_this_release_would_refuse_still_checks_replies() {
    let host = TestHost::start().await;
    let flow = parrot(&host, json!({})).await;
    let mut lax = document();
    lax["screens"][1].as_object_mut().unwrap().remove("title");
    lax["screens"][2]["layout"]["children"][0]["invented"] = true.into();
    flow.call("PUT", "/flow-json", lax.clone()).await.problem(422);
    store(&host, lax.to_string().as_bytes()).await;

    let later = host.second().await;

    let there = flow.at(&later);
    for (data, status) in [(json!({"count": "many"}), 500), (json!({"count": 1}), 200)] {
        let asked = request(Some("FORM"), showing("NEXT", data), &token());
        assert_eq!(there.client().call(&asked).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn a_stored_document_that_can_not_be_read_switches_off_its_own_flow() {
    let host = TestHost::start().await;
    let flow = parrot(&host, json!({})).await;
    let other = host.tenant("other").await.flow("booking", json!({}), Component::Parrot).await;
    put(&other, &document()).await;
    let asked = || request(Some("FORM"), showing("NEXT", json!({})), &token());
    let too_large = format!("{}{}", document(), " ".repeat(10 << 20));
    for (stored, why) in [
        (&b"no more JSON"[..], "INVALID_FLOW_JSON"),
        (too_large.as_bytes(), "the most is 10485760"),
        (b"\xff{}", "not JSON"),
    ] {
        store(&host, stored).await;

        let later = host.second().await;

        assert_eq!(flow.at(&later).client().call(&asked()).await.unwrap().status, 503, "{why}");
        assert_eq!(other.at(&later).client().call(&asked()).await.unwrap().status, 200, "{why}");
        let errors = logged(Level::ERROR, &host.database().tenant_id("acme").await);
        assert!(
            errors.iter().any(|line| line.contains("its flow is not served") && line.contains(why)),
            "{why}: {errors:#?}"
        );
    }
    let later = host.second().await;
    let there = flow.at(&later);
    put(&there, &document()).await;
    eventually("it is served again", async || {
        (there.client().call(&asked()).await.unwrap().status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_digest_that_is_none_switches_off_its_own_flow() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Parrot).await;
    let beside = tenant.flow("beside", json!({}), Component::Parrot).await;
    put(&flow, &document()).await;
    let pool = host.database().pool().await;
    sqlx::query("update flow_json set digest = 'short'").execute(&pool).await.unwrap();

    let later = host.second().await;

    let asked = || request(Some("FORM"), showing("NEXT", json!({})), &token());
    assert_eq!(flow.at(&later).client().call(&asked()).await.unwrap().status, 503);
    assert_eq!(beside.at(&later).client().call(&asked()).await.unwrap().status, 200);
}

/// Writes a document directly into the database as that of acme's flow, bypassing the admin API.
async fn store(host: &TestHost, document: &[u8]) {
    let pool = host.database().pool().await;
    let update = "update flow_json set document = $1, digest = sha256($1) \
                  where tenant_id = (select tenant_id from tenants where slug = 'acme')";
    assert_eq!(sqlx::query(update).bind(document).execute(&pool).await.unwrap().rows_affected(), 1);
}

/// The user's screen, the plugin's action, the place of the error, and the client's error key.
fn refused() -> Vec<(Option<&'static str>, Value, &'static str, &'static str)> {
    const TRANSITION: &str = "invalid-screen-transition";
    const SCHEMA: &str = "payload-schema-error";
    vec![
        (Some("FORM"), showing("NOWHERE", json!({})), "/screen: there is no screen", TRANSITION),
        (
            Some("FORM"),
            showing("LAST", json!({})),
            "/screen: the routing model has no way",
            TRANSITION,
        ),
        (
            Some("NEXT"),
            showing("STRICT", json!({"name": "Ana"})),
            "/screen: the routing model has no way",
            TRANSITION,
        ),
        (
            None,
            showing("FORM", json!({})),
            "/screen: \\\"FORM\\\" can't be the first screen",
            TRANSITION,
        ),
        (
            Some("FORM"),
            showing("NEXT", json!({"count": "secret-value"})),
            "/data/count: is a string",
            SCHEMA,
        ),
        (
            Some("FORM"),
            showing("NEXT", json!({"days": [{"id": "a"}, {"id": 2}]})),
            "/data/days/1/id: is a number",
            SCHEMA,
        ),
        (
            Some("FORM"),
            showing("NEXT", json!({"days": [{}]})),
            "/data/days/0: lacks \\\"id\\\"",
            SCHEMA,
        ),
        (Some("FORM"), showing("STRICT", json!({"other": 1})), "/data: lacks \\\"name\\\"", SCHEMA),
        // The same screen without its data, which a bad request would show.
        (
            Some("STRICT"),
            json!({"do": "bad-request", "text": [["No.", 1]]}),
            "/data: lacks \\\"name\\\"",
            SCHEMA,
        ),
    ]
}

/// The user's screen and the plugin's action.
fn taken() -> Vec<(Option<&'static str>, Value)> {
    let error = |mut form: Value| {
        form["error_message"] = json!([["Please look again.", 1]]);
        form
    };
    vec![
        (None, showing("START", json!({"greeting": "Hi"}))),
        (None, showing("START", json!({}))),
        (None, showing("START", json!({"more": {"than": "declared"}}))),
        (
            Some("FORM"),
            showing(
                "NEXT",
                json!({"greeting": "Hi", "count": 2, "days": [{"id": "a", "title": "A"}]}),
            ),
        ),
        (Some("FORM"), showing("STRICT", json!({"name": "Ana"}))),
        // Going back, and staying on the same screen.
        (Some("FORM"), showing("START", json!({}))),
        (Some("FORM"), showing("FORM", json!({}))),
        // A screen that declares no data accepts any.
        (Some("FORM"), showing("FORM", json!({"extra": {"than": "declared"}}))),
        // The error message is not part of the screen's data.
        (Some("FORM"), error(showing("FORM", json!({})))),
        (Some("NEXT"), error(showing("NEXT", json!({"count": 1})))),
        (Some("FORM"), json!({"do": "bad-request", "text": [["No.", 1]]})),
        // The end of a flow is never checked.
        (Some("FORM"), json!({"do": "complete", "params": [["{\"anything\":[1]}", 1]]})),
        (None, json!({"do": "close"})),
    ]
}

/// Lets the plugin succeed once, so that its circuit stays closed.
async fn succeeds(flow: &TestFlow) {
    let reply = flow
        .client()
        .call(&request(Some("FORM"), showing("FORM", json!({})), "good-token"))
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
}

/// `Some` if the newest line of the plugin's log contains all of these parts.
async fn newest_line(flow: &TestFlow, parts: &[&str]) -> Option<()> {
    let log = flow.call("GET", "/logs?limit=1", Value::Null).await.text;
    parts.iter().all(|part| log.contains(part)).then_some(())
}
