//! The table `api_tokens`: tokens of the admin API, as hashes.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{AccessChange, Reach, Store, StoreError, Subject};
use flowhost_protocol::crypto::TokenDigest;
use flowhost_protocol::ids::{ApiTokenId, PartnerId, TenantId};

/// What an API token reaches, and what it may do there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// Everything.
    Operator,
    /// A partner's tenants.
    Partner(PartnerId),
    /// One tenant; its flows may be changed.
    Deploy(TenantId),
    /// One tenant; nothing may be changed.
    Read(TenantId),
}

impl TokenScope {
    /// The role as the database and the API spell it.
    pub fn role(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Partner(_) => "partner",
            Self::Deploy(_) => "deploy",
            Self::Read(_) => "read",
        }
    }

    /// The partner, if the token belongs to one.
    pub fn partner(self) -> Option<PartnerId> {
        match self {
            Self::Partner(partner) => Some(partner),
            Self::Operator | Self::Deploy(_) | Self::Read(_) => None,
        }
    }

    /// The tenant, if the token belongs to one.
    pub fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Deploy(tenant) | Self::Read(tenant) => Some(tenant),
            Self::Operator | Self::Partner(_) => None,
        }
    }
}

/// An API token as stored.
#[derive(Clone, Debug)]
pub struct StoredApiToken {
    /// Its id.
    pub id: ApiTokenId,
    /// What it reaches.
    pub scope: TokenScope,
    /// The slug of its partner, or of its tenant's partner; absent for an operator's token.
    pub partner: Option<String>,
    /// The slug of its tenant; absent for an operator's or a partner's token.
    pub tenant: Option<String>,
    /// The partner named by `partner`, which manages the token.
    pub(crate) managed_by: Option<PartnerId>,
    /// The token that created it; it is deleted with that one. `None` if the operator's token of
    /// the environment created it.
    pub(crate) made_by: Option<ApiTokenId>,
    /// When it expires; `None` means never.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether it is what a browser holds that signed in to the console.
    pub for_console: bool,
    /// When it was last used, to the minute; `None` means never.
    pub last_used_at: Option<OffsetDateTime>,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

impl StoredApiToken {
    /// The subject of its entries in the audit log.
    pub fn subject(&self) -> Subject {
        Subject {
            partner: self.managed_by.zip(self.partner.clone()),
            tenant: self.scope.tenant().zip(self.tenant.clone()),
        }
    }
}

/// A token to be stored.
#[derive(Debug)]
pub struct NewToken {
    /// Its id.
    pub id: ApiTokenId,
    /// Its hash.
    pub digest: TokenDigest,
    /// What it reaches.
    pub scope: TokenScope,
    /// What it is for.
    pub door: Door,
    /// When it is to expire; `None` means never.
    pub expires_at: Option<OffsetDateTime>,
    /// The token that creates it.
    pub made_by: Option<ApiTokenId>,
}

/// Where a token is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The admin API.
    Api,
    /// The console, as a cookie.
    Console,
}

/// Inserts a token that expires with its creator's at the latest. Returns when it expires, or
/// `None` if the creator's token is gone or has expired.
pub async fn insert_api_token(
    change: &mut AccessChange,
    new: &NewToken,
) -> Result<Option<TokenEnd>, StoreError> {
    // `least` ignores nulls: a creator without an expiry, and the absence of a creator.
    let inserted = sqlx::query_scalar(
        "insert into api_tokens (token_id, token_hash, role, partner_id, tenant_id, expires_at, made_by, for_console) \
         select $1, $2, $3, $4, $5, least($6, maker.expires_at), $7, $8 \
         from (values (true)) as one left join api_tokens maker on maker.token_id = $7 \
         where $7::uuid is null or maker.expires_at is null and maker.token_id is not null or maker.expires_at > now() \
         returning expires_at",
    );
    let expires_at: Option<Option<OffsetDateTime>> = inserted
        .bind(new.id.0)
        .bind(&new.digest.0[..])
        .bind(new.scope.role())
        .bind(new.scope.partner().map(|id| id.0))
        .bind(new.scope.tenant().map(|id| id.0))
        .bind(new.expires_at)
        .bind(new.made_by.map(|id| id.0))
        .bind(new.door == Door::Console)
        .fetch_optional(&mut *change.transaction)
        .await?;
    Ok(expires_at.map(TokenEnd))
}

/// When a token expires; `None` means never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenEnd(pub Option<OffsetDateTime>);

/// Deletes the console's tokens that have expired, and of those that this token made all but the
/// newest.
pub async fn delete_old_console_tokens(
    change: &mut AccessChange,
    made_by: Option<ApiTokenId>,
    kept: i64,
) -> Result<(), StoreError> {
    let old = sqlx::query(
        "delete from api_tokens where for_console and (expires_at <= now() or token_id in ( \
           select token_id from api_tokens where for_console and made_by is not distinct from $1 \
           order by token_id desc offset $2))",
    );
    old.bind(made_by.map(|id| id.0)).bind(kept).execute(&mut *change.transaction).await?;
    Ok(())
}

/// Finds the token that has one of these hashes if it has not expired and is for this door. Records
/// its use, at most once a minute.
pub async fn use_api_token(
    store: &Store,
    digests: &[TokenDigest],
    door: Door,
) -> Result<Option<UsedToken>, StoreError> {
    let mut transaction = store.above_tenants().await?;
    let row: Option<UsedRow> = sqlx::query_as(
        "select token_id, role, partner_id, tenant_id, made_by, coalesce(last_used_at < now() - interval '1 minute', true) as note_use \
         from api_tokens where token_hash = any($1) and for_console = $2 and (expires_at is null or expires_at > now())",
    )
    .bind(digests.iter().map(|digest| &digest.0[..]).collect::<Vec<_>>())
    .bind(door == Door::Console)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.note_use {
        sqlx::query("update api_tokens set last_used_at = now() where token_id = $1")
            .bind(row.scope.token_id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    let (id, made_by) = (ApiTokenId(row.scope.token_id), row.made_by.map(ApiTokenId));
    Ok(Some(UsedToken { id, made_by, scope: row.scope.scope()? }))
}

/// A token that somebody showed.
#[derive(Clone, Copy, Debug)]
pub struct UsedToken {
    /// Its id.
    pub id: ApiTokenId,
    /// The token that created it; `None` if that was the operator's token of the environment.
    pub made_by: Option<ApiTokenId>,
    /// What it reaches.
    pub scope: TokenScope,
}

/// Whether a token still exists and has not expired.
pub async fn api_token_holds(store: &Store, id: ApiTokenId) -> Result<bool, StoreError> {
    let holds = sqlx::query_scalar(
        "select exists (select from api_tokens where token_id = $1 and (expires_at is null or expires_at > now()))",
    );
    Ok(holds.bind(id.0).fetch_one(&mut *store.above_tenants().await?).await?)
}

/// The tokens that a caller with this reach manages, newest first.
pub async fn list_api_tokens(
    store: &Store,
    reach: Reach,
) -> Result<Vec<StoredApiToken>, StoreError> {
    select_api_tokens(store, reach, None, None).await
}

/// Those that reach this tenant alone.
pub async fn list_api_tokens_of(
    store: &Store,
    reach: Reach,
    tenant: TenantId,
) -> Result<Vec<StoredApiToken>, StoreError> {
    select_api_tokens(store, reach, Some(tenant), None).await
}

/// The token with this id, if a caller with this reach manages it.
pub async fn find_api_token(
    store: &Store,
    reach: Reach,
    id: ApiTokenId,
) -> Result<Option<StoredApiToken>, StoreError> {
    Ok(select_api_tokens(store, reach, None, Some(id)).await?.pop())
}

/// The token with this id, if it reaches this tenant alone and a caller with this reach manages it.
pub async fn find_api_token_of(
    store: &Store,
    reach: Reach,
    tenant: TenantId,
    id: ApiTokenId,
) -> Result<Option<StoredApiToken>, StoreError> {
    Ok(select_api_tokens(store, reach, Some(tenant), Some(id)).await?.pop())
}

async fn select_api_tokens(
    store: &Store,
    reach: Reach,
    tenant: Option<TenantId>,
    id: Option<ApiTokenId>,
) -> Result<Vec<StoredApiToken>, StoreError> {
    let partner = match reach {
        Reach::Everything => None,
        Reach::Partner(partner) => Some(partner.0),
        // Those of a tenant are its partner's to manage.
        Reach::Tenant(_) => return Ok(Vec::new()),
    };
    let rows: Vec<TokenRow> = sqlx::query_as(
        "select k.token_id, k.role, k.partner_id, k.tenant_id, k.made_by, k.for_console, k.expires_at, k.last_used_at, k.created_at, \
           t.slug as tenant, p.slug as partner, p.partner_id as managed_by \
         from api_tokens k left join tenants t on t.tenant_id = k.tenant_id \
         left join partners p on p.partner_id = coalesce(k.partner_id, t.partner_id) \
         where ($1::uuid is null or p.partner_id = $1) and ($2::uuid is null or k.token_id = $2) \
           and ($3::uuid is null or k.tenant_id = $3) \
         order by k.token_id desc",
    )
    .bind(partner)
    .bind(id.map(|id| id.0))
    .bind(tenant.map(|tenant| tenant.0))
    .fetch_all(&mut *store.across_tenants().await?)
    .await?;
    rows.into_iter().map(StoredApiToken::try_from).collect()
}

/// Deletes a token and, recursively, all that were created with it. Returns the deleted ones, the
/// token itself first; empty if there was no such token.
pub async fn delete_api_token(
    change: &mut AccessChange,
    id: ApiTokenId,
) -> Result<Vec<ApiTokenId>, StoreError> {
    let made = sqlx::query_scalar(
        "with recursive made (token_id, depth) as (select token_id, 0 from api_tokens where token_id = $1 \
           union all select next.token_id, made.depth + 1 from api_tokens next join made on next.made_by = made.token_id) \
         select token_id from made order by depth, token_id",
    );
    let gone: Vec<Uuid> = made.bind(id.0).fetch_all(&mut *change.transaction).await?;
    // A cascade deletes the others, including those created just now.
    sqlx::query("delete from api_tokens where token_id = $1")
        .bind(id.0)
        .execute(&mut *change.transaction)
        .await?;
    Ok(gone.into_iter().map(ApiTokenId).collect())
}

#[derive(FromRow)]
struct UsedRow {
    #[sqlx(flatten)]
    scope: ScopeRow,
    made_by: Option<Uuid>,
    note_use: bool,
}

#[derive(FromRow)]
struct ScopeRow {
    token_id: Uuid,
    role: String,
    partner_id: Option<Uuid>,
    tenant_id: Option<Uuid>,
}

impl ScopeRow {
    fn scope(&self) -> Result<TokenScope, StoreError> {
        match (self.role.as_str(), self.partner_id, self.tenant_id) {
            ("operator", None, None) => Ok(TokenScope::Operator),
            ("partner", Some(partner), None) => Ok(TokenScope::Partner(PartnerId(partner))),
            ("deploy", None, Some(tenant)) => Ok(TokenScope::Deploy(TenantId(tenant))),
            ("read", None, Some(tenant)) => Ok(TokenScope::Read(TenantId(tenant))),
            _ => Err(StoreError::Unreadable("api token")),
        }
    }
}

#[derive(FromRow)]
struct TokenRow {
    #[sqlx(flatten)]
    scope: ScopeRow,
    partner: Option<String>,
    tenant: Option<String>,
    managed_by: Option<Uuid>,
    made_by: Option<Uuid>,
    for_console: bool,
    expires_at: Option<OffsetDateTime>,
    last_used_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

impl TryFrom<TokenRow> for StoredApiToken {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ApiTokenId(row.scope.token_id),
            scope: row.scope.scope()?,
            partner: row.partner,
            tenant: row.tenant,
            managed_by: row.managed_by.map(PartnerId),
            made_by: row.made_by.map(ApiTokenId),
            for_console: row.for_console,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            created_at: row.created_at,
        })
    }
}
