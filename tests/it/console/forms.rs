//! Forms of tenants and flows, sent by whoever may not send them.

use flowhost_tests::{BrowserSession, Component, TestHost, csrf_of, with_file, with_form};
use serde_json::{Value, json};

/// A form: its path below the tenant's page, its fields, and who may send it, the lowest role first.
struct Form {
    path: String,
    fields: Vec<(&'static str, &'static str)>,
    lowest: &'static str,
}

/// What there is of a tenant for the forms to change.
struct Scene {
    host: TestHost,
    key: String,
    token: String,
}

#[tokio::test]
async fn forms_are_for_who_may_send_them_and_do_nothing_for_others() {
    let scene = Scene::set().await;
    let before = scene.state().await;
    let reader = scene.host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    let deploy = scene.host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let strangers = [
        scene.host.browser_with(json!({"tenant": "globex", "role": "deploy"})).await,
        scene.host.browser_with(json!({"partner": "umbrella"})).await,
    ];

    for form in scene.forms() {
        assert_eq!(send(&reader, &form, true).await, 403, "{}", form.path);
        if form.lowest == "partner" {
            assert_eq!(send(&deploy, &form, true).await, 403, "{}", form.path);
        }
        for stranger in &strangers {
            assert_eq!(send(stranger, &form, true).await, 404, "{}", form.path);
        }
        let operator = scene.host.browser(scene.host.admin_token()).await;
        assert_eq!(send(&operator, &form, false).await, 403, "{} without csrf", form.path);
    }
    assert_eq!(scene.state().await, before);
    scene.host.stop().await;
}

#[tokio::test]
async fn questions_are_asked_of_who_may_answer_them() {
    let scene = Scene::set().await;
    let operator = scene.host.browser(scene.host.admin_token()).await;
    let reader = scene.host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    let stranger = scene.host.browser_with(json!({"tenant": "globex", "role": "deploy"})).await;

    for path in scene.questions() {
        let path = format!("{TENANT}/{path}");
        assert!(operator.page(&path).await.contains("<button"), "{path}");
        assert_eq!(reader.open(&path).await.status, 403, "{path}");
        assert_eq!(stranger.open(&path).await.status, 404, "{path}");
    }
    assert_eq!(reader.open("/console/new-tenant").await.status, 403);
    scene.host.stop().await;
}

#[tokio::test]
async fn every_form_of_the_pages_is_among_those_that_are_tried() {
    let scene = Scene::set().await;
    let operator = scene.host.browser(scene.host.admin_token()).await;
    let mut pages =
        vec!["".to_owned(), "/flows/booking".to_owned(), "/flows/booking/flow-json".to_owned()];
    pages.extend(scene.questions().into_iter().map(|path| format!("/{path}")));

    let tried: Vec<String> = scene.forms().into_iter().map(|form| form.path).collect();
    for page in pages {
        for action in actions(&operator.page(&format!("{TENANT}{page}")).await) {
            let of_tenant = action.strip_prefix(&format!("{TENANT}/"));
            assert!(
                of_tenant.is_some_and(|path| tried.iter().any(|tried| tried == path)),
                "{page} has a form for {action}"
            );
        }
    }
    scene.host.stop().await;
}

#[tokio::test]
async fn who_may_only_look_sees_everything_and_no_form() {
    let scene = Scene::set().await;
    let reader = scene.host.browser_with(json!({"tenant": "acme", "role": "read"})).await;

    for path in ["", "/flows/booking", "/flows/booking/flow-json", "/changes"] {
        let page = reader.page(&format!("{TENANT}{path}")).await;
        assert!(actions(&page).is_empty(), "{path}: {page}");
        assert!(
            !page.contains("class=\"button\" href=\"/console/tenants/acme/flows/booking/delete")
        );
    }
    let page = reader.page(TENANT).await;
    assert!(!page.contains("API tokens"), "{page}");
    scene.host.stop().await;
}

impl Scene {
    async fn set() -> Self {
        let host = TestHost::start().await;
        let tenant = host.tenant("acme").await;
        host.tenant("globex").await;
        host.admin().call("POST", "/v1/partners", json!({"slug": "umbrella"})).await.expect(201);
        let flow =
            tenant.flow("booking", json!({"grants": {"store": true}}), Component::Steady).await;
        flow.deploy(Component::Echo).await;
        flow.upload(Component::Steady.bytes().await).await.expect(201);
        flow.call("PUT", "/config/greeting", json!({"value": "Hello"})).await.expect(204);
        flow.call("PUT", "/flow-json", super::flow::document()).await.expect(204);
        let graph = json!({"access_token": "EAAG-a-token-of-graph", "phone_number_ids": ["1001"]});
        tenant.call("PUT", "/graph", graph).await.expect(204);
        let keys = tenant.call("GET", "/keys", Value::Null).await.expect(200);
        let new = json!({"tenant": "acme", "role": "read"});
        let token = host.admin().call("POST", "/v1/api-tokens", new).await.expect(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { host, key: text(&keys["keys"][0]["id"]), token: text(&token["id"]) }
    }

    /// Every form of a tenant's pages and its flow's.
    fn forms(&self) -> Vec<Form> {
        let (key, token) = (&self.key, &self.token);
        let form = |lowest, path: &str, fields: &[_]| Form {
            path: path.to_owned(),
            fields: fields.to_vec(),
            lowest,
        };
        let manage = |path: &str, fields: &[_]| form("partner", path, fields);
        let deploy =
            |path: &str, fields: &[_]| form("deploy", &format!("flows/booking/{path}"), fields);
        vec![
            manage("settings", &SETTINGS),
            manage("switch", &[("disabled", "true")]),
            manage("delete", &[("name", "acme")]),
            manage("keys", &[]),
            manage(&format!("keys/{key}/upload"), &[]),
            manage(&format!("keys/{key}/retire"), &[]),
            manage("app-secret", &[("secret", "another-app-secret")]),
            manage("graph", &[("access_token", "another-token-of-graph")]),
            manage("graph/delete", &[]),
            manage("api-tokens", &[("role", "read")]),
            manage(&format!("api-tokens/{token}/revoke"), &[]),
            form("deploy", "flows", &[("name", "another")]),
            deploy("versions", &[]),
            deploy("versions/3/activate", &[]),
            deploy("versions/3/delete", &[]),
            deploy("phone", &[("line", "3")]),
            deploy("versions/3/rehearse", &[]),
            deploy(&format!("phone/{}", "0".repeat(32)), &[("do", "enter")]),
            deploy("rollback", &[("version", "1")]),
            deploy("settings", &[("failure_text", "Another")]),
            deploy("grants", &[("deed", "grant"), ("media", "true")]),
            deploy("config", &[("key", "another"), ("value", "value")]),
            deploy("config/greeting/delete", &[]),
            deploy("flow-json", &[("version", "")]),
            deploy("flow-json/delete", &[]),
            deploy("switch", &[("disabled", "true")]),
            deploy("delete", &[("name", "booking")]),
        ]
    }

    /// Every page below the tenant's that asks before something is done.
    fn questions(&self) -> Vec<String> {
        let of_flow = [
            "versions/3/activate",
            "versions/3/delete",
            "versions/3/rehearse",
            "rollback",
            "config/greeting/delete",
            "flow-json/delete",
            "switch",
            "delete",
        ];
        let mut paths: Vec<String> =
            ["switch", "delete", "keys/new", "graph/delete"].map(str::to_owned).to_vec();
        paths.push(format!("keys/{}/retire", self.key));
        paths.push(format!("api-tokens/{}/revoke", self.token));
        paths.extend(of_flow.map(|path| format!("flows/booking/{path}")));
        paths
    }

    /// What the API shows of everything that a form could change.
    async fn state(&self) -> Vec<Value> {
        let mut state = Vec::new();
        for path in [
            "",
            "/keys",
            "/graph",
            "/flows",
            "/flows/booking/versions",
            "/flows/booking/config",
            "/flows/booking/flow-json",
        ] {
            state.push(
                self.host
                    .admin()
                    .get(&format!("/v1{}{path}", &TENANT["/console".len()..]))
                    .await
                    .expect(200),
            );
        }
        let audit = self.host.admin().get("/v1/audit?tenant=acme").await.expect(200);
        let by_console = |entry: &&Value| {
            !entry["action"].as_str().unwrap().starts_with("console.")
                && entry["action"] != "api-token.create"
        };
        state.extend(audit["entries"].as_array().unwrap().iter().filter(by_console).cloned());
        state
    }
}

/// Sends a form. Returns the status.
async fn send(browser: &BrowserSession, form: &Form, with_csrf: bool) -> u16 {
    let csrf =
        if with_csrf { csrf_of(&browser.page("/console").await) } else { "wrong".to_owned() };
    let mut fields = vec![("csrf", csrf.as_str())];
    fields.extend(&form.fields);
    let request = browser.post(&format!("{TENANT}/{}", form.path));
    let request = request.header("sec-fetch-site", "same-origin");
    let has_file = matches!(form.path.rsplit('/').next(), Some("versions" | "flow-json"))
        || form.path.contains("/phone/");
    let request = if has_file {
        with_file(request, &fields, ("component", b"no component"))
    } else {
        with_form(request, &fields)
    };
    request.send().await.unwrap().status().as_u16()
}

/// Where the forms of a page lead, but the one for signing out.
fn actions(page: &str) -> Vec<String> {
    let forms = page.split("<form").skip(1).map(|form| form.split('>').next().unwrap());
    let action = |form: &str| {
        form.split_once("action=\"").map(|(_, after)| after.split('"').next().unwrap().to_owned())
    };
    forms.filter_map(action).filter(|action| action != "/console/sign-out").collect()
}

const TENANT: &str = "/console/tenants/acme";

const SETTINGS: [(&str, &str); 7] = [
    ("name", "Another"),
    ("waba_id", ""),
    ("requests_per_second", "5"),
    ("sessions_days", "1"),
    ("exchanges_days", "1"),
    ("plugin_log_days", "1"),
    ("answered_days", "90"),
];
