//! The tables `graph_access` and `phone_numbers`: a tenant's access to Meta's Graph API, and what
//! is known of its keys at Meta.
//!
//! No lock is held while Meta is asked. Instead a row is claimed: its `next_check_at` is set to a
//! time that belongs to the claim, and the finding is written only if that time is unchanged.
//! Whatever happens meanwhile (a rotation, another upload, other phone numbers) sets another time,
//! and the outdated finding is dropped.

use std::str::FromStr;
use std::time::Duration;

use sqlx::{FromRow, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Change, Store, StoreError};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{PhoneNumberId, TenantId};

/// The state of a phone number's public key at Meta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadStatus {
    /// Not known yet.
    Pending,
    /// Meta has the tenant's active key, and accepts its signature.
    Valid,
    /// Meta has the tenant's active key, but not its signature: it must be uploaded again.
    Mismatch,
    /// Meta has another key.
    OtherKey,
    /// Meta has no key.
    Missing,
    /// Meta could not be asked, or refused.
    Failed,
}

impl UploadStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Valid, Self::Mismatch, Self::OtherKey, Self::Missing, Self::Failed];

    /// The status as the database and the API spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Valid => "valid",
            Self::Mismatch => "mismatch",
            Self::OtherKey => "other-key",
            Self::Missing => "missing",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for UploadStatus {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(StoreError::Unreadable("upload status"))
    }
}

/// A phone number as stored, with what is known of its key at Meta.
#[derive(Clone, Debug)]
pub struct StoredPhoneNumber {
    /// Meta's id of the phone number.
    pub id: PhoneNumberId,
    /// The state of its key at Meta.
    pub status: UploadStatus,
    /// The fingerprint of the key that Meta has, if known.
    pub fingerprint: Option<String>,
    /// What Meta said about the status, if anything.
    pub detail: Option<String>,
    /// When a host last uploaded a key; `None` means never.
    pub uploaded_at: Option<OffsetDateTime>,
    /// When Meta was last asked; `None` means never.
    pub checked_at: Option<OffsetDateTime>,
    /// How many checks in a row failed.
    pub failures: i32,
}

/// The right to ask Meta about a phone number's key and to record the answer.
#[derive(Clone, Debug)]
pub struct UploadClaim {
    /// The tenant of the phone number.
    pub tenant: TenantId,
    /// The phone number, as stored before the claim.
    pub phone_number: StoredPhoneNumber,
    /// The value of `next_check_at` that belongs to the claim.
    claimed_until: OffsetDateTime,
}

/// What Meta answered under a claim.
#[derive(Clone, Debug)]
pub struct UploadFinding {
    /// The state of the key at Meta.
    pub status: UploadStatus,
    /// The fingerprint of the key that Meta has. If the status is [`UploadStatus::Failed`], the
    /// stored one is kept.
    pub fingerprint: Option<String>,
    /// What Meta said about the status, if anything.
    pub detail: Option<String>,
    /// Whether a key was uploaded.
    pub uploaded: bool,
    /// How long until the next check.
    pub(crate) next_check_in: Duration,
}

/// Sets a tenant's access token and phone numbers. What is known of phone numbers that stay is
/// kept, and checked again soon.
pub async fn put_graph_access(
    change: &mut Change,
    token: &Sealed,
    phone_numbers: &[PhoneNumberId],
) -> Result<(), StoreError> {
    let ids: Vec<&str> = phone_numbers.iter().map(PhoneNumberId::as_str).collect();
    sqlx::query(
        "insert into graph_access (tenant_id, sealed_access_token) values ($1, $2) \
         on conflict (tenant_id) do update set sealed_access_token = excluded.sealed_access_token, updated_at = now()",
    )
    .bind(change.tenant.0)
    .bind(&token.0)
    .execute(&mut *change.transaction)
    .await?;
    sqlx::query("delete from phone_numbers where tenant_id = $1 and phone_number_id <> all($2)")
        .bind(change.tenant.0)
        .bind(&ids)
        .execute(&mut *change.transaction)
        .await?;
    sqlx::query(
        "insert into phone_numbers (tenant_id, phone_number_id) select $1, unnest($2::text[]) \
         on conflict (tenant_id, phone_number_id) do update set next_check_at = now(), failures = 0",
    )
    .bind(change.tenant.0)
    .bind(&ids)
    .execute(&mut *change.transaction)
    .await?;
    Ok(())
}

/// Deletes a tenant's access token and phone numbers. Returns whether there was a token.
pub async fn delete_graph_access(change: &mut Change) -> Result<bool, StoreError> {
    let deleted = sqlx::query("delete from graph_access where tenant_id = $1")
        .bind(change.tenant.0)
        .execute(&mut *change.transaction)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

/// A tenant's access token, sealed.
pub async fn find_access_token(
    store: &Store,
    tenant: TenantId,
) -> Result<Option<Sealed>, StoreError> {
    let found =
        sqlx::query_scalar("select sealed_access_token from graph_access where tenant_id = $1")
            .bind(tenant.0);
    Ok(found.fetch_optional(&mut *store.of(tenant).await?).await?.map(Sealed))
}

/// A tenant's phone numbers, by id.
pub async fn list_phone_numbers(
    store: &Store,
    tenant: TenantId,
) -> Result<Vec<StoredPhoneNumber>, StoreError> {
    let query =
        sqlx::query_as("select * from phone_numbers where tenant_id = $1 order by phone_number_id")
            .bind(tenant.0);
    let rows: Vec<PhoneNumberRow> = query.fetch_all(&mut *store.of(tenant).await?).await?;
    rows.into_iter().map(StoredPhoneNumber::try_from).collect()
}

/// Records that the tenant's keys changed, so that Meta may not have the active key any more. The
/// phone numbers are checked soon.
pub async fn note_changed_keys(change: &mut Change) -> Result<(), StoreError> {
    sqlx::query(
        "update phone_numbers set next_check_at = now(), failures = 0 where tenant_id = $1",
    )
    .bind(change.tenant.0)
    .execute(&mut *change.transaction)
    .await?;
    // The rows are locked by now, so no check that began before can finish in between.
    sqlx::query(
        "update phone_numbers p set status = 'other-key', detail = null where tenant_id = $1 and status in ('valid', 'mismatch') \
           and not exists (select from key_pairs k where k.tenant_id = $1 and k.retires_at is null and k.fingerprint = p.fingerprint)",
    )
    .bind(change.tenant.0)
    .execute(&mut *change.transaction)
    .await?;
    Ok(())
}

/// Claims phone numbers of a tenant, due or not. Ids that the tenant does not have are left out.
pub async fn claim_uploads(
    store: &Store,
    tenant: TenantId,
    phone_numbers: &[PhoneNumberId],
    claim_time: Duration,
) -> Result<Vec<UploadClaim>, StoreError> {
    let ids: Vec<&str> = phone_numbers.iter().map(PhoneNumberId::as_str).collect();
    let mut transaction = store.of(tenant).await?;
    let rows: Vec<PhoneNumberRow> = sqlx::query_as(
        "update phone_numbers set next_check_at = clock_timestamp() + make_interval(secs => $3) \
         where tenant_id = $1 and phone_number_id = any($2) returning *",
    )
    .bind(tenant.0)
    .bind(&ids)
    .bind(claim_time.as_secs_f64())
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    rows.into_iter().map(UploadClaim::try_from).collect()
}

/// Claims due phone numbers of any tenant: at most `limit`, the longest due first, and none that
/// another host has just claimed.
pub async fn claim_due_checks(
    store: &Store,
    claim_time: Duration,
    limit: i64,
) -> Result<Vec<UploadClaim>, StoreError> {
    let mut transaction = store.across_tenants().await?;
    let rows: Vec<PhoneNumberRow> = sqlx::query_as(
        "update phone_numbers set next_check_at = clock_timestamp() + make_interval(secs => $1) \
         where (tenant_id, phone_number_id) in \
           (select tenant_id, phone_number_id from phone_numbers where next_check_at <= now() \
            order by next_check_at limit $2 for update skip locked) \
         returning *",
    )
    .bind(claim_time.as_secs_f64())
    .bind(limit)
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    rows.into_iter().map(UploadClaim::try_from).collect()
}

/// Records what was learnt under a claim. Returns whether the claim still held.
pub async fn record_upload(
    store: &Store,
    claim: &UploadClaim,
    finding: &UploadFinding,
) -> Result<bool, StoreError> {
    let mut transaction = store.of(claim.tenant).await?;
    let done = sqlx::query(
        "update phone_numbers set status = $4, fingerprint = case when $4 = 'failed' then fingerprint else $5 end, detail = $6, checked_at = now(), \
           uploaded_at = case when $7 then now() else uploaded_at end, \
           failures = case when $4 = 'failed' then failures + 1 else 0 end, next_check_at = now() + make_interval(secs => $8) \
         where tenant_id = $1 and phone_number_id = $2 and next_check_at = $3",
    )
    .bind(claim.tenant.0)
    .bind(claim.phone_number.id.as_str())
    .bind(claim.claimed_until)
    .bind(finding.status.as_str())
    .bind(finding.fingerprint.as_deref())
    .bind(finding.detail.as_deref())
    .bind(finding.uploaded)
    .bind(finding.next_check_in.as_secs_f64())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// The number of phone numbers of all tenants in each status, zeros included.
pub async fn count_key_uploads(store: &Store) -> Result<Vec<(UploadStatus, i64)>, StoreError> {
    let query = sqlx::query("select status, count(*) as count from phone_numbers group by status");
    let rows = query.fetch_all(&mut *store.across_tenants().await?).await?;
    let mut counts = UploadStatus::ALL.map(|status| (status, 0));
    for row in rows {
        let status: UploadStatus = row.try_get::<&str, _>("status")?.parse()?;
        if let Some((_, count)) = counts.iter_mut().find(|(one, _)| *one == status) {
            *count = row.try_get("count")?;
        }
    }
    Ok(counts.into())
}

#[derive(FromRow)]
struct PhoneNumberRow {
    tenant_id: Uuid,
    phone_number_id: String,
    status: String,
    fingerprint: Option<String>,
    detail: Option<String>,
    uploaded_at: Option<OffsetDateTime>,
    checked_at: Option<OffsetDateTime>,
    next_check_at: OffsetDateTime,
    failures: i32,
}

impl TryFrom<PhoneNumberRow> for StoredPhoneNumber {
    type Error = StoreError;

    fn try_from(row: PhoneNumberRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row
                .phone_number_id
                .parse()
                .map_err(|_| StoreError::Unreadable("phone number id"))?,
            status: row.status.parse()?,
            fingerprint: row.fingerprint,
            detail: row.detail,
            uploaded_at: row.uploaded_at,
            checked_at: row.checked_at,
            failures: row.failures,
        })
    }
}

impl TryFrom<PhoneNumberRow> for UploadClaim {
    type Error = StoreError;

    fn try_from(row: PhoneNumberRow) -> Result<Self, StoreError> {
        let (tenant, claimed_until) = (TenantId(row.tenant_id), row.next_check_at);
        Ok(Self { tenant, phone_number: row.try_into()?, claimed_until })
    }
}
