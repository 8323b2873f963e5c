//! One tenant in the directory: known, and loaded once somebody needs it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;
use tokio::time::Instant;

use flowhost_exchange::endpoint::{Endpoint, RequestRate};
use flowhost_protocol::ids::TenantId;

/// A tenant's place.
pub(super) struct Slot {
    pub(super) id: TenantId,
    pub(super) slug: String,
    /// Held while the tenant is loaded, and when that failed last. Requests for a loaded tenant never
    /// take it.
    pub(super) loading: Mutex<Option<Instant>>,
    loaded: ArcSwapOption<Loaded>,
}

/// What a tenant's rows were opened to.
pub(super) struct Loaded {
    pub(super) revision: i64,
    /// `None` if it can't be served.
    pub(super) entry: Option<Arc<TenantEntry>>,
    /// The used part of its limit, which outlives changes of its flows.
    pub(super) rate: Option<Arc<RequestRate>>,
}

/// The endpoints of a tenant by their flows' names.
pub(super) type TenantEntry = HashMap<String, Arc<Endpoint>>;

impl Slot {
    /// A tenant that is not loaded.
    pub(super) fn new(id: TenantId, slug: String) -> Arc<Self> {
        Arc::new(Self { id, slug, loading: Mutex::default(), loaded: ArcSwapOption::empty() })
    }

    /// What was loaded last, if anything was.
    pub(super) fn loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.load_full()
    }

    /// Replaces what was loaded.
    pub(super) fn fill(&self, loaded: Loaded) {
        self.loaded.store(Some(Arc::new(loaded)));
    }
}
