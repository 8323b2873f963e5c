//! `/console/tenants/{tenant}/flows/{flow}`: every form does what the API does.

use flowhost_tests::{
    BrowserSession, Component, ConsoleReply, RawConnection, TestFlow, TestHost, csrf_of,
    eventually, forms, watch, with_file, with_form,
};
use serde_json::{Value, json};
use sqlx::query;

const FLOW: &str = "/console/tenants/acme/flows/booking";

#[tokio::test]
async fn a_version_is_uploaded_rehearsed_activated_and_left_again() {
    let (host, flow, browser) = start().await;
    let active = async || show(&flow).await["active_version"].clone();
    let upload = async |component: Component, note: &str| {
        let file = ("component", component.bytes().await);
        browser.submit_file(FLOW, &path("versions"), &[("note", note)], file).await
    };

    done(&upload(Component::Steady, "the first one").await);
    done(&upload(Component::Echo, "").await);
    let page = browser.page(FLOW).await;
    assert!(
        page.contains("the first one") && page.contains("Against version 1: same Flow JSON"),
        "{page}"
    );
    assert_eq!(active().await, Value::Null);

    let rehearse = path("versions/1/rehearse");
    let tried = browser.submit(&rehearse, &rehearse, &[("data", "")]).await;
    assert!(tried.status == 200 && tried.text.contains("answers: screen <code>"), "{}", tried.text);
    let wrong = browser.submit(&rehearse, &rehearse, &[("data", "[1]")]).await;
    assert_eq!(wrong.status, 422);

    for version in ["1", "2"] {
        let activate = path(&format!("versions/{version}/activate"));
        let question = browser.page(&activate).await;
        assert!(question.contains("Grants missing"), "{question}");
        done(&browser.submit(&activate, &activate, &[]).await);
    }
    assert_eq!(active().await, 2);

    let question = browser.page(&path("rollback")).await;
    assert!(
        question.contains("<strong>1</strong> answers in place of version <strong>2</strong>"),
        "{question}"
    );
    let other = browser.submit(&path("rollback"), &path("rollback"), &[("version", "2")]).await;
    assert_eq!((other.status, active().await), (409, json!(2)));
    done(&browser.submit(&path("rollback"), &path("rollback"), &[("version", "1")]).await);
    assert_eq!(active().await, 1);
    assert_eq!(browser.open(&path("rollback")).await.status, 409);

    let delete = path("versions/2/delete");
    done(&browser.submit(&delete, &delete, &[]).await);
    assert_eq!(browser.open(&delete).await.status, 404);
    let active = path("versions/1/delete");
    assert_eq!(browser.submit(FLOW, &active, &[]).await.status, 409);
    host.stop().await;
}

#[tokio::test]
async fn a_version_that_asks_for_more_is_granted_it_on_the_way() {
    let (host, flow, browser) = start().await;
    let asking = json!({"http": ["api.example.com"], "store": true});
    let component = Component::Steady.bytes_asking_for(asking).await;
    flow.upload(Component::Steady.bytes().await).await.expect(201);
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    flow.upload(component).await.expect(201);

    let activate = path("versions/2/activate");
    let question = browser.page(&activate).await;
    assert!(question.contains("Grant http api.example.com:443, store"), "{question}");
    assert!(!question.contains("Activate version 2</button>"), "{question}");
    assert_eq!(browser.submit(FLOW, &activate, &[]).await.status, 409);
    let fields =
        [("deed", "grant"), ("http", "api.example.com:443"), ("store", "true"), ("version", "2")];
    let granted = browser.submit(&activate, &path("grants"), &fields).await;
    assert_eq!((granted.status, granted.location.as_deref()), (303, Some(activate.as_str())));
    done(&browser.submit(&activate, &activate, &[]).await);

    let fields = [("deed", "deny"), ("http", "api.example.com:443")];
    done(&browser.submit(FLOW, &path("grants"), &fields).await);
    let view = show(&flow).await;
    assert_eq!(view["settings"]["grants"], json!({"http": [], "store": true, "media": false}));
    assert!(browser.page(FLOW).await.contains("Missing grants"));
    for fields in [[("deed", "grant"), ("http", "no_host")], [("deed", "take"), ("http", "")]] {
        assert_eq!(browser.submit(FLOW, &path("grants"), &fields).await.status, 422);
    }
    host.stop().await;
}

#[tokio::test]
async fn what_is_no_component_or_too_large_is_refused_and_nothing_is_kept() {
    let (host, flow, browser) = start().await;
    let upload = async |bytes: &[u8]| {
        browser.submit_file(FLOW, &path("versions"), &[("note", "")], ("component", bytes)).await
    };
    assert_eq!(upload(b"no component").await.status, 422);
    assert_eq!(upload(b"").await.status, 422);
    assert_eq!(upload(&vec![0; (64 << 20) + 1]).await.status, 413);
    let long = "x".repeat(200 << 10);
    let file = ("component", Component::Steady.bytes().await);
    let fields = [("note", long.as_str())];
    assert_eq!(browser.submit_file(FLOW, &path("versions"), &fields, file).await.status, 413);
    let csrf = csrf_of(&browser.page(FLOW).await);
    // After the file it comes too late: the file was not to be read.
    let late = with_file(own(&browser, "versions"), &[("note", ""), ("csrf", &csrf)], file);
    assert_eq!(late.send().await.unwrap().status(), 403);
    let plain = with_form(own(&browser, "versions"), &[("csrf", &csrf)]);
    assert_eq!(plain.send().await.unwrap().status(), 400);
    let only = with_file(own(&browser, "versions"), &[("csrf", &csrf)], ("other", b"x"));
    assert_eq!(only.send().await.unwrap().status(), 422);
    let versions = flow.call("GET", "/versions", Value::Null).await.expect(200);
    assert_eq!(versions["versions"], json!([]));
    host.stop().await;
}

#[tokio::test]
async fn a_script_that_uploads_is_told_the_next_page() {
    let (host, _flow, browser) = start().await;
    let csrf = csrf_of(&browser.page(FLOW).await);
    let send = async |bytes: &[u8]| {
        let request = own(&browser, "versions").header("hx-request", "true");
        let request = with_file(request, &[("csrf", &csrf), ("note", "")], ("component", bytes));
        request.send().await.unwrap()
    };

    let taken = send(Component::Steady.bytes().await).await;
    assert_eq!(
        (taken.status().as_u16(), &taken.headers()["hx-redirect"]),
        (204, &FLOW.parse().unwrap())
    );
    assert!(taken.headers()["set-cookie"].to_str().unwrap().starts_with("__Host-flowhost-notice="));
    let refused = send(b"no component").await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().starts_with("<pre class=\"notice problem\""));
    host.stop().await;
}

#[tokio::test]
async fn settings_are_changed_as_the_form_says_and_else_stay() {
    let (host, flow, browser) = start().await;
    let texts = "Ask \"us\" again.\nThank you.";
    flow.set(json!({"token_rejected_text": texts, "retention": {"exchanges_days": 9}})).await;
    let before = show(&flow).await["settings"].clone();
    let shown = settings_in(&browser.page(FLOW).await);
    let send = async |fields: &[(String, String)]| {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.submit(FLOW, &path("settings"), &fields).await
    };

    done(&send(&shown).await);
    assert_eq!(show(&flow).await["settings"], before, "the form as it was drawn changes nothing");

    let changed = |name: &str, value: &str| {
        let mut fields = shown.clone();
        fields.iter_mut().find(|(field, _)| field == name).unwrap().1 = value.to_owned();
        fields
    };
    for (name, typed, pointer, value) in [
        ("token_policy", "minted", "/token_policy", json!("minted")),
        ("failure_text", "Oh.\r\nNo.", "/failure_text", json!("Oh.\nNo.")),
        ("limits.cpu_ms", "50", "/limits/cpu_ms", json!(50)),
        ("limits.cpu_ms", "", "/limits/cpu_ms", json!(200)),
        ("retention.exchanges_days", "", "/retention/exchanges_days", Value::Null),
        ("retention.sessions_days", "2", "/retention/sessions_days", json!(2)),
        ("on_failure", "error-message", "/on_failure", json!("error-message")),
        ("keep_replies", "true", "/keep_replies", json!(true)),
        ("keep_replies", "false", "/keep_replies", json!(false)),
    ] {
        done(&send(&changed(name, typed)).await);
        assert_eq!(show(&flow).await["settings"].pointer(pointer), Some(&value), "{name}");
    }
    for (name, typed) in [
        ("limits.cpu_ms", "0"),
        ("limits.cpu_ms", "fast"),
        ("on_reopen", "x"),
        ("keep_replies", "x"),
        ("failure_text", ""),
    ] {
        let refused = send(&changed(name, typed)).await;
        assert_eq!(refused.status, 422, "{name} {typed}: {}", refused.text);
    }
    host.stop().await;
}

#[tokio::test]
async fn configuration_is_set_shown_and_deleted_and_secrets_are_never_shown() {
    let (host, flow, browser) = start().await;
    let secret = "a-secret-typed-into-a-form";
    watch(secret);
    done(
        &browser
            .submit(FLOW, &path("config"), &[("key", "greeting"), ("value", "Hello\r\nyou")])
            .await,
    );
    let fields =
        [("key", "api-key"), ("value", secret), ("secret", "true"), ("hosts", "api.example.com")];
    done(&browser.submit(FLOW, &path("config"), &fields).await);
    let listed = flow.call("GET", "/config", Value::Null).await.expect(200)["config"].clone();
    assert_eq!(
        (&listed[0]["key"], &listed[0]["hosts"]),
        (&json!("api-key"), &json!(["api.example.com:443"]))
    );
    assert_eq!(listed[1]["value"], "Hello\nyou");

    // In the wrong field it is not repeated either.
    let in_hosts = format!("{secret}_");
    let fields =
        [("key", "api-key"), ("value", "x"), ("secret", "true"), ("hosts", in_hosts.as_str())];
    let wrong = browser.submit(FLOW, &path("config"), &fields).await;
    assert_eq!(wrong.status, 422);
    let no_host = browser
        .submit(FLOW, &path("config"), &[("key", "k"), ("value", secret), ("secret", "true")])
        .await;
    assert_eq!(no_host.status, 422);
    let mut seen =
        vec![browser.page(FLOW).await, browser.page("/console/tenants/acme/changes").await];
    seen.push(browser.page(&path("config/api-key/delete")).await);
    for reply in [wrong, no_host] {
        seen.push(reply.text);
        seen.extend(reply.cookies);
    }
    for form in forms(secret.as_bytes()) {
        assert!(seen.iter().all(|text| !text.contains(&form)), "{form}");
    }

    let delete = path("config/api-key/delete");
    done(&browser.submit(&delete, &delete, &[]).await);
    assert_eq!(browser.open(&delete).await.status, 404);
    host.stop().await;
}

#[tokio::test]
async fn a_flow_json_is_put_shown_with_its_notes_and_deleted() {
    let (host, flow, browser) = start().await;
    let json = path("flow-json");
    assert!(browser.page(&json).await.contains("has no Flow JSON"));
    let text = serde_json::to_string_pretty(&document()).unwrap();
    let send = async |fields: &[(&str, &str)], file: &[u8]| {
        let mut fields =
            vec![("version", "")].into_iter().chain(fields.iter().copied()).collect::<Vec<_>>();
        fields.dedup();
        browser.submit_file(&json, &json, &fields, ("file", file)).await
    };

    let put = send(&[], text.as_bytes()).await;
    assert_eq!((put.status, put.location.as_deref()), (303, Some(json.as_str())), "{}", put.text);
    let stored = flow.call("GET", "/flow-json", Value::Null).await.expect(200);
    assert_eq!(stored, document());
    assert_eq!(browser.page(&path("flow-json/document")).await, text);
    let page = browser.page(&json).await;
    assert!(page.contains("<li id=\"L2\">"), "{page}");

    let delete = path("flow-json/delete");
    let gone = browser.submit(&delete, &delete, &[]).await;
    assert_eq!((gone.status, gone.location.as_deref()), (303, Some(json.as_str())));
    flow.call("GET", "/flow-json", Value::Null).await.problem(404);
    assert_eq!(browser.open(&delete).await.status, 404);
    host.stop().await;
}

#[tokio::test]
async fn a_flow_json_that_is_refused_has_its_findings_beside_its_lines() {
    let (host, flow, browser) = start().await;
    flow.upload(Component::Steady.bytes().await).await.expect(201);
    let json = path("flow-json");
    let mut wrong = document();
    wrong["screens"][0]["layout"]["children"][0]["type"] = json!("<script>alert(1)</script>");
    let text = serde_json::to_string_pretty(&wrong).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("<script>")).unwrap();
    // A form sends the text in its own way of ending lines.
    let typed = text.replace('\n', "\r\n");
    let csrf = csrf_of(&browser.page(&json).await);
    let request = with_file(
        own(&browser, "flow-json"),
        &[("csrf", &csrf), ("version", "1"), ("document", &typed)],
        ("file", b""),
    );
    let reply = ConsoleReply::of(request.send().await.unwrap()).await;

    assert_eq!(reply.status, 422, "{}", reply.text);
    assert!(!reply.text.contains("<script>alert"), "{}", reply.text);
    let at = reply.text.find(&format!("<li id=\"L{line}\">")).unwrap();
    let next = reply.text.find(&format!("<li id=\"L{}\">", line + 1)).unwrap();
    assert!(reply.text[at..next].contains("class=\"finding\""), "{}", &reply.text[at..next]);
    assert!(reply.text.contains(&format!("href=\"#L{line}\"")), "{}", reply.text);
    assert!(reply.text.contains("value=\"1\" selected"), "what was chosen stays chosen");
    flow.call("GET", "/flow-json", Value::Null).await.problem(404);

    let large = with_file(
        own(&browser, "flow-json"),
        &[("csrf", &csrf), ("version", "")],
        ("file", &vec![b' '; 11 << 20]),
    );
    assert_eq!(large.send().await.unwrap().status(), 413);
    host.stop().await;
}

#[tokio::test]
async fn pages_of_a_large_flow_json_count_until_they_are_read() {
    let (host, _flow, browser) = start().await;
    host.tenant("globex").await.flow_without_plugin("booking", json!({})).await;
    let large = serde_json::to_vec_pretty(&large_document()).unwrap();
    for tenant in ["acme", "globex"] {
        let path = format!("/v1/tenants/{tenant}/flows/booking/flow-json");
        host.admin().send("PUT", &path, "application/json", large.clone()).await.expect(204);
    }
    let json = path("flow-json");
    let page = browser.page(&json).await;
    assert!(page.len() > 8 << 20, "more than lies between a host and a reader: {}", page.len());

    let begin_to_read = async || {
        let mut reader = RawConnection::open(&host.admin().url("")).await;
        let cookie = browser.cookie();
        let request = format!("GET {json} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
        reader.write(request).await;
        assert!(reader.read_head().await.starts_with("HTTP/1.1 200 "));
        reader
    };
    let slow = [begin_to_read().await, begin_to_read().await];
    for page in [&json, &path("flow-json/document")] {
        let refused = browser.follow(page).await;
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.headers()["retry-after"], "5");
        let refused = refused.text().await.unwrap();
        assert!(refused.contains("<main") && refused.contains("try again"), "{refused}");
    }
    browser.page("/console/tenants/globex/flows/booking/flow-json").await;
    drop(slow);

    eventually("there is room again", async || {
        (browser.open(&json).await.status == 200).then_some(())
    })
    .await;
    host.stop().await;
}

#[tokio::test]
async fn versions_are_listed_page_by_page() {
    let (host, flow, browser) = start().await;
    flow.upload(Component::Steady.bytes().await).await.expect(201);
    let sixty = "insert into plugin_versions select (jsonb_populate_record(v, jsonb_build_object('version', n))).* \
                 from plugin_versions v, generate_series(2, 60) n";
    query(sixty).execute(&host.database().pool().await).await.unwrap();
    let shown = |page: &str| {
        let versions = page.split("<h3>Version ").skip(1);
        let versions = versions.map(|version| version.split('<').next().unwrap().trim().to_owned());
        versions.map(|version| version.parse().unwrap()).collect::<Vec<i32>>()
    };

    let newest = browser.page(FLOW).await;
    let older = browser.page(&format!("{FLOW}?before=11")).await;

    assert_eq!(shown(&newest), (11..=60).rev().collect::<Vec<_>>());
    assert!(newest.contains(&format!("{FLOW}?before=11#versions")), "{newest}");
    assert_eq!(shown(&older), (1..=10).rev().collect::<Vec<_>>());
    assert!(!older.contains("?before="), "{older}");
    assert!(browser.page(&path("versions/1/activate")).await.contains("the first to answer"));
    assert_eq!(browser.open(&path("versions/61/activate")).await.status, 404);
    host.stop().await;
}

#[tokio::test]
async fn a_flow_json_for_a_version_comes_with_its_activation() {
    let (host, flow, browser) = start().await;
    for component in [Component::Steady, Component::Echo] {
        flow.upload(component.bytes().await).await.expect(201);
    }
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    let json = path("flow-json");
    let text = document().to_string();
    let put =
        browser.submit_file(&json, &json, &[("version", "2")], ("file", text.as_bytes())).await;
    assert_eq!(put.status, 303, "{}", put.text);

    flow.call("GET", "/flow-json", Value::Null).await.problem(404);
    let question = browser.page(&path("versions/2/activate")).await;
    assert!(question.contains("the flow gets the version's"), "{question}");
    done(&browser.submit(FLOW, &path("versions/2/activate"), &[]).await);
    assert_eq!(flow.call("GET", "/flow-json", Value::Null).await.expect(200), document());
    let unknown =
        browser.submit_file(&json, &json, &[("version", "9")], ("file", text.as_bytes())).await;
    assert_eq!(unknown.status, 404);
    host.stop().await;
}

#[tokio::test]
async fn who_deploys_may_switch_a_flow_off_and_not_on() {
    let (host, flow, operator) = start().await;
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let switch = path("switch");
    done(&deploy.submit(&switch, &switch, &[("disabled", "true")]).await);
    assert_eq!(show(&flow).await["disabled"], true);
    let page = deploy.page(FLOW).await;
    assert!(!page.contains("Switch on") && !page.contains("Delete the flow"), "{page}");
    assert_eq!(deploy.submit(FLOW, &switch, &[("disabled", "false")]).await.status, 403);
    assert_eq!(deploy.submit(FLOW, &path("delete"), &[("name", "booking")]).await.status, 403);

    assert!(operator.page(FLOW).await.contains("Switch on"));
    done(&operator.submit(&switch, &switch, &[("disabled", "false")]).await);
    let delete = path("delete");
    assert_eq!(operator.submit(&delete, &delete, &[("name", "bookin")]).await.status, 422);
    let gone = operator.submit(&delete, &delete, &[("name", "booking")]).await;
    assert_eq!((gone.status, gone.location.as_deref()), (303, Some("/console/tenants/acme")));
    assert_eq!(operator.open(FLOW).await.status, 404);
    host.stop().await;
}

#[tokio::test]
async fn script_in_what_is_stored_of_a_flow_stays_text() {
    let (host, flow, browser) = start().await;
    let script = "\"'></textarea><script>alert(1)</script>";
    flow.set(json!({"failure_text": script, "token_rejected_text": script})).await;
    flow.call("PUT", "/config/greeting", json!({"value": script})).await.expect(204);
    let file = ("component", Component::Steady.bytes().await);
    done(&browser.submit_file(FLOW, &path("versions"), &[("note", script)], file).await);
    let rehearse = path("versions/1/rehearse");
    let data = json!({"x": script}).to_string();
    let tried = browser.submit(&rehearse, &rehearse, &[("data", &data)]).await;
    assert_eq!(tried.status, 200);
    let mut document = document();
    document["screens"][0]["title"] = json!(script);
    flow.call("PUT", "/flow-json", document).await.expect(204);

    let mut pages = vec![tried.text];
    for page in ["", "/flow-json", "/versions/1/activate", "/versions/1/delete"] {
        pages.push(browser.page(&format!("{FLOW}{page}")).await);
    }
    for page in pages {
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>alert"), "{page}");
        assert!(!page.contains("></textarea><script"), "{page}");
    }
    host.stop().await;
}

async fn start() -> (TestHost, TestFlow, BrowserSession) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let browser = host.browser(host.admin_token()).await;
    (host, flow, browser)
}

async fn show(flow: &TestFlow) -> Value {
    flow.call("GET", "", Value::Null).await.expect(200)
}

fn path(what: &str) -> String {
    format!("{FLOW}/{what}")
}

/// A request of the flow's page, as browsers mark it.
fn own(browser: &BrowserSession, what: &str) -> reqwest::RequestBuilder {
    browser.post(&path(what)).header("sec-fetch-site", "same-origin")
}

/// The fields of the form for settings, with what stands in them, as a browser sends them.
fn settings_in(page: &str) -> Vec<(String, String)> {
    let (_, form) = page.split_once(&format!("action=\"{FLOW}/settings\"")).unwrap();
    let form = form.split("</form>").next().unwrap();
    let mut fields = Vec::new();
    for field in form.split(" name=\"").skip(1) {
        let (name, rest) = field.split_once('"').unwrap();
        if name == "csrf" {
            continue;
        }
        let value = if let Some((_, chosen)) = rest.split_once("\" selected>") {
            let _ = chosen;
            let before = rest.split("\" selected>").next().unwrap();
            before.rsplit("value=\"").next().unwrap().to_owned()
        } else if let Some((_, text)) = rest.split_once(">\n") {
            text.split("</textarea>").next().unwrap().to_owned()
        } else {
            rest.split_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
        };
        let value = value.replace("&quot;", "\"").replace("&amp;", "&").replace('\n', "\r\n");
        fields.push((name.to_owned(), value));
    }
    assert_eq!(fields.len(), 24, "{fields:?}");
    fields
}

/// A Flow JSON with one screen.
pub(super) fn document() -> Value {
    json!({
        "version": "7.3",
        "data_api_version": "3.0",
        "routing_model": {"FORM": []},
        "screens": [{
            "id": "FORM",
            "title": "Form",
            "terminal": true,
            "layout": {"type": "SingleColumnLayout", "children": [
                {"type": "Footer", "label": "Send", "on-click-action": {"name": "data_exchange", "payload": {}}},
            ]},
        }],
    })
}

/// The same with 5,000 long lines, of which a page makes more than three times as much.
fn large_document() -> Value {
    let line = "\"".repeat(240);
    let example = vec![line; 5_000];
    let mut document = document();
    document["screens"][0]["data"] = json!({
        "list": {"type": "array", "items": {"type": "string"}, "__example__": example},
    });
    document
}

/// The form went through, and the flow's page says so.
#[track_caller]
fn done(reply: &ConsoleReply) {
    assert_eq!((reply.status, reply.location.as_deref()), (303, Some(FLOW)), "{}", reply.text);
    assert!(reply.cookies[0].starts_with("__Host-flowhost-notice="), "{:?}", reply.cookies);
}
