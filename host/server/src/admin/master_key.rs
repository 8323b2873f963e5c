//! Changing the master key: each tenant's data key is sealed again, under the new key. What the
//! data keys seal stays as it is.

use super::AdminError;
use crate::store::{self, Actor, AuditRecord, Reach, Store};
use crate::tenants::open_data_key;
use flowhost_protocol::crypto::MasterKeys;
use flowhost_protocol::ids::TenantId;

/// The result of changing the master key.
#[derive(Debug, Default)]
pub struct Rotation {
    /// Tenants whose data key was sealed again.
    pub resealed: usize,
    /// Tenants whose data key was sealed under the first key already.
    pub done_before: usize,
    /// Tenants whose data key neither key opens.
    pub shut: Vec<TenantId>,
}

/// Reseals every data key that is under the second key, under the first one. Each tenant is
/// committed on its own, so an interrupted run can be repeated and does what is left. `progress` is
/// called with the number of tenants done and the number of all.
pub async fn rotate_master_key(
    store: &Store,
    keys: &MasterKeys,
    mut progress: impl FnMut(usize, usize),
) -> Result<Rotation, AdminError> {
    let tenants = store::list_tenants(store, Reach::Everything).await?;
    let mut rotation = Rotation::default();
    for (number, tenant) in tenants.iter().enumerate() {
        match reseal(store, keys, tenant.id).await? {
            Resealed::Now => rotation.resealed += 1,
            Resealed::Before => rotation.done_before += 1,
            Resealed::Gone => (),
            Resealed::Shut => rotation.shut.push(tenant.id),
        }
        progress(number + 1, tenants.len());
    }
    Ok(rotation)
}

enum Resealed {
    Before,
    Gone,
    Now,
    Shut,
}

async fn reseal(
    store: &Store,
    keys: &MasterKeys,
    tenant: TenantId,
) -> Result<Resealed, AdminError> {
    let Some(mut change) = store.begin_change(tenant).await? else { return Ok(Resealed::Gone) };
    // Read under the change's lock, so that a deletion that destroys the key wins.
    let Some(stored) = store::find_changing_tenant(&mut change)
        .await?
        .filter(|tenant| !tenant.sealed_data_key.0.is_empty())
    else {
        return Ok(Resealed::Gone);
    };
    if keys.sealed_with_first(tenant.0.as_bytes(), &stored.sealed_data_key) {
        return Ok(Resealed::Before);
    }
    let Ok(data_key) = open_data_key(keys, &stored) else { return Ok(Resealed::Shut) };
    store::set_sealed_data_key(&mut change, &keys.seal_data_key(tenant.0.as_bytes(), &data_key))
        .await?;
    let record = AuditRecord {
        request: None,
        actor: Actor { token: None, role: "command-line" },
        subject: stored.subject(),
        action: "master-key.rotate",
        target: None,
        before: None,
        after: None,
    };
    change.commit(&record).await?;
    Ok(Resealed::Now)
}
