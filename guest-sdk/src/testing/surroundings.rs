//! The surroundings of a plugin in a test: settings, the clock, and answers to its requests. Tests
//! run in parallel threads and a call stays in its thread, so the surroundings are thread-local.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::time::Timestamp;
use crate::{http, media};

/// What a conversation's calls can access.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) now: Timestamp,
    /// The state of the random number generator.
    pub(super) random: Rc<Cell<u64>>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) http: Option<Rc<HttpAnswers>>,
    pub(super) media: Option<Rc<MediaAnswers>>,
}

pub(super) type HttpAnswers = dyn Fn(&http::Request) -> Result<http::Response, http::Error>;
pub(super) type MediaAnswers = dyn Fn(&media::Reference) -> Result<Vec<u8>, media::Error>;

impl Default for Surroundings {
    fn default() -> Self {
        Surroundings {
            now: NOW,
            random: Rc::default(),
            settings: BTreeMap::new(),
            http: None,
            media: None,
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Surroundings({:?})", self.settings)
    }
}

impl Surroundings {
    /// Runs `call` with these surroundings.
    pub(super) fn around<T>(&self, call: impl FnOnce() -> T) -> T {
        let before = CURRENT.replace(self.clone());
        let result = call();
        CURRENT.set(before);
        result
    }
}

pub(crate) fn now() -> Timestamp {
    CURRENT.with_borrow(|current| current.now)
}

/// The next random number, by SplitMix64 (Steele, Lea and Flood, 2014), which accepts any seed.
pub(crate) fn random_number() -> u64 {
    let seed = CURRENT.with_borrow(|current| Rc::clone(&current.random));
    seed.set(seed.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
    let mixed = (seed.get() ^ (seed.get() >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

pub(crate) fn setting(key: &str) -> Option<String> {
    CURRENT.with_borrow(|current| current.settings.get(key).cloned())
}

pub(crate) fn answer(request: http::Request) -> Result<http::Response, http::Error> {
    match CURRENT.with_borrow(|current| current.http.clone()) {
        Some(answer) => answer(&request),
        None => Err(http::Error::NotGranted(
            "the test gives no answers: Conversation::with_http".to_owned(),
        )),
    }
}

pub(crate) fn file(reference: &media::Reference) -> Result<Vec<u8>, media::Error> {
    match CURRENT.with_borrow(|current| current.media.clone()) {
        Some(answer) => answer(reference),
        None => Err(media::Error::NotGranted),
    }
}

/// 2026-01-01 12:00 UTC. It is fixed so that a test that passes today also passes tomorrow.
const NOW: Timestamp = Timestamp::from_unix_seconds(1_767_268_800);

thread_local! {
    static CURRENT: RefCell<Surroundings> = RefCell::default();
}
