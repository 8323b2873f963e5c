//! Tenants' public keys at Meta: uploads, and checks that they are still there.
//!
//! Invariants: no database connection and no lock is held during a call to Meta; a result is stored
//! only if nothing changed meanwhile (see `store::UploadClaim`), so a slow answer never overwrites
//! a newer one.

mod error;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use time::OffsetDateTime;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};

pub(crate) use error::KeyUploadError;

use crate::graph::{AccessToken, Graph, GraphError, PublicKeyAtMeta};
use crate::store::{
    self, Store, StoreError, StoredKey, StoredTenant, UploadClaim, UploadFinding, UploadStatus,
};
use crate::tenants::open_data_key;
use flowhost_protocol::crypto::{MasterKeys, SealContext, public_key_fingerprint};
use flowhost_protocol::ids::{PhoneNumberId, TenantId};
use flowhost_runtime::telemetry;

/// Uploads and checks keys.
#[derive(Debug)]
pub struct KeyUploads {
    store: Store,
    master: MasterKeys,
    graph: Graph,
    check_interval: Duration,
}

impl KeyUploads {
    /// Each phone number is checked once per `check_interval`, by one host.
    pub fn new(store: Store, master: MasterKeys, graph: Graph, check_interval: Duration) -> Self {
        Self { store, master, graph, check_interval }
    }

    /// Uploads a tenant's key for phone numbers, reads its status back, and stores the result.
    /// Phone numbers that the tenant doesn't have are skipped. Returns false if the tenant has no
    /// access token. Takes at most about 27 s.
    pub async fn upload(
        &self,
        tenant: &StoredTenant,
        key: &StoredKey,
        phone_numbers: &[PhoneNumberId],
    ) -> Result<bool, KeyUploadError> {
        let Some(token) = self.access_token(tenant).await? else { return Ok(false) };
        sleep(until_served_everywhere(OffsetDateTime::now_utc() - key.created_at)).await;
        let give_up = Instant::now() + UPLOAD_TIME;
        let claims =
            store::claim_uploads(&self.store, tenant.id, phone_numbers, CLAIM_TIME).await?;
        let uploads = iter(claims).map(|claim| self.upload_one(&token, key, claim, give_up));
        let done: Vec<Result<(), StoreError>> =
            uploads.buffer_unordered(UPLOADS_AT_ONCE).collect().await;
        done.into_iter().collect::<Result<(), _>>()?;
        store::clear_key_report(&self.store, tenant.id, key.id).await?;
        Ok(true)
    }

    async fn upload_one(
        &self,
        token: &AccessToken,
        key: &StoredKey,
        claim: UploadClaim,
        give_up: Instant,
    ) -> Result<(), StoreError> {
        let id = &claim.phone_number.id;
        let uploaded =
            within(give_up, self.graph.upload_public_key(token, id, &key.public_key_pem)).await;
        let accepted = uploaded.is_ok();
        let found = match uploaded {
            Ok(()) => within(give_up, self.graph.public_key(token, id)).await,
            Err(error) => Err(error),
        };
        let finding = UploadFinding {
            uploaded: accepted,
            ..self.finding(&claim, found, Some(&key.fingerprint))
        };
        store::record_upload(&self.store, &claim, &finding).await?;
        Ok(())
    }

    /// Checks whatever is due, in rounds; never returns. After every round `counted` gets the
    /// number of phone numbers per status.
    pub async fn follow(&self, counted: impl Fn(&[(UploadStatus, i64)])) {
        let mut rounds = interval((self.check_interval / 10).clamp(SHORTEST_ROUND, LONGEST_ROUND));
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            match self.check_due().await {
                Ok(counts) => counted(&counts),
                Err(error) => {
                    tracing::warn!(error = %telemetry::chain(&error), "keys at Meta can't be checked; trying again")
                }
            }
        }
    }

    /// One round: claims what is due, asks Meta, and stores the answers. Returns the number of
    /// phone numbers per status afterwards.
    async fn check_due(&self) -> Result<Vec<(UploadStatus, i64)>, StoreError> {
        let mut by_tenant: BTreeMap<TenantId, Vec<UploadClaim>> = BTreeMap::new();
        for claim in store::claim_due_checks(&self.store, CLAIM_TIME, CHECKS_OF_A_ROUND).await? {
            by_tenant.entry(claim.tenant).or_default().push(claim);
        }
        let checks = iter(by_tenant).for_each_concurrent(TENANTS_AT_ONCE, async |(tenant, claims)| {
            if let Err(error) = self.check(tenant, claims).await {
                tracing::error!(tenant.id = %tenant, error = %telemetry::chain(&error), "a tenant's keys at Meta can't be checked");
            }
        });
        checks.await;
        store::count_key_uploads(&self.store).await
    }

    /// Checks phone numbers of one tenant. Each is tried once, since the next round follows anyway.
    async fn check(
        &self,
        tenant: TenantId,
        claims: Vec<UploadClaim>,
    ) -> Result<(), KeyUploadError> {
        let Some(tenant) = store::find_tenant_by_id(&self.store, tenant).await? else {
            return Ok(());
        };
        let Some(token) = self.access_token(&tenant).await? else { return Ok(()) };
        let keys = store::list_keys(&self.store, tenant.id).await?;
        let active =
            keys.iter().find(|key| key.retires_at.is_none()).map(|key| key.fingerprint.as_str());
        let checks = iter(claims).map(|claim| self.check_one(&token, active, claim));
        let done: Vec<Result<(), StoreError>> =
            checks.buffer_unordered(CHECKS_OF_A_TENANT_AT_ONCE).collect().await;
        Ok(done.into_iter().collect::<Result<(), _>>()?)
    }

    async fn check_one(
        &self,
        token: &AccessToken,
        active: Option<&str>,
        claim: UploadClaim,
    ) -> Result<(), StoreError> {
        let found = self.graph.without_retries().public_key(token, &claim.phone_number.id).await;
        let finding = self.finding(&claim, found, active);
        if store::record_upload(&self.store, &claim, &finding).await? {
            log_change(claim.tenant, claim.phone_number.status, finding.status);
        }
        Ok(())
    }

    /// Interprets an answer of Meta's; `active` is the fingerprint of the tenant's active key.
    fn finding(
        &self,
        claim: &UploadClaim,
        found: Result<Option<PublicKeyAtMeta>, GraphError>,
        active: Option<&str>,
    ) -> UploadFinding {
        let mut finding = UploadFinding {
            status: UploadStatus::Missing,
            fingerprint: None,
            detail: None,
            uploaded: false,
            next_check_in: self.check_interval,
        };
        match found {
            Err(error) => {
                finding.status = UploadStatus::Failed;
                finding.detail = Some(telemetry::chain(&error));
                finding.next_check_in = back_off(self.check_interval, claim.phone_number.failures);
            }
            Ok(None) => {}
            Ok(Some(key)) => {
                finding.fingerprint = public_key_fingerprint(&key.pem);
                finding.status = match finding.fingerprint.as_deref() {
                    Some(fingerprint) if Some(fingerprint) != active => UploadStatus::OtherKey,
                    Some(_) if key.signature_valid => UploadStatus::Valid,
                    Some(_) => UploadStatus::Mismatch,
                    None => UploadStatus::OtherKey,
                };
                finding.detail = finding
                    .fingerprint
                    .is_none()
                    .then(|| "Meta has something that is no RSA public key".to_owned());
            }
        }
        finding
    }

    async fn access_token(
        &self,
        tenant: &StoredTenant,
    ) -> Result<Option<AccessToken>, KeyUploadError> {
        let Some(sealed) = store::find_access_token(&self.store, tenant.id).await? else {
            return Ok(None);
        };
        let data_key = open_data_key(&self.master, tenant)?;
        let bytes = data_key
            .open(&access_token_context(tenant.id), &sealed)
            .map_err(KeyUploadError::Sealed)?;
        // Bytes that are not UTF-8 are refused like an empty token.
        Ok(Some(AccessToken::parse(std::str::from_utf8(&bytes).unwrap_or_default())?))
    }
}

/// How long to wait until every host knows a key of that age. A phone that has a key before a host
/// does gets two 421s in a row, and shows an error.
fn until_served_everywhere(age: time::Duration) -> Duration {
    SERVED_EVERYWHERE_AFTER.saturating_sub(age.max(time::Duration::ZERO).unsigned_abs())
}

/// The associated data that an access token is sealed with.
pub(crate) fn access_token_context(tenant: TenantId) -> SealContext {
    SealContext::new("graph_access.sealed_access_token", &[tenant.0.as_bytes()])
}

/// Gives a call up at `give_up`.
async fn within<T>(
    give_up: Instant,
    call: impl Future<Output = Result<T, GraphError>>,
) -> Result<T, GraphError> {
    timeout_at(give_up, call).await.unwrap_or(Err(GraphError::TimedOut))
}

/// How long to wait after one more failure: twice as long each time, up to [`LONGEST_BACK_OFF`].
fn back_off(check_interval: Duration, failures_before: i32) -> Duration {
    let doublings = failures_before.clamp(0, 16).unsigned_abs() + 1;
    check_interval.saturating_mul(1 << doublings).min(LONGEST_BACK_OFF.max(check_interval))
}

/// Logs a change of a phone number's status once. What Meta said is for the tenant, not for the
/// log.
fn log_change(tenant: TenantId, before: UploadStatus, now: UploadStatus) {
    let (status, was) = (now.as_str(), before.as_str());
    match now {
        _ if now == before => {}
        UploadStatus::Valid => {
            tracing::info!(tenant.id = %tenant, status, was, "a public key at Meta is as it should be")
        }
        _ => {
            tracing::warn!(tenant.id = %tenant, status, was, "a public key at Meta is not as it should be")
        }
    }
}

/// How long a claim on a phone number lasts. It is longer than any upload, and longer than a round
/// of checks where each takes the 5 s that it may take at most: 250 tenants, 8 at once, and one of
/// 100 phone numbers, 4 at once.
const CLAIM_TIME: Duration = Duration::from_secs(300);

/// A host that missed the notification of a change looks for it every second.
const SERVED_EVERYWHERE_AFTER: Duration = Duration::from_secs(2);

/// For all phone numbers of one call together: less than clients of the admin API wait.
const UPLOAD_TIME: Duration = Duration::from_secs(25);

const UPLOADS_AT_ONCE: usize = 8;

/// With a round every 30 seconds, one host checks 5,000 phone numbers in ten minutes.
const CHECKS_OF_A_ROUND: i64 = 250;

const TENANTS_AT_ONCE: usize = 8;

const CHECKS_OF_A_TENANT_AT_ONCE: usize = 4;

/// A check interval has ten rounds, as long as a round stays within these bounds.
const SHORTEST_ROUND: Duration = Duration::from_millis(10);
const LONGEST_ROUND: Duration = Duration::from_secs(30);

/// An expired access token has to be replaced by a person, which may take long. Until then a few
/// requests a day are enough.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(6 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_double_the_pause_up_to_a_limit() {
        let minutes = |count: u64| Duration::from_secs(60 * count);

        assert_eq!(back_off(minutes(10), 0), minutes(20));
        assert_eq!(back_off(minutes(10), 1), minutes(40));
        assert_eq!(back_off(minutes(10), 1_000_000), LONGEST_BACK_OFF);
        assert_eq!(back_off(minutes(60 * 24), 3), minutes(60 * 24));
        assert_eq!(back_off(Duration::MAX, i32::MIN), Duration::MAX);
    }

    #[test]
    fn only_a_new_key_has_to_wait() {
        let wait = |seconds| until_served_everywhere(time::Duration::seconds(seconds));
        assert_eq!([wait(0), wait(1), wait(2), wait(3_600)], [2, 1, 0, 0].map(Duration::from_secs));
        assert_eq!(wait(-60), SERVED_EVERYWHERE_AFTER, "the database's clock may be ahead");
    }
}
