//! What a phone seals and signs with: the tenant's newest public key and its app secret.

use std::sync::Arc;

use time::OffsetDateTime;

use super::super::desk::no_flow;
use super::super::{AdminError, FlowDesk};
use super::PlayedPhone;
use crate::store;
use flowhost_client::{Carrier, ClientError, FlowClient, Phone, payload, signs_tokens};
use flowhost_exchange::endpoint::Endpoint;
use flowhost_exchange::exchange::ExchangeError;
use flowhost_runtime::telemetry;

impl FlowDesk {
    /// The client in the phone, as it speaks to its endpoint now. Keys and secrets are looked up each
    /// time, so that a phone holds none.
    pub(super) async fn connected(
        &self,
        phone: &PlayedPhone,
        carrier: Arc<dyn Carrier>,
    ) -> Result<Phone, AdminError> {
        let endpoint = self.endpoint_now().await?;
        let carrier = match &phone.rehearsal {
            Some(rehearsal) => rehearsal.line(&endpoint),
            None => carrier,
        };
        let client = Phone::new(self.client(&endpoint, carrier).await?);
        let Some(flow_json) = phone.flow_json.parsed() else { return Ok(client) };
        let version = flow_json.document().data_api_version().unwrap_or(payload::DATA_API_VERSION);
        let signs = signs_tokens(version, Some(flow_json)).unwrap_or_default();
        Ok(client.speaking(version, signs).showing(flow_json.clone()))
    }

    /// A client with the newest key that opens requests, and the app secret. Says what to do if there
    /// is none.
    pub(super) async fn client(
        &self,
        endpoint: &Endpoint,
        carrier: Arc<dyn Carrier>,
    ) -> Result<FlowClient, AdminError> {
        let slug = &self.tenant().slug;
        let keys = store::list_keys(self.store(), self.tenant().id).await?;
        let now = OffsetDateTime::now_utc();
        let newest = keys.iter().find(|key| key.retires_at.is_none_or(|at| at > now));
        let newest = newest.ok_or_else(|| {
            AdminError::Conflict(format!(
                "the tenant has no key pair to encrypt to; make one:\n  flowhost key create {slug}"
            ))
        })?;
        let secrets = endpoint.tenant.app_secrets();
        let secret = secrets.first().and_then(|secret| std::str::from_utf8(secret.expose()).ok());
        let secret = secret.ok_or_else(|| {
            AdminError::Conflict(format!(
                "the tenant has no app secret to sign with, so its endpoints take nothing; set the Meta app's:\n  flowhost app-secret set {slug}"
            ))
        })?;
        // Only the path counts.
        let url = format!("http://localhost/flows/{slug}/{}", self.flow().name);
        FlowClient::carried_by(carrier, &url, &newest.public_key_pem, secret).map_err(unsealed)
    }

    /// The endpoint as this host serves it now.
    pub(super) async fn endpoint_now(&self) -> Result<Arc<Endpoint>, AdminError> {
        let found = self.admin().exchanges.resolve(&self.tenant().slug, &self.flow().name).await;
        found.map_err(|error| match error {
            ExchangeError::UnknownEndpoint => no_flow(),
            error => AdminError::Busy(format!(
                "the tenant can't be served now: {}",
                telemetry::chain(&error)
            )),
        })
    }
}

/// There was nothing to send.
pub(super) fn unsealed(error: ClientError) -> AdminError {
    AdminError::Conflict(format!("no request can be sent: {error}"))
}
