//! The desks, whose methods are the operations of the admin API. A caller gets a desk only after
//! the checks of what it can see and what it may do.
//!
//! Invariant: only [`Visitor`] makes desks, and operations reach the database only through a desk.
//! Both hold because the store of [`Admin`] and the fields of the desks are private to this file.

use std::fmt;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::browsers::SignInCodes;
use super::drawing::screen_limits;
use super::flow_json::flow_json_pages;
use super::followers::Followers;
use super::phones::{Holder, PhoneFiles, Phones, PlayedPhone, SharedFlowJson};
use super::uploads::Uploads;
use super::{AdminError, Caller, Right};
use crate::key_uploads::KeyUploads;
use crate::store::{self, AuditRecord, Door, Store, StoredFlow, StoredTenant, Subject, TokenScope};
use crate::tenants::{Directory, open_data_key};
use flowhost_exchange::exchange::Exchanges;
use flowhost_protocol::crypto::{BearerToken, DataKey, MasterKeys, TokenDigest};
use flowhost_protocol::ids::{RequestId, Scope};
use flowhost_runtime::budget::Budget;
use flowhost_runtime::plugins::Plugins;
use flowhost_runtime::telemetry::Metrics;
use flowhost_runtime::tenant_limits::TenantLimits;

/// The parts that the operations of the admin API use.
pub struct Admin {
    store: Store,
    operator_token: Option<TokenDigest>,
    pub(super) master: MasterKeys,
    pub(super) directory: Arc<Directory>,
    pub(super) plugins: Arc<Plugins>,
    pub(super) key_uploads: Arc<KeyUploads>,
    pub(super) uploads: Uploads,
    pub(super) exchanges: Arc<Exchanges>,
    pub(super) followers: Followers,
    pub(super) reading_flow_json: Arc<Mutex<()>>,
    pub(super) flow_json_pages: TenantLimits,
    pub(super) changes: Arc<Budget>,
    codes: SignInCodes,
    pub(super) phones: Arc<Phones<PlayedPhone>>,
    pub(super) phone_files: Arc<PhoneFiles>,
    pub(super) shared_flow_json: SharedFlowJson,
    pub(super) screens: TenantLimits,
}

impl Admin {
    /// Combines the parts. `operator_token` is valid without being in the database, `upload_folder`
    /// holds components until they are stored, `serves_files` says whether plugins may fetch from this
    /// machine what users of phones pick, `stage` rehearses versions, and `changes` is the
    /// budget of changes made with tenants' own tokens.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of its own, and this is where they meet"
    )]
    pub fn new(
        store: Store,
        master: MasterKeys,
        directory: Arc<Directory>,
        plugins: Arc<Plugins>,
        key_uploads: Arc<KeyUploads>,
        operator_token: Option<TokenDigest>,
        upload_folder: PathBuf,
        serves_files: bool,
        exchanges: Arc<Exchanges>,
        changes: Arc<Budget>,
        metrics: &Metrics,
    ) -> Self {
        Self {
            store,
            operator_token,
            master,
            directory,
            plugins,
            key_uploads,
            phone_files: Arc::new(PhoneFiles::new(upload_folder.clone(), serves_files)),
            uploads: Uploads::new(upload_folder, metrics.budget("uploads")),
            exchanges,
            followers: Followers::new(metrics.budget("log-followers")),
            reading_flow_json: Arc::default(),
            flow_json_pages: flow_json_pages(metrics.budget("flow-json-pages")),
            changes,
            codes: SignInCodes::default(),
            phones: Arc::default(),
            shared_flow_json: SharedFlowJson::default(),
            screens: screen_limits(metrics.budget("screens")),
        }
    }

    /// The caller that holds this token. `None` if the token is unknown, revoked or expired.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Caller>, AdminError> {
        let digest = TokenDigest::of(token);
        if self.operator_token == Some(digest) {
            return Ok(Some(Caller::of(None, TokenScope::Operator)));
        }
        if !is_token(TOKEN_PREFIX, token) {
            return Ok(None);
        }
        let found = store::use_api_token(&self.store, &[digest], Door::Api).await?;
        Ok(found.map(|used| Caller::of(Some(used.id), used.scope)))
    }

    /// A code that signs an operator in to the console once, within a quarter of an hour, and leads to
    /// the page at this path. It is as good as an operator's token.
    pub fn sign_in_code(&self, leads_to: String) -> BearerToken {
        self.codes.make(leads_to)
    }

    /// The operator whose code this is, and the path that it leads to; it is used up.
    pub fn redeem_code(&self, code: &str) -> Option<(Caller, String)> {
        self.codes.redeem(code)
    }

    /// What is stored of the cookie of a browser that signed in with the operator's token of the
    /// environment, or with a code. A host with another one does not find it: such sign-ins end when
    /// that variable changes, though no row is above theirs.
    pub(super) fn digest_of_operators(&self, cookie: &str) -> TokenDigest {
        let none = || TokenDigest::of("");
        TokenDigest::of(cookie).with(self.operator_token.unwrap_or_else(none))
    }

    /// The caller whose browser holds this cookie. `None` if it signed out, its time is over, or the
    /// token that it signed in with is gone.
    pub async fn authenticate_browser(&self, cookie: &str) -> Result<Option<Caller>, AdminError> {
        if !is_token(COOKIE_PREFIX, cookie) {
            return Ok(None);
        }
        let digests = [TokenDigest::of(cookie), self.digest_of_operators(cookie)];
        let found = store::use_api_token(&self.store, &digests, Door::Console).await?;
        Ok(found
            .map(|used| Caller { console: Some(used.id), ..Caller::of(used.made_by, used.scope) }))
    }

    /// A visitor for one request: its caller, the right that it needs, and its id for the audit
    /// log.
    pub fn visitor(
        self: &Arc<Self>,
        caller: Caller,
        right: Right,
        request: Option<RequestId>,
    ) -> Visitor {
        Visitor { admin: self.clone(), caller, right, request }
    }
}

/// A caller whose rights are not checked yet. All it can do is ask for a desk. What a caller can
/// see is checked before what it may do, so that nobody learns which tenants exist.
///
/// ```
/// # use flowhost_server::admin::{AdminError, Visitor};
/// async fn checked(visitor: Visitor) -> Result<(), AdminError> {
///     visitor.flow("acme", "booking").await?.delete_flow().await
/// }
/// ```
///
/// An operation without the check does not compile:
///
/// ```compile_fail,E0599
/// # use flowhost_server::admin::{AdminError, Visitor};
/// async fn unchecked(visitor: Visitor) -> Result<(), AdminError> {
///     visitor.delete_flow().await
/// }
/// ```
#[derive(Clone)]
pub struct Visitor {
    admin: Arc<Admin>,
    caller: Caller,
    right: Right,
    request: Option<RequestId>,
}

impl Visitor {
    /// The desk for operations that are not on one tenant.
    pub fn desk(self) -> Result<Desk, AdminError> {
        self.caller.check(self.right)?;
        Ok(Desk(self))
    }

    /// The desk of the tenant with this slug. A tenant whose data key is destroyed is not found.
    pub async fn tenant(self, slug: &str) -> Result<TenantDesk, AdminError> {
        let TenantToDelete(desk) = self.tenant_to_delete(slug).await?;
        if desk.tenant.sealed_data_key.0.is_empty() { Err(no_tenant()) } else { Ok(desk) }
    }

    /// The tenant with this slug, to be deleted. Also finds a tenant whose deletion was
    /// interrupted.
    pub async fn tenant_to_delete(self, slug: &str) -> Result<TenantToDelete, AdminError> {
        let found = store::find_tenant(&self.admin.store, slug).await?;
        let tenant = found.filter(|tenant| self.caller.sees(tenant)).ok_or_else(no_tenant)?;
        Ok(TenantToDelete(TenantDesk { desk: self.desk()?, tenant }))
    }

    /// The desk of the flow with this name.
    pub async fn flow(self, tenant: &str, name: &str) -> Result<FlowDesk, AdminError> {
        let desk = self.tenant(tenant).await?;
        let found = store::find_flow(desk.store(), desk.tenant.id, name).await?;
        Ok(FlowDesk { flow: found.ok_or_else(no_flow)?, desk })
    }
}

/// Proves that the caller has the right that its request needs. Operations on a tenant or a flow
/// are methods of [`TenantDesk`] and [`FlowDesk`].
///
/// Only [`Visitor::desk`] makes one:
///
/// ```compile_fail,E0423
/// # use flowhost_server::admin::{Desk, Visitor};
/// fn forged(visitor: Visitor) -> Desk {
///     Desk(visitor)
/// }
/// ```
#[derive(Clone)]
pub struct Desk(Visitor);

impl Desk {
    pub(super) fn admin(&self) -> &Arc<Admin> {
        &self.0.admin
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.admin.store
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// The desk of a tenant that the request names outside its path.
    pub(super) async fn tenant(&self, slug: &str) -> Result<TenantDesk, AdminError> {
        self.0.clone().tenant(slug).await
    }

    /// An audit entry with the request's caller and id, to be completed.
    pub(super) fn record(&self, subject: Subject, action: &'static str) -> AuditRecord {
        let Visitor { caller, request, .. } = &self.0;
        AuditRecord {
            actor: caller.actor,
            request: *request,
            subject,
            action,
            target: None,
            before: None,
            after: None,
        }
    }
}

/// A tenant that the caller can see and has the needed right for. Its data key exists.
#[derive(Clone)]
pub struct TenantDesk {
    desk: Desk,
    tenant: StoredTenant,
}

impl TenantDesk {
    pub(super) fn admin(&self) -> &Arc<Admin> {
        self.desk.admin()
    }

    pub(super) fn store(&self) -> &Store {
        self.desk.store()
    }

    pub(super) fn caller(&self) -> &Caller {
        self.desk.caller()
    }

    /// The tenant as it was when the desk was made.
    pub(super) fn tenant(&self) -> &StoredTenant {
        &self.tenant
    }

    pub(super) fn data_key(&self) -> Result<DataKey, AdminError> {
        Ok(open_data_key(&self.admin().master, &self.tenant)?)
    }

    /// An audit entry about the tenant, to be completed.
    pub(super) fn record(&self, action: &'static str) -> AuditRecord {
        self.desk.record(self.tenant.subject(), action)
    }
}

/// A tenant that a caller may delete and do nothing else with, because its data key may be
/// destroyed already.
pub struct TenantToDelete(TenantDesk);

impl TenantToDelete {
    pub(super) fn desk(&self) -> &TenantDesk {
        &self.0
    }
}

/// A flow of such a tenant. Has the tenant's operations, too.
#[derive(Clone)]
pub struct FlowDesk {
    desk: TenantDesk,
    flow: StoredFlow,
}

impl FlowDesk {
    /// The flow as it was when the desk was made.
    pub(super) fn flow(&self) -> &StoredFlow {
        &self.flow
    }

    /// Whose the phones are that the caller opens at this flow.
    pub(super) fn holder(&self) -> Holder {
        Holder { token: self.caller().own_token(), scope: self.scope() }
    }

    pub(super) fn scope(&self) -> Scope {
        Scope { tenant: self.desk.tenant.id, flow: self.flow.id }
    }

    /// An audit entry about the flow, to be completed.
    pub(super) fn record(&self, action: &'static str) -> AuditRecord {
        AuditRecord { target: Some(self.flow.name.clone()), ..self.desk.record(action) }
    }

    /// Whether the caller would still get this flow's desk.
    pub(super) async fn is_still_open(&self) -> Result<bool, AdminError> {
        let visitor = self.desk.desk.0.clone();
        match visitor.flow(&self.desk.tenant.slug, &self.flow.name).await {
            Ok(now) => Ok(now.flow.id == self.flow.id),
            Err(AdminError::NotFound(_) | AdminError::Forbidden(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Deref for FlowDesk {
    type Target = TenantDesk;

    fn deref(&self) -> &TenantDesk {
        &self.desk
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Desk({:?}, {:?})", self.0.caller, self.0.right)
    }
}

impl fmt::Debug for FlowDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlowDesk({:?}, {:?})", self.desk.desk, self.scope())
    }
}

pub(super) fn no_tenant() -> AdminError {
    AdminError::NotFound("tenant")
}

pub(super) fn no_flow() -> AdminError {
    AdminError::NotFound("flow")
}

/// Whether a text has the form of a token. The database is not asked about other texts.
fn is_token(prefix: &str, text: &str) -> bool {
    text.len() == prefix.len() + TOKEN_DIGITS && text.starts_with(prefix)
}

/// Lets secret scanners recognize a leaked token: Flowhost, admin.
pub(super) const TOKEN_PREFIX: &str = "fha_";

/// The same for what a browser holds: Flowhost, console.
pub(super) const COOKIE_PREFIX: &str = "fhc_";

/// 256 bits in base64.
const TOKEN_DIGITS: usize = 43;
