//! A tenant as Meta knows it, and its flows.

use flowhost_api::{Activate, Activated, CreateTenant, Route, TenantView, UploadedVersion};
use flowhost_client::{FlowClient, Reply, payload};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::admin::Admin;
use crate::component::Component;
use crate::host::TestHost;
use crate::poll::eventually;
use crate::secrets::watch;

/// A tenant, made through the admin API.
#[derive(Clone, Debug)]
pub struct TestTenant {
    /// Its name in URLs.
    pub slug: String,
    /// The public key that clients encrypt to.
    pub public_key_pem: String,
    /// The secret that Meta signs with.
    pub app_secret: String,
    admin: Admin,
    public_url: String,
}

/// A flow of a tenant.
#[derive(Clone, Debug)]
pub struct TestFlow {
    /// The tenant that owns it.
    pub tenant: TestTenant,
    /// Its name in URLs.
    pub name: String,
}

impl TestTenant {
    /// Makes a tenant and sets its app secret.
    pub async fn make(admin: &Admin, public_url: &str, slug: &str) -> Self {
        let name = Some(format!("Tenant {slug}"));
        let tenant = Self::create(
            admin,
            public_url,
            CreateTenant { slug: slug.to_owned(), name, ..CreateTenant::default() },
        )
        .await;
        tenant.set_app_secret(json!({"secret": tenant.app_secret})).await;
        tenant
    }

    /// Makes a tenant without an app secret.
    pub(crate) async fn create(admin: &Admin, public_url: &str, new: CreateTenant) -> Self {
        let TenantView { slug, public_key_pem, .. } =
            admin.ask(Route::CreateTenant, &[], &new).await;
        Self {
            public_key_pem: public_key_pem.expect("a new tenant has a key"),
            app_secret: format!("app-secret-of-{slug}"),
            slug,
            admin: admin.clone(),
            public_url: public_url.to_owned(),
        }
    }

    /// The same tenant at another host.
    pub fn at(&self, host: &TestHost) -> Self {
        self.moved(host.admin(), &host.public_url())
    }

    pub(crate) fn moved(&self, admin: &Admin, public_url: &str) -> Self {
        Self { admin: admin.clone(), public_url: public_url.to_owned(), ..self.clone() }
    }

    /// Calls the admin API below `/v1/tenants/{slug}`.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> crate::AdminReply {
        self.admin.call(method, &format!("/v1/tenants/{}{path}", self.slug), body).await
    }

    /// Sets the app secret.
    pub async fn set_app_secret(&self, body: Value) {
        watch(body["secret"].as_str().unwrap_or_default().trim());
        self.call("PUT", "/app-secret", body).await.expect(204);
    }

    /// Makes a flow and deploys this plugin as its first version.
    pub async fn flow(&self, name: &str, settings: Value, component: Component) -> TestFlow {
        let flow = self.flow_without_plugin(name, settings).await;
        flow.deploy(component).await;
        flow
    }

    /// Makes a flow without a plugin.
    pub async fn flow_without_plugin(&self, name: &str, settings: Value) -> TestFlow {
        self.call("PUT", &format!("/flows/{name}"), settings).await.expect(201);
        TestFlow { tenant: self.clone(), name: name.to_owned() }
    }
}

impl TestFlow {
    /// The same flow at another host.
    pub fn at(&self, host: &TestHost) -> Self {
        Self { tenant: self.tenant.at(host), name: self.name.clone() }
    }

    /// The same flow, reached through this tenant.
    pub fn moved_to(&self, tenant: TestTenant) -> Self {
        Self { tenant, name: self.name.clone() }
    }

    /// The same flow at another host, as soon as that host serves its plugin.
    pub async fn served_at(&self, host: &TestHost) -> Self {
        let there = self.at(host);
        let client = there.client();
        eventually("the other host serves the flow", async || {
            let reply = client.call(&payload::ping()).await;
            reply.is_ok_and(|reply| reply.status == 200).then_some(())
        })
        .await;
        there
    }

    /// The endpoint's URL.
    pub fn url(&self) -> String {
        format!("{}/flows/{}/{}", self.tenant.public_url, self.tenant.slug, self.name)
    }

    /// A WhatsApp client with the tenant's key and app secret.
    pub fn client(&self) -> FlowClient {
        FlowClient::new(&self.url(), &self.tenant.public_key_pem, &self.tenant.app_secret)
            .expect("a client can be made")
    }

    /// Calls the admin API below this flow's path.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> crate::AdminReply {
        self.tenant.call(method, &format!("/flows/{}{path}", self.name), body).await
    }

    /// Changes settings.
    pub async fn set(&self, settings: Value) {
        self.call("PATCH", "", settings).await.expect(200);
    }

    /// Uploads bytes as a version.
    pub async fn upload(&self, component: impl Into<Vec<u8>>) -> crate::AdminReply {
        let path = format!("/v1/tenants/{}/flows/{}/versions", self.tenant.slug, self.name);
        self.tenant.admin.send("POST", &path, "application/wasm", component.into()).await
    }

    /// Uploads a plugin and activates it. Returns its version.
    pub async fn deploy(&self, component: Component) -> i64 {
        let uploaded = self.upload(component.bytes().await).await.expect(201);
        let UploadedVersion { version, .. } =
            serde_json::from_value(uploaded).expect("an uploaded version");
        let names = [self.tenant.slug.as_str(), &self.name];
        let activated: Activated =
            self.tenant.admin.ask(Route::ActivateVersion, &names, &Activate { version }).await;
        activated.active_version.into()
    }

    /// The sessions, the newest first.
    pub async fn sessions(&self) -> Vec<Value> {
        let page = self.call("GET", "/sessions?limit=500", Value::Null).await.expect(200);
        page["sessions"].as_array().expect("a list of sessions").clone()
    }

    /// The only session, with its history.
    pub async fn session(&self) -> Value {
        let sessions = self.sessions().await;
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        let id = sessions[0]["id"].as_str().expect("a session has an id");
        self.call("GET", &format!("/sessions/{id}"), Value::Null).await.expect(200)
    }

    /// How many exchanges the only session has committed.
    pub async fn exchanges(&self) -> u64 {
        self.session().await["exchanges"].as_u64().expect("a number")
    }

    /// Submits the form of screen `FORM` with the field `do`, which the hostile plugins obey.
    pub async fn ask(&self, what: &str, token: &str) -> Reply {
        self.client()
            .call(&asking(what, token))
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// Lets a plugin of `tests/hostile` count the exchanges that its state has seen, including this
    /// one.
    pub async fn count(&self, token: &str) -> u64 {
        let reply = self.ask("count", token).await;
        assert_eq!(reply.status, 200);
        let payload = reply.payload.expect("a 200 has a payload");
        payload["data"]["count"].as_u64().unwrap_or_else(|| panic!("no count in {payload}"))
    }
}

/// The form of screen `FORM` with the field `do`.
pub fn asking(what: &str, token: &str) -> Value {
    payload::data_exchange("FORM", json!({"do": what}), token)
}

/// The signature header for a body, as Meta makes it.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}
