//! The plugins in memory. The database may hold many more: those that were not used for long make
//! room.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use super::{ComponentError, HostLimits, LoadError};
use flowhost_protocol::ids::PluginDigest;

/// The result of loading a plugin. It is filled once, however many callers ask at the same time.
pub(super) type Cell<T> = Arc<OnceCell<Result<Arc<T>, ComponentError>>>;

/// Plugins in memory, and refused ones, by the digest of their component.
pub(super) struct Loaded<T> {
    kept: Mutex<Kept<T>>,
    limits: LoadedLimits,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LoadedLimits {
    /// The most plugins.
    pub count: usize,
    /// The most bytes of code, of all plugins together.
    pub bytes: usize,
}

struct Kept<T> {
    entries: HashMap<PluginDigest, Entry<T>>,
    active: HashSet<PluginDigest>,
}

struct Entry<T> {
    cell: Cell<T>,
    used: Instant,
    bytes: usize,
    /// Set after a failed attempt: when the next one may begin, and why the last one failed.
    resting: Option<(Instant, LoadError)>,
}

impl<T> Loaded<T> {
    pub(super) fn new(limits: LoadedLimits) -> Self {
        Self { kept: Mutex::new(Kept { entries: HashMap::new(), active: HashSet::new() }), limits }
    }

    /// The cell of a plugin. Marks the plugin as used now.
    pub(super) fn cell(&self, digest: PluginDigest) -> Cell<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Entry { cell: Arc::default(), used: Instant::now(), bytes: 0, resting: None };
        let entry = kept.entries.entry(digest).or_insert_with(new);
        entry.used = Instant::now();
        let cell = entry.cell.clone();
        kept.make_room(digest, self.limits);
        cell
    }

    /// Returns the last failure if it is too recent for another attempt.
    pub(super) fn may_try(&self, digest: PluginDigest) -> Result<(), LoadError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let resting = kept.entries.get(&digest).and_then(|entry| entry.resting.as_ref());
        resting
            .filter(|(until, _)| Instant::now() < *until)
            .map_or(Ok(()), |(_, failure)| Err(failure.clone()))
    }

    /// Why a plugin is not there, if it was refused, or could not be loaded when that was last tried.
    /// Tries nothing.
    pub(super) fn failure(&self, digest: PluginDigest) -> Option<LoadError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.entries.get(&digest)?;
        match entry.cell.get() {
            Some(Ok(_)) => None,
            Some(Err(refused)) => Some(LoadError::Component(refused.clone())),
            None => entry.resting.as_ref().map(|(_, failure)| failure.clone()),
        }
    }

    /// Puts off the next attempt to load a plugin by `time`.
    pub(super) fn rest(&self, digest: PluginDigest, failure: &LoadError, time: Duration) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.entries.get_mut(&digest) {
            entry.resting = Some((Instant::now() + time, failure.clone()));
        }
    }

    /// Records how many bytes of code a plugin has, and makes room.
    pub(super) fn weigh(&self, digest: PluginDigest, bytes: usize) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.entries.get_mut(&digest) {
            entry.bytes = bytes;
        }
        kept.make_room(digest, self.limits);
    }

    /// Removes plugins that are not active and were not used for ten minutes.
    pub(super) fn retain(&self, active: &HashSet<PluginDigest>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entries
            .retain(|digest, entry| active.contains(digest) || entry.used.elapsed() < KEEP_UNUSED);
        kept.active.clone_from(active);
    }
}

impl<T> Kept<T> {
    /// Removes plugins other than `needed` until the rest fits: inactive ones first, and among
    /// these the least recently used. Of active ones, large code makes room for code before small
    /// code does, so that a few tenants' large plugins only ever push out each other. A call that
    /// holds a removed plugin keeps it.
    fn make_room(&mut self, needed: PluginDigest, limits: LoadedLimits) {
        let mut bytes: usize = self.entries.values().map(|entry| entry.bytes).sum();
        while self.entries.len() > limits.count || bytes > limits.bytes {
            let others = self.entries.iter().filter(|(digest, _)| **digest != needed);
            let order = |digest, entry: &Entry<T>| {
                let is_active = self.active.contains(digest);
                let stays = is_active && bytes > limits.bytes && entry.bytes <= LARGE_CODE;
                (is_active, stays, entry.used)
            };
            let oldest = others
                .min_by_key(|(digest, entry)| order(digest, entry))
                .map(|(digest, _)| *digest);
            let Some(gone) = oldest.and_then(|oldest| self.entries.remove(&oldest)) else { return };
            bytes -= gone.bytes;
        }
    }
}

impl LoadedLimits {
    /// Each plugin takes its code, some mappings (of 65,530 that a process may have) and about 40
    /// KiB besides. Code is memory that no guest's budget counts, and a plugin with a language's
    /// whole runtime has 35 MiB of it: so all code together may have half of what guests may have,
    /// which by default is a quarter of the machine's memory.
    pub(super) fn of(limits: HostLimits) -> Self {
        let half = usize::try_from(limits.memory_bytes / 2).unwrap_or(usize::MAX);
        Self { count: 1_000, bytes: half.clamp(LEAST_CODE, MOST_CODE) }
    }
}

/// A thousand plugins with as much code each fit into [`MOST_CODE`]. The SDK's have half a MiB, and
/// those with QuickJS 3.5.
pub(super) const LARGE_CODE: usize = 4 << 20;

/// A thousand plugins of the SDK.
const LEAST_CODE: usize = 512 << 20;

const MOST_CODE: usize = 4 << 30;

/// A plugin that was just uploaded is about to be activated, and one that was just replaced may
/// come back.
const KEEP_UNUSED: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const UNLIMITED: LoadedLimits = LoadedLimits { count: usize::MAX, bytes: usize::MAX };

    fn digest(number: u8) -> PluginDigest {
        PluginDigest([number; 32])
    }

    fn load(loaded: &Loaded<u8>, number: u8, bytes: usize) {
        loaded.cell(digest(number)).set(Ok(Arc::new(number))).unwrap();
        loaded.weigh(digest(number), bytes);
    }

    fn kept(loaded: &Loaded<u8>) -> Vec<u8> {
        let kept = loaded.kept.lock().unwrap();
        let mut numbers: Vec<u8> = kept.entries.keys().map(|digest| digest.0[0]).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn what_is_not_active_makes_room_first_then_what_was_used_least_recently() {
        let loaded = Loaded::new(LoadedLimits { count: 3, bytes: usize::MAX });
        loaded.retain(&HashSet::from([digest(1), digest(2), digest(4), digest(5)]));
        for number in 1..=4 {
            load(&loaded, number, 1);
        }
        assert_eq!(kept(&loaded), [1, 2, 4]);
        assert!(loaded.cell(digest(1)).initialized(), "it was used again");

        load(&loaded, 5, 1);
        assert_eq!(kept(&loaded), [1, 4, 5]);
    }

    #[test]
    fn large_code_makes_small_code_go_and_is_kept_itself() {
        let loaded = Loaded::new(LoadedLimits { count: 10, bytes: 100 });
        for number in 1..=3 {
            load(&loaded, number, 30);
        }
        load(&loaded, 4, 60);
        assert_eq!(kept(&loaded), [3, 4]);
        load(&loaded, 5, 1_000);
        assert_eq!(kept(&loaded), [5]);
    }

    #[test]
    fn active_plugins_with_large_code_push_out_each_other_and_no_small_ones() {
        let loaded = Loaded::new(LoadedLimits { count: 10, bytes: 5 * LARGE_CODE });
        loaded.retain(&(1..=6).map(digest).collect());
        for number in 1..=2 {
            load(&loaded, number, LARGE_CODE);
        }
        for number in 3..=6 {
            load(&loaded, number, LARGE_CODE + LARGE_CODE / 2);
        }

        assert_eq!(kept(&loaded), [1, 2, 5, 6]);
    }

    #[test]
    fn all_code_together_has_a_share_of_the_machines_memory() {
        for (guests, code) in [(192 << 20, 512 << 20), (4 << 30, 2 << 30), (64 << 30, 4 << 30)] {
            let limits = LoadedLimits::of(HostLimits { calls: 512, memory_bytes: guests });
            assert_eq!(limits.bytes, code, "{guests} bytes of guests' memory");
        }
    }

    #[test]
    fn what_could_not_be_loaded_rests_and_is_tried_again() {
        let loaded = Loaded::<u8>::new(UNLIMITED);
        loaded.cell(digest(1));
        let failure = LoadError::NotNow(ComponentError::CompilerTime(120));

        loaded.rest(digest(1), &failure, Duration::from_secs(3600));
        assert!(matches!(
            loaded.may_try(digest(1)),
            Err(LoadError::NotNow(ComponentError::CompilerTime(120)))
        ));
        assert!(loaded.may_try(digest(2)).is_ok());

        loaded.rest(digest(1), &failure, Duration::ZERO);
        assert!(loaded.may_try(digest(1)).is_ok());
    }

    #[test]
    fn a_failure_is_known_until_the_plugin_is_there() {
        let loaded = Loaded::<u8>::new(UNLIMITED);
        assert!(loaded.failure(digest(1)).is_none(), "it was not asked for yet");
        let cell = loaded.cell(digest(1));
        assert!(loaded.failure(digest(1)).is_none(), "nothing failed yet");

        let failure = LoadError::NotNow(ComponentError::CompilerTime(120));
        loaded.rest(digest(1), &failure, Duration::ZERO);
        assert!(matches!(loaded.failure(digest(1)), Some(LoadError::NotNow(_))));
        cell.set(Ok(Arc::new(1))).unwrap();
        assert!(loaded.failure(digest(1)).is_none());

        loaded.cell(digest(2)).set(Err(ComponentError::CompilerTime(120))).unwrap();
        assert!(matches!(loaded.failure(digest(2)), Some(LoadError::Component(_))));
    }

    #[test]
    fn active_plugins_stay_and_fresh_ones_do_for_a_while() {
        let loaded = Loaded::new(UNLIMITED);
        load(&loaded, 1, 1);
        load(&loaded, 2, 1);
        loaded.retain(&HashSet::from([digest(1)]));
        assert_eq!(kept(&loaded), [1, 2]);

        let Some(long_ago) = Instant::now().checked_sub(KEEP_UNUSED) else { return };
        loaded.kept.lock().unwrap().entries.values_mut().for_each(|entry| entry.used = long_ago);
        loaded.retain(&HashSet::from([digest(1)]));
        assert_eq!(kept(&loaded), [1]);
    }
}
