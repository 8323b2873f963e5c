//! Two tenants, each with a key pair, an app secret and the appointment plugin, made through the
//! admin API.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use flowhost_api::{CreateTenant, FlowView, Route, TenantView};
use flowhost_client::FlowClient;
use flowhost_server::config::SecretText;

use super::super::api::AdminApi;
use super::super::app_secret::new_app_secret;
use super::super::dev_folder::random_app_secret;
use super::super::output::note;
use super::super::plugin::{NewVersion, activate_version, size, upload};

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
        let tenant = CreateTenant {
            slug: slug.to_owned(),
            name: Some(name.to_owned()),
            ..CreateTenant::default()
        };
        let created: TenantView = api.send(Route::CreateTenant, &[], &tenant).await?.read()?;
        let public_key_pem = created.public_key_pem.context("the host shows no public key")?;
        let app_secret = random_app_secret();
        api.send(Route::PutAppSecret, &[slug], &new_app_secret(&app_secret, 0)).await?;
        let flow: FlowView = api.send(Route::PutFlow, &[slug, FLOW], &json!({})).await?.read()?;
        let url = format!("{public_url}{}", flow.endpoint_path);
        deploy(api, slug, component)
            .await
            .with_context(|| format!("can't deploy the plugin for {slug}"))?;
        let client = FlowClient::new(&url, &public_key_pem, app_secret.expose())?;
        Ok(Self { slug, url, public_key_pem, app_secret, client })
    }
}

async fn deploy(api: &AdminApi, slug: &str, component: Vec<u8>) -> anyhow::Result<()> {
    let flow_json = Some(FLOW_JSON.to_vec());
    let new = NewVersion { component, flow_json, project: Path::new("."), note: None };
    let version = upload(api, [slug, FLOW], new).await?.version;
    activate_version(api, slug, FLOW, version.version).await?;
    note(&format!(
        "Tenant {slug}: its own keys and app secret; flow {FLOW} with version {} of the plugin ({}, compiled in {} ms).",
        version.version,
        size(version.size.unsigned_abs().into()),
        version.compile_ms
    ));
    Ok(())
}

/// Slugs and names of the demo's tenants.
pub(super) const TENANTS: [(&str, &str); 2] = [("clinic-a", "Clinic A"), ("clinic-b", "Clinic B")];

/// The flow of both tenants.
pub(super) const FLOW: &str = "appointment";

/// Its screens, for the phone in the browser.
const FLOW_JSON: &[u8] = include_bytes!("../../../../plugins/appointment/flow.json");
