//! Two tenants, each with a key pair, an app secret and the appointment plugin, made through the
//! admin API.

use anyhow::Context as _;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use flowhost_client::FlowClient;
use flowhost_server::config::SecretText;

use super::super::api::AdminApi;
use super::super::dev_folder::random_app_secret;
use super::super::output::note;
use super::super::plugin::{activate_version, size, upload};

/// The demo's tenants, ready to be called.
pub(super) struct Stage {
    pub(super) a: Tenant,
    pub(super) b: Tenant,
}

/// A tenant as Meta knows it.
pub(super) struct Tenant {
    pub(super) slug: &'static str,
    pub(super) url: String,
    pub(super) public_key_pem: String,
    pub(super) app_secret: SecretText,
    pub(super) client: FlowClient,
}

impl Stage {
    pub(super) async fn build(
        public_url: &str,
        admin_url: &str,
        admin_token: &SecretText,
        component: Vec<u8>,
    ) -> anyhow::Result<Self> {
        note(&format!("The host accepts requests at {public_url}, its admin API at {admin_url}."));
        let api = AdminApi::new(admin_url, Some(SecretText::new(admin_token.expose().to_owned())))?;
        let [a, b] = TENANTS;
        Ok(Self {
            a: Tenant::make(&api, public_url, a, component.clone()).await?,
            b: Tenant::make(&api, public_url, b, component).await?,
        })
    }
}

impl Tenant {
    async fn make(
        api: &AdminApi,
        public_url: &str,
        (slug, name): (&'static str, &str),
        component: Vec<u8>,
    ) -> anyhow::Result<Self> {
        let tenant = json!({ "slug": slug, "name": name });
        let made = api.call(Method::POST, &["tenants"], Some(&tenant)).await?;
        let Made { public_key_pem } = made.read()?;
        let app_secret = random_app_secret();
        let secret = json!({ "secret": app_secret.expose() });
        api.call(Method::PUT, &["tenants", slug, "app-secret"], Some(&secret)).await?;
        let flow =
            api.call(Method::PUT, &["tenants", slug, "flows", FLOW], Some(&json!({}))).await?;
        let url = format!("{public_url}{}", flow.read::<Flow>()?.endpoint_path);
        deploy(api, slug, component)
            .await
            .with_context(|| format!("can't deploy the plugin for {slug}"))?;
        let client = FlowClient::new(&url, &public_key_pem, app_secret.expose())?;
        Ok(Self { slug, url, public_key_pem, app_secret, client })
    }
}

async fn deploy(api: &AdminApi, slug: &str, component: Vec<u8>) -> anyhow::Result<()> {
    let bytes = component.len() as u64;
    let version = upload(api, slug, FLOW, component).await?.version;
    activate_version(api, slug, FLOW, version.version).await?;
    let compiled =
        version.compile_ms.map(|ms| format!(", compiled in {ms:.0} ms")).unwrap_or_default();
    note(&format!(
        "Tenant {slug}: its own keys and app secret; flow {FLOW} with version {} of the plugin ({}{compiled}).",
        version.version,
        size(bytes)
    ));
    Ok(())
}

#[derive(Deserialize)]
struct Made {
    public_key_pem: String,
}

#[derive(Deserialize)]
struct Flow {
    endpoint_path: String,
}

/// Slugs and names of the demo's tenants.
pub(super) const TENANTS: [(&str, &str); 2] = [("clinic-a", "Clinic A"), ("clinic-b", "Clinic B")];

/// The flow of both tenants.
pub(super) const FLOW: &str = "appointment";
