//! The phones that a host keeps between two requests of their users' browsers, in memory.
//!
//! Invariant: the lock is held for a look only: no phone is copied or dropped under it. Who does
//! something with a phone works on a copy, marks it as in use, and puts the copy in its place at the
//! end.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::AdminError;
use flowhost_protocol::crypto::random_bytes;
use flowhost_protocol::ids::{ApiTokenId, FlowJsonDigest, Scope, TenantId};

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

/// All of them, under the lock.
type Locked<'a, P> = MutexGuard<'a, HashMap<PhoneId, Kept<P>>>;

#[derive(Debug)]
struct Kept<P> {
    holder: Holder,
    used: Instant,
    in_use: bool,
    weight: Option<Weight>,
    /// `None` as long as the place is kept for one.
    phone: Option<Arc<P>>,
}

/// What a Flow JSON takes in memory. The phones of a tenant with the same one share it, so that it
/// counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) of: FlowJsonDigest,
    pub(super) bytes: usize,
}

/// A place for a phone. Who drops it without a phone in it gives it back, together with the phone
/// that made room.
pub(super) struct Place<P> {
    phones: Arc<Phones<P>>,
    id: PhoneId,
    made_room: Option<(PhoneId, Kept<P>)>,
    is_taken: bool,
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

impl<P> Phones<P> {
    /// Keeps a place for a new phone. Its holder's phone that was used the longest ago makes room if
    /// there are as many as there may be.
    ///
    /// # Errors
    /// [`AdminError::Busy`] if the tenant or the host has as many as it may. Who is refused loses
    /// nothing.
    pub(super) fn reserve(
        self: &Arc<Self>,
        holder: Holder,
        weight: Option<Weight>,
        now: Instant,
    ) -> Result<Place<P>, AdminError> {
        let (_gone, mut kept) = self.swept(now);
        let own = |kept: &Kept<P>| kept.holder.token == holder.token;
        let mut goes = None;
        if kept.values().filter(|kept| own(kept)).count() >= MAX_OF_A_CALLER {
            let idle = kept.iter().filter(|(_, kept)| own(kept) && !kept.in_use);
            let oldest = idle.min_by_key(|(_, kept)| kept.used).map(|(id, _)| *id);
            goes = Some(oldest.ok_or_else(|| busy("your other phones all wait for answers"))?);
        }
        let tenant = holder.scope.tenant;
        let made_room = goes.and_then(|id| kept.remove_entry(&id));
        let room =
            check_count(&kept, tenant).and_then(|()| check_bytes(&kept, None, tenant, weight));
        if let Err(why) = room {
            kept.extend(made_room);
            return Err(why);
        }
        let id = PhoneId(u128::from_be_bytes(random_bytes()));
        kept.insert(id, Kept { holder, used: now, in_use: true, weight, phone: None });
        Ok(Place { phones: self.clone(), id, made_room, is_taken: false })
    }

    /// A phone as it is, and whether it is in use. `None` if this host doesn't know it, or somebody
    /// else holds it. Looking does not keep it.
    pub(super) fn look(&self, id: PhoneId, holder: Holder, now: Instant) -> Option<(Arc<P>, bool)> {
        let (_gone, kept) = self.swept(now);
        let found = kept.get(&id).filter(|kept| kept.holder == holder)?;
        Some((found.phone.clone()?, found.in_use))
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
    ) -> Result<(Arc<P>, InUse<P>), AdminError> {
        let mut kept = self.lock();
        let found = kept.get_mut(&id).filter(|kept| {
            kept.holder == holder && (kept.in_use || now.duration_since(kept.used) < IDLE_TIME)
        });
        let unknown = || AdminError::NotFound("phone");
        let found = found.ok_or_else(unknown)?;
        let phone = found.phone.clone().ok_or_else(unknown)?;
        if found.in_use {
            let why = "the phone is still waiting for its last answer; try again when it is there";
            return Err(AdminError::Conflict(why.to_owned()));
        }
        (found.in_use, found.used) = (true, now);
        Ok((phone, InUse { phones: self.clone(), id }))
    }

    /// All phones without those that nobody came back to, which are dropped when the lock is free
    /// again: variables go in the reverse of their order.
    fn swept(&self, now: Instant) -> (Vec<Kept<P>>, Locked<'_, P>) {
        let mut kept = self.lock();
        let is_left = |kept: &Kept<P>| !kept.in_use && now.duration_since(kept.used) >= IDLE_TIME;
        let gone = kept.extract_if(|_, kept| is_left(kept)).map(|(_, kept)| kept).collect();
        (gone, kept)
    }

    fn lock(&self) -> Locked<'_, P> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P> Place<P> {
    /// Puts the phone there.
    pub(super) fn fill(mut self, phone: P) -> PhoneId {
        if let Some(kept) = self.phones.lock().get_mut(&self.id) {
            (kept.phone, kept.in_use) = (Some(Arc::new(phone)), false);
        }
        self.is_taken = true;
        self.id
    }
}

impl<P> Drop for Place<P> {
    fn drop(&mut self) {
        if !self.is_taken {
            let mut kept = self.phones.lock();
            kept.remove(&self.id);
            kept.extend(self.made_room.take());
        }
    }
}

impl<P> InUse<P> {
    /// Takes the room for this Flow JSON, in the place of the phone's own.
    ///
    /// # Errors
    /// [`AdminError::Busy`] if there is none.
    pub(super) fn reserve(&self, weight: Option<Weight>) -> Result<(), AdminError> {
        let mut kept = self.phones.lock();
        let Some(own) = kept.get(&self.id) else { return Ok(()) };
        check_bytes(&kept, Some(self.id), own.holder.scope.tenant, weight)?;
        if let Some(own) = kept.get_mut(&self.id) {
            own.weight = weight;
        }
        Ok(())
    }

    /// Puts the phone back as it is now, with what its Flow JSON takes.
    pub(super) fn put_back(self, phone: P, weight: Option<Weight>) {
        let mut phone = Some(Arc::new(phone));
        if let Some(kept) = self.phones.lock().get_mut(&self.id) {
            std::mem::swap(&mut kept.phone, &mut phone);
            kept.weight = weight;
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

/// Whether there is room for `weight` besides what all phones but `own` take.
fn check_bytes<P>(
    kept: &HashMap<PhoneId, Kept<P>>,
    own: Option<PhoneId>,
    tenant: TenantId,
    weight: Option<Weight>,
) -> Result<(), AdminError> {
    let others = kept.iter().filter(|(id, _)| Some(**id) != own);
    let others = others.map(|(_, kept)| (kept.holder.scope.tenant, kept.weight));
    let each = others
        .chain([(tenant, weight)])
        .filter_map(|(tenant, weight)| weight.map(|weight| ((tenant, weight.of), weight.bytes)));
    let each: HashMap<(TenantId, FlowJsonDigest), usize> = each.collect();
    let of_tenant = each.iter().filter(|((of, _), _)| *of == tenant);
    if of_tenant.map(|(_, bytes)| bytes).sum::<usize>() > MAX_BYTES_OF_A_TENANT {
        return Err(busy("the Flow JSON of the tenant's phones are as large as they may be"));
    }
    if each.values().sum::<usize>() > MAX_BYTES {
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

/// A phone takes 10 MiB at the very most besides its Flow JSON, so all of them take less than 1 GiB;
/// a usual one takes a few hundred KiB.
const MAX_PHONES: usize = 64;

/// The Flow JSON of all phones in memory. A usual one takes 200 KiB, the largest that there can be
/// 108 MiB: 10 MiB of text and 200,000 values.
const MAX_BYTES: usize = 256 << 20;
const MAX_BYTES_OF_A_TENANT: usize = 128 << 20;

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
        let id = open(&phones, mine, "new", now);

        let other_flow = Holder { scope: Scope { flow: FlowId::new(), ..mine.scope }, ..mine };
        let other_token = Holder { token: Some(ApiTokenId::new()), ..mine };
        for other in [other_flow, other_token] {
            assert!(phones.look(id, other, now).is_none());
            assert!(matches!(phones.take(id, other, now), Err(AdminError::NotFound("phone"))));
        }
        assert_eq!(phones.look(id, mine, now), Some((Arc::new("new"), false)));
        assert!(phones.take(id, mine, now + IDLE_TIME).is_err());
        assert!(phones.look(id, mine, now + IDLE_TIME).is_none());
    }

    #[test]
    fn a_phone_in_use_waits_and_comes_back_changed_or_as_it_was() {
        let (phones, mine, now) = (Arc::new(Phones::default()), holder(), Instant::now());
        let id = open(&phones, mine, "new", now);
        let (new, used) = (Arc::new("new"), Arc::new("used"));

        let (_, in_use) = phones.take(id, mine, now).unwrap();
        assert!(matches!(phones.take(id, mine, now), Err(AdminError::Conflict(_))));
        assert_eq!(phones.look(id, mine, now), Some((new, true)));
        in_use.put_back("used", None);
        assert_eq!(phones.look(id, mine, now), Some((used.clone(), false)));
        drop(phones.take(id, mine, now).unwrap());
        assert_eq!(phones.look(id, mine, now), Some((used, false)));
    }

    #[test]
    fn who_looks_at_a_phone_or_takes_it_copies_nothing() {
        let (phones, mine, now) = (Arc::new(Phones::default()), holder(), Instant::now());
        let id = open(&phones, mine, "x", now);

        let (seen, _) = phones.look(id, mine, now).unwrap();
        let (taken, _in_use) = phones.take(id, mine, now).unwrap();
        assert!(Arc::ptr_eq(&seen, &taken));
    }

    #[test]
    fn a_callers_oldest_phone_makes_room() {
        let (phones, mine, now) = (Arc::new(Phones::default()), holder(), Instant::now());
        let later = |seconds| now + Duration::from_secs(seconds);
        let ids: Vec<_> = (0..4).map(|at| open(&phones, mine, at, later(at))).collect();

        let fifth = open(&phones, mine, 4, later(5));
        let there = |id| phones.look(id, mine, later(5)).is_some();
        assert_eq!(ids.into_iter().map(there).collect::<Vec<_>>(), [false, true, true, true]);
        assert!(there(fifth));
        let too_large = weight(1, MAX_BYTES_OF_A_TENANT + 1);
        assert!(phones.reserve(mine, too_large, later(6)).is_err());
        assert!(there(fifth) && phones.lock().len() == 4, "who is refused loses nothing");
    }

    #[test]
    fn a_place_that_is_given_back_leaves_all_as_it_was() {
        let (phones, mine, now) = (Arc::new(Phones::default()), holder(), Instant::now());
        let ids: Vec<_> = (0..4).map(|at| open(&phones, mine, at, now)).collect();

        let place = phones.reserve(mine, None, now).unwrap();
        assert_eq!(phones.lock().len(), 4);
        assert!(phones.look(place.id, mine, now).is_none(), "there is no phone yet");
        assert!(matches!(phones.take(place.id, mine, now), Err(AdminError::NotFound("phone"))));
        drop(place);
        assert!(ids.into_iter().all(|id| phones.look(id, mine, now).is_some()));
        assert_eq!(phones.lock().len(), 4);
    }

    #[test]
    fn a_tenant_and_a_host_have_so_many_and_so_many_bytes() {
        let now = Instant::now();
        let one = |scope| Holder { token: Some(ApiTokenId::new()), scope };
        let (phones, mine) = (Arc::new(Phones::default()), holder().scope);
        let refusal = |holder| phones.reserve(holder, None, now).err().unwrap().to_string();
        for _ in 0..16 {
            open(&phones, one(mine), (), now);
        }
        let full = refusal(one(mine));
        assert!(full.starts_with("the tenant has"), "{full}");
        for _ in 16..64 {
            open(&phones, one(holder().scope), (), now);
        }
        let full = refusal(one(holder().scope));
        assert!(full.starts_with("the host has"), "{full}");

        let phones = Arc::new(Phones::default());
        let reserve = |scope, bytes| phones.reserve(one(scope), weight(1, bytes), now);
        assert!(reserve(mine, MAX_BYTES_OF_A_TENANT + 1).is_err());
        for _ in 0..2 {
            reserve(holder().scope, MAX_BYTES_OF_A_TENANT).unwrap().fill(());
        }
        assert!(reserve(mine, 1).is_err());
    }

    #[test]
    fn a_flow_json_that_phones_of_a_tenant_share_counts_once() {
        let (phones, mine, now) = (Arc::new(Phones::default()), holder(), Instant::now());
        let reserve = |holder, number, bytes| phones.reserve(holder, weight(number, bytes), now);
        for _ in 0..3 {
            reserve(mine, 1, MAX_BYTES_OF_A_TENANT).unwrap().fill(());
        }
        assert!(reserve(mine, 2, 1).is_err());
        reserve(holder(), 1, MAX_BYTES_OF_A_TENANT).unwrap().fill(());
        assert!(reserve(holder(), 1, MAX_BYTES_OF_A_TENANT).is_err(), "others have their own");
    }

    #[test]
    fn room_is_taken_at_once_by_who_asks_first() {
        let (phones, mine, now) = (Arc::new(Phones::default()), holder(), Instant::now());
        let [first, second] = [0, 1].map(|_| {
            let id = open(&phones, mine, (), now);
            phones.take(id, mine, now).unwrap().1
        });
        first.reserve(weight(1, MAX_BYTES_OF_A_TENANT - 1)).unwrap();
        assert!(second.reserve(weight(2, 2)).is_err());
        assert!(second.reserve(weight(2, 1)).is_ok());
        first.put_back((), weight(1, 1));
        assert!(second.reserve(weight(2, 2)).is_ok());
    }

    #[test]
    fn an_id_is_32_hex_digits() {
        let id = PhoneId(0xab);
        assert_eq!(id.to_string().parse::<PhoneId>().unwrap(), id);
        for bad in ["", "ab", "+0000000000000000000000000000000", &"g".repeat(32)] {
            assert!(bad.parse::<PhoneId>().is_err(), "{bad}");
        }
    }

    fn open<P>(phones: &Arc<Phones<P>>, holder: Holder, phone: P, now: Instant) -> PhoneId {
        phones.reserve(holder, None, now).unwrap().fill(phone)
    }

    /// What the Flow JSON of this number takes.
    fn weight(number: u8, bytes: usize) -> Option<Weight> {
        Some(Weight { of: FlowJsonDigest([number; 32]), bytes })
    }

    fn holder() -> Holder {
        Holder { token: None, scope: Scope { tenant: TenantId::new(), flow: FlowId::new() } }
    }
}
