//! The phones that a host keeps between two requests of their users' browsers, in memory.
//!
//! Invariant: the lock is held for a look only. Who does something with a phone works on a copy,
//! marks it as in use, and puts the copy in its place at the end.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::AdminError;
use flowhost_protocol::crypto::random_bytes;
use flowhost_protocol::ids::{ApiTokenId, Scope, TenantId};

/// The id of a phone: 128 random bits, so that nobody guesses another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PhoneId(u128);

/// Whose a phone is: the token that is its opener's alone, and the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Holder {
    pub(in super::super) token: Option<ApiTokenId>,
    pub(in super::super) scope: Scope,
}

/// The phones of a host.
#[derive(Debug)]
pub(in super::super) struct Phones<P>(Mutex<HashMap<PhoneId, Kept<P>>>);

#[derive(Debug)]
struct Kept<P> {
    holder: Holder,
    used: Instant,
    in_use: bool,
    /// The size of its Flow JSON in bytes.
    weight: usize,
    phone: P,
}

/// A phone that is in use until this is dropped.
pub(super) struct InUse<P> {
    phones: Arc<Phones<P>>,
    id: PhoneId,
}

impl<P> Default for Phones<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<P: Clone> Phones<P> {
    /// Keeps a new phone. Its holder's phone that was used the longest ago makes room if there are
    /// as many as there may be.
    ///
    /// # Errors
    /// [`AdminError::Busy`] if the tenant or the host has as many as it may.
    pub(super) fn add(
        &self,
        holder: Holder,
        weight: usize,
        phone: P,
        now: Instant,
    ) -> Result<PhoneId, AdminError> {
        let mut kept = self.lock();
        kept.retain(|_, kept| kept.in_use || now.duration_since(kept.used) < IDLE_TIME);
        let own = |kept: &Kept<P>| kept.holder.token == holder.token;
        let mut goes = None;
        if kept.values().filter(|kept| own(kept)).count() >= MAX_OF_A_CALLER {
            let idle = kept.iter().filter(|(_, kept)| own(kept) && !kept.in_use);
            let oldest = idle.min_by_key(|(_, kept)| kept.used).map(|(id, _)| *id);
            goes = Some(oldest.ok_or_else(|| busy("your other phones all wait for answers"))?);
        }
        let tenant = holder.scope.tenant;
        let gone = goes.and_then(|id| kept.remove(&id).map(|phone| (id, phone)));
        let room = check_count(&kept, tenant).and_then(|()| check_bytes(&kept, tenant, weight));
        if let Err(why) = room {
            kept.extend(gone); // Who is refused loses nothing.
            return Err(why);
        }
        let id = PhoneId(u128::from_be_bytes(random_bytes()));
        kept.insert(id, Kept { holder, used: now, in_use: false, weight, phone });
        Ok(id)
    }

    /// A phone as it is, and whether it is in use. `None` if this host doesn't know it, or somebody
    /// else holds it. Looking does not keep it.
    pub(super) fn look(&self, id: PhoneId, holder: Holder, now: Instant) -> Option<(P, bool)> {
        let mut kept = self.lock();
        kept.retain(|_, kept| kept.in_use || now.duration_since(kept.used) < IDLE_TIME);
        let found = kept.get(&id).filter(|kept| kept.holder == holder)?;
        Some((found.phone.clone(), found.in_use))
    }

    /// Takes a phone to do something with it.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] as for [`look`](Self::look), [`AdminError::Conflict`] if it is in use.
    pub(super) fn take(
        self: &Arc<Self>,
        id: PhoneId,
        holder: Holder,
        now: Instant,
    ) -> Result<(P, InUse<P>), AdminError> {
        let mut kept = self.lock();
        let found = kept.get_mut(&id).filter(|kept| {
            kept.holder == holder && (kept.in_use || now.duration_since(kept.used) < IDLE_TIME)
        });
        let found = found.ok_or(AdminError::NotFound("phone"))?;
        if found.in_use {
            let why = "the phone is still waiting for its last answer; try again when it is there";
            return Err(AdminError::Conflict(why.to_owned()));
        }
        (found.in_use, found.used) = (true, now);
        Ok((found.phone.clone(), InUse { phones: self.clone(), id }))
    }
}

impl<P> Phones<P> {
    fn lock(&self) -> MutexGuard<'_, HashMap<PhoneId, Kept<P>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P> InUse<P> {
    /// Takes the room for a Flow JSON of this size, in the place of the phone's own.
    ///
    /// # Errors
    /// [`AdminError::Busy`] if there is none.
    pub(super) fn reserve(&self, weight: usize) -> Result<(), AdminError> {
        let mut kept = self.phones.lock();
        let Some(own) = kept.get(&self.id) else { return Ok(()) };
        let more = weight.saturating_sub(own.weight);
        check_bytes(&kept, own.holder.scope.tenant, more)?;
        if let Some(own) = kept.get_mut(&self.id) {
            own.weight = weight;
        }
        Ok(())
    }

    /// Puts the phone back as it is now; `weight` is the size of its Flow JSON in bytes.
    pub(super) fn put_back(self, phone: P, weight: usize) {
        if let Some(kept) = self.phones.lock().get_mut(&self.id) {
            (kept.phone, kept.weight) = (phone, weight);
        }
    }
}

impl<P> Drop for InUse<P> {
    fn drop(&mut self) {
        if let Some(kept) = self.phones.lock().get_mut(&self.id) {
            (kept.in_use, kept.used) = (false, Instant::now());
        }
    }
}

impl fmt::Display for PhoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no id of a phone.
#[derive(Debug, thiserror::Error)]
#[error("it is no id of a phone")]
pub struct NoPhoneId;

impl FromStr for PhoneId {
    type Err = NoPhoneId;

    fn from_str(text: &str) -> Result<Self, NoPhoneId> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoPhoneId);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| NoPhoneId)
    }
}

fn of_tenant<P>(
    kept: &HashMap<PhoneId, Kept<P>>,
    tenant: TenantId,
) -> impl Iterator<Item = &Kept<P>> {
    kept.values().filter(move |kept| kept.holder.scope.tenant == tenant)
}

fn check_count<P>(kept: &HashMap<PhoneId, Kept<P>>, tenant: TenantId) -> Result<(), AdminError> {
    if of_tenant(kept, tenant).count() >= MAX_OF_A_TENANT {
        return Err(busy("the tenant has as many phones as it may"));
    }
    if kept.len() >= MAX_PHONES {
        return Err(busy("the host has as many phones as it may"));
    }
    Ok(())
}

fn check_bytes<P>(
    kept: &HashMap<PhoneId, Kept<P>>,
    tenant: TenantId,
    more: usize,
) -> Result<(), AdminError> {
    let own: usize = of_tenant(kept, tenant).map(|kept| kept.weight).sum();
    let all: usize = kept.values().map(|kept| kept.weight).sum();
    if own + more > MAX_BYTES_OF_A_TENANT {
        return Err(busy("the Flow JSON of the tenant's phones are as large as they may be"));
    }
    if all + more > MAX_BYTES {
        return Err(busy("the Flow JSON of all phones are as large as they may be"));
    }
    Ok(())
}

fn busy(why: &str) -> AdminError {
    AdminError::Busy(format!("{why}; those that nobody uses go after half an hour"))
}

/// A person tries one or two things side by side.
const MAX_OF_A_CALLER: usize = 4;

/// A quarter of the host's, so that no tenant takes them all.
const MAX_OF_A_TENANT: usize = 16;

/// A phone takes 10 MiB at the very most, so all of them take less than 1 GiB; a usual one takes a
/// few hundred KiB.
const MAX_PHONES: usize = 64;

/// The texts of the Flow JSON of all phones. A parsed one takes some three times its text.
const MAX_BYTES: usize = 64 << 20;
const MAX_BYTES_OF_A_TENANT: usize = 16 << 20;

/// Nobody comes back to what was left for so long.
const IDLE_TIME: Duration = Duration::from_secs(30 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_protocol::ids::FlowId;

    #[test]
    fn a_phone_is_its_holders_and_goes_when_it_is_left() {
        let (phones, mine) = (Arc::new(Phones::default()), holder());
        let now = Instant::now();
        let id = phones.add(mine, 1, "new", now).unwrap();

        let other_flow = Holder { scope: Scope { flow: FlowId::new(), ..mine.scope }, ..mine };
        let other_token = Holder { token: Some(ApiTokenId::new()), ..mine };
        for other in [other_flow, other_token] {
            assert!(phones.look(id, other, now).is_none());
            assert!(matches!(phones.take(id, other, now), Err(AdminError::NotFound("phone"))));
        }
        assert_eq!(phones.look(id, mine, now), Some(("new", false)));
        assert!(phones.take(id, mine, now + IDLE_TIME).is_err());
        assert!(phones.look(id, mine, now + IDLE_TIME).is_none());
    }

    #[test]
    fn a_phone_in_use_waits_and_comes_back_changed_or_as_it_was() {
        let (phones, mine, now) = (Arc::new(Phones::default()), holder(), Instant::now());
        let id = phones.add(mine, 1, "new", now).unwrap();

        let (_, in_use) = phones.take(id, mine, now).unwrap();
        assert!(matches!(phones.take(id, mine, now), Err(AdminError::Conflict(_))));
        assert_eq!(phones.look(id, mine, now), Some(("new", true)));
        in_use.put_back("used", 1);
        assert_eq!(phones.look(id, mine, now), Some(("used", false)));
        drop(phones.take(id, mine, now).unwrap());
        assert_eq!(phones.look(id, mine, now), Some(("used", false)));
    }

    #[test]
    fn a_callers_oldest_phone_makes_room() {
        let (phones, mine, now) = (Arc::new(Phones::default()), holder(), Instant::now());
        let later = |seconds| now + Duration::from_secs(seconds);
        let ids: Vec<_> = (0..4).map(|at| phones.add(mine, 1, at, later(at)).unwrap()).collect();

        let fifth = phones.add(mine, 1, 4, later(5)).unwrap();
        let there = |id| phones.look(id, mine, later(5)).is_some();
        assert_eq!(ids.into_iter().map(there).collect::<Vec<_>>(), [false, true, true, true]);
        assert!(there(fifth));
        assert!(phones.add(mine, MAX_BYTES_OF_A_TENANT + 1, 5, later(6)).is_err());
        assert!(there(fifth) && phones.lock().len() == 4, "who is refused loses nothing");
    }

    #[test]
    fn a_tenant_and_a_host_have_so_many_and_so_many_bytes() {
        let now = Instant::now();
        let one = |scope| Holder { token: Some(ApiTokenId::new()), scope };
        let (phones, mine) = (Phones::default(), holder().scope);
        for _ in 0..16 {
            phones.add(one(mine), 1, (), now).unwrap();
        }
        let full = phones.add(one(mine), 1, (), now).unwrap_err().to_string();
        assert!(full.starts_with("the tenant has"), "{full}");
        for _ in 16..64 {
            phones.add(one(holder().scope), 1, (), now).unwrap();
        }
        let full = phones.add(one(holder().scope), 1, (), now).unwrap_err().to_string();
        assert!(full.starts_with("the host has"), "{full}");

        let phones = Phones::default();
        assert!(phones.add(one(mine), MAX_BYTES_OF_A_TENANT + 1, (), now).is_err());
        for _ in 0..4 {
            phones.add(one(holder().scope), MAX_BYTES_OF_A_TENANT, (), now).unwrap();
        }
        assert!(phones.add(one(mine), 1, (), now).is_err());
    }

    #[test]
    fn room_is_taken_at_once_by_who_asks_first() {
        let (phones, mine, now) = (Arc::new(Phones::default()), holder(), Instant::now());
        let [first, second] = [0, 1].map(|_| {
            let id = phones.add(mine, 1, (), now).unwrap();
            phones.take(id, mine, now).unwrap().1
        });
        first.reserve(MAX_BYTES_OF_A_TENANT - 1).unwrap();
        assert!(second.reserve(2).is_err());
        assert!(second.reserve(1).is_ok());
        first.put_back((), 1);
        assert!(second.reserve(2).is_ok());
    }

    #[test]
    fn an_id_is_32_hex_digits() {
        let id = PhoneId(0xab);
        assert_eq!(id.to_string().parse::<PhoneId>().unwrap(), id);
        for bad in ["", "ab", "+0000000000000000000000000000000", &"g".repeat(32)] {
            assert!(bad.parse::<PhoneId>().is_err(), "{bad}");
        }
    }

    fn holder() -> Holder {
        Holder { token: None, scope: Scope { tenant: TenantId::new(), flow: FlowId::new() } }
    }
}
