//! The Flow JSON that a phone draws its screens from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::{AdminError, FlowDesk, off_the_async_threads};
use super::PhoneLine;
use super::kept::Weight;
use crate::store;
use flowhost_exchange::endpoint::{LoadedFlowJson, ServedFlowJson};
use flowhost_flow_json::{Document, FlowJson};
use flowhost_protocol::ids::{FlowJsonDigest, TenantId};

/// A Flow JSON on a phone, or none: then its screens are only known from the answers.
#[derive(Clone, Default)]
pub(super) struct ShownFlowJson(Option<Arc<Parsed>>);

/// The Flow JSON of a host's phones. Those of a tenant with the same one share it.
#[derive(Default)]
pub(in super::super) struct SharedFlowJson(
    Mutex<HashMap<(TenantId, FlowJsonDigest), Weak<Parsed>>>,
);

struct Parsed {
    flow_json: Arc<FlowJson>,
    weight: Weight,
}

impl ShownFlowJson {
    pub(super) fn parsed(&self) -> Option<&Arc<FlowJson>> {
        self.0.as_ref().map(|parsed| &parsed.flow_json)
    }

    /// What it takes in memory.
    pub(super) fn weight(&self) -> Option<Weight> {
        self.0.as_ref().map(|parsed| parsed.weight)
    }

    /// What a rehearsal's replies are checked against.
    pub(super) fn rules(&self) -> LoadedFlowJson {
        let Some(parsed) = &self.0 else { return LoadedFlowJson::Absent };
        let rules = FlowJson::clone(&parsed.flow_json).into_rules();
        LoadedFlowJson::Rules(Arc::new(ServedFlowJson { digest: parsed.weight.of, rules }))
    }

    /// The document, whose content is shared.
    pub(super) fn document(&self) -> Option<Document> {
        self.parsed().map(|flow_json| flow_json.document().clone())
    }

    fn digest(&self) -> Option<FlowJsonDigest> {
        self.weight().map(|weight| weight.of)
    }
}

impl SharedFlowJson {
    /// The one that a phone of the tenant shows already, or else what `text` says.
    fn find_or_parse(&self, tenant: TenantId, text: &[u8]) -> Result<Arc<Parsed>, AdminError> {
        let digest = FlowJsonDigest(Sha256::digest(text).into());
        let shown = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shown().get(&(tenant, digest)).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let parsed = Arc::new(Parsed::of(text, digest)?);
        let mut shown = shown();
        shown.retain(|_, parsed| parsed.strong_count() > 0);
        shown.insert((tenant, digest), Arc::downgrade(&parsed));
        Ok(parsed)
    }
}

impl Parsed {
    fn of(text: &[u8], digest: FlowJsonDigest) -> Result<Self, AdminError> {
        let flow_json = Arc::new(FlowJson::parse(text).map_err(AdminError::FlowJson)?);
        let values: usize = flow_json.document().written().values().map(values).sum();
        let bytes = text.len() + VALUE_BYTES * values;
        Ok(Self { flow_json, weight: Weight { of: digest, bytes } })
    }
}

impl FlowDesk {
    /// The Flow JSON of what a phone is connected to: that of the flow, or of a version if it has
    /// one. `known` is taken if nothing has changed.
    pub(super) async fn shown_flow_json(
        &self,
        line: PhoneLine,
        known: Option<&ShownFlowJson>,
    ) -> Result<ShownFlowJson, AdminError> {
        // A rehearsal keeps what it began with.
        if let Some(known) = known
            && (line != PhoneLine::Active || known.digest() == self.flow().flow_json)
        {
            return Ok(known.clone());
        }
        let (tenant, flow) = (self.tenant().id, self.flow().id);
        let of_version = match line {
            PhoneLine::Active => None,
            PhoneLine::Version(version) => {
                store::find_version_flow_json(self.store(), tenant, flow, version).await?
            }
        };
        let text = match of_version {
            Some(text) => Some(text),
            None => store::find_flow_json(self.store(), tenant, flow)
                .await?
                .map(|stored| stored.document),
        };
        let Some(text) = text else { return Ok(ShownFlowJson::default()) };
        // Parsing takes ten times the document's size. Also of those that nobody waits for any more,
        // one is parsed at a time.
        let alone = self.admin().reading_flow_json.clone().lock_owned().await;
        let admin = self.admin().clone();
        off_the_async_threads(move || {
            let _alone = alone;
            Ok(ShownFlowJson(Some(admin.shared_flow_json.find_or_parse(tenant, &text)?)))
        })
        .await?
    }
}

/// How many values there are in this one, with itself.
fn values(value: &Value) -> usize {
    let inside: usize = match value {
        Value::Array(elements) => elements.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    1 + inside
}

/// What a value takes in memory besides its text. Measured with the allocations of `serde_json`: 200
/// bytes in usual documents, 100 for each number of a long list, and 444 where each object has one
/// member only, which is the worst.
const VALUE_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_json_weighs_what_its_values_take() {
        let parsed = Parsed::of(FLOW_JSON, FlowJsonDigest([0; 32])).unwrap();

        let (bytes, text) = (parsed.weight.bytes, FLOW_JSON.len());
        assert!((text + 300 * 512..text + 310 * 512).contains(&bytes), "{bytes}");
        assert_eq!(values(&serde_json::json!({"a": [1, "b"], "c": null})), 5);
    }

    #[test]
    fn phones_of_a_tenant_share_what_is_parsed_while_one_shows_it() {
        let (shared, tenant) = (SharedFlowJson::default(), TenantId::new());
        let parse = |tenant| shared.find_or_parse(tenant, FLOW_JSON).unwrap();
        let (first, again, others) = (parse(tenant), parse(tenant), parse(TenantId::new()));

        assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &others));
        drop((first, again, others));
        parse(tenant);
        assert_eq!(shared.0.lock().unwrap().len(), 1, "what nobody shows is forgotten");
    }

    const FLOW_JSON: &[u8] = include_bytes!("../../../../../plugins/appointment/flow.json");
}
