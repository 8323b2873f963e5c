//! A host with something to look at: two tenants, and conversations that went well, half-way and
//! wrong.

use flowhost_api::{NewApiToken, Route};
use flowhost_client::payload;
use flowhost_tests::{Chromium, Component, TestFlow, TestHost, repository, watch};
use serde_json::{Value, json};

use super::sign_in;

/// The host, and what is on it: tenant `acme` of the partner `north`, with the flows `booking` and
/// `enquiries`, and tenant `globex`, which is nobody's but the operator's.
pub(super) struct Sample {
    pub(super) host: TestHost,
    pub(super) booking: TestFlow,
    pub(super) enquiries: TestFlow,
    /// The id of an API token of `acme`.
    token: String,
}

/// Who looks at pages: those with fewer rights first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Read,
    Deploy,
    Partner,
    Operator,
}

impl Sample {
    /// A host where partner and tenants have this name.
    pub(super) async fn start(name: &str) -> Self {
        let host = TestHost::start().await;
        let admin = host.admin();
        let partner = json!({ "slug": "north", "name": name });
        admin.call("POST", "/v1/partners", partner).await.expect(201);
        let acme = host.tenant_of("north", "acme").await;
        acme.call("PATCH", "", json!({ "name": name })).await.expect(200);
        let graph = json!({ "access_token": "token-of-meta", "phone_number_ids": ["1001"] });
        acme.call("PUT", "/graph", graph).await.expect(204);
        host.tenant("globex").await;
        let keeping = json!({ "keep_replies": true });
        let booking = acme.flow_without_plugin("booking", keeping).await;
        booking.deploy(Component::Echo).await;
        let flow_json = std::fs::read(repository("plugins/appointment/flow.json")).unwrap();
        put_flow_json(&booking, serde_json::from_slice(&flow_json).unwrap()).await;
        booking.deploy(Component::Appointment).await;
        let asked = json!({ "grants": { "store": true } });
        let enquiries = acme.flow("enquiries", asked, Component::Keeper).await;
        let value = json!({ "value": name, "secret": false });
        enquiries.call("PUT", "/config/greeting", value).await.expect(204);
        let new = json!({ "tenant": "acme", "role": "read" });
        let made: NewApiToken = admin.ask(Route::CreateApiToken, &[], &new).await;
        watch(&made.token);
        Self { host, booking, enquiries, token: made.view.id.to_string() }
    }

    /// Lets customers talk to the flow `booking`: one books, one makes a mistake and goes away.
    pub(super) async fn converse(&self) {
        let client = self.booking.client();
        for (name, email) in [("Ana Silva", "ana@example.com"), ("Bruno Costa", "bruno")] {
            // The dates below are fixed.
            let context = json!({ "name": name, "today": "2026-11-20" });
            let minted = self.booking.call("POST", "/tokens", json!({ "context": context })).await;
            let token = minted.expect(201)["flow_token"].as_str().unwrap().to_owned();
            client.call(&payload::init(&token)).await.unwrap();
            for (screen, form) in forms(name, email) {
                let said = payload::data_exchange(screen, form, &token);
                assert_eq!(client.call(&said).await.unwrap().status, 200);
            }
        }
    }

    /// Lets the flow `enquiries` log this, and fail with it.
    pub(super) async fn fail(&self, text: &str) {
        let client = self.enquiries.client();
        for (act, status) in [("log", 200), ("fail", 500)] {
            let said = json!({ "do": act, "value": text });
            let said = payload::data_exchange("FORM", said, "a-token-of-somebody-else");
            assert_eq!(client.call(&said).await.unwrap().status, status);
        }
    }

    /// Signs a new token of this role in.
    pub(super) async fn sign_in(&self, browser: &Chromium, role: Role) {
        let new = match role {
            Role::Operator => json!({ "scope": "operator" }),
            Role::Partner => json!({ "partner": "north" }),
            Role::Deploy => json!({ "tenant": "acme", "role": "deploy" }),
            Role::Read => json!({ "tenant": "acme", "role": "read" }),
        };
        let admin = self.host.api_token(new).await;
        sign_in(browser, &self.host, admin.token().unwrap()).await;
    }

    /// The full address of a page. In its path, `{key}` and `{session}` stand for the newest ones,
    /// `{token}` for one of `acme`.
    pub(super) async fn url(&self, path: &str) -> String {
        let flow = if path.contains("/enquiries/") { &self.enquiries } else { &self.booking };
        let mut path = path.replace("{token}", &self.token);
        for (name, listed_at, list) in [
            ("{key}", "/v1/tenants/acme/keys".to_owned(), "keys"),
            ("{session}", format!("/v1/tenants/acme/flows/{}/sessions", flow.name), "sessions"),
        ] {
            if path.contains(name) {
                let listed = self.host.admin().get(&listed_at).await.expect(200);
                path = path.replace(name, listed[list][0]["id"].as_str().unwrap());
            }
        }
        self.host.admin().url(&path)
    }
}

pub(super) async fn put_flow_json(flow: &TestFlow, document: Value) {
    flow.call("PUT", "/flow-json", document).await.expect(204);
}

/// What a customer fills in on the way to an appointment.
fn forms(name: &str, email: &str) -> Vec<(&'static str, Value)> {
    let slot = json!({ "department": "dental", "location": "river", "date": "2026-11-23", "time": "10:30" });
    let contact =
        json!({ "name": name, "email": email, "phone": "+55 11 91234-5678", "more_details": "" });
    let mut forms = vec![("APPOINTMENT", slot), ("DETAILS", contact)];
    if email.contains('@') {
        forms.push(("SUMMARY", json!({ "terms": true })));
    }
    forms
}
