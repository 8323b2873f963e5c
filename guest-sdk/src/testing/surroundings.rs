//! What is around the plugin in a test: settings, and answers to what it asks for outside. Tests run in parallel threads, and a call stays
//! in its thread, so each thread has its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::{http, media};

/// What a conversation's calls find.
#[derive(Clone, Default)]
pub(super) struct Surroundings {
    pub(super) settings: BTreeMap<String, String>,
    pub(super) http: Option<Rc<HttpAnswers>>,
    pub(super) media: Option<Rc<MediaAnswers>>,
}

pub(super) type HttpAnswers = dyn Fn(&http::Request) -> Result<http::Response, http::Error>;
pub(super) type MediaAnswers = dyn Fn(&media::Reference) -> Result<Vec<u8>, media::Error>;

impl fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Surroundings({:?})", self.settings)
    }
}

impl Surroundings {
    /// Runs `call` in them.
    pub(super) fn around<T>(&self, call: impl FnOnce() -> T) -> T {
        let before = CURRENT.replace(self.clone());
        let result = call();
        CURRENT.set(before);
        result
    }
}

/// A setting.
pub(crate) fn setting(key: &str) -> Option<String> {
    CURRENT.with_borrow(|current| current.settings.get(key).cloned())
}

/// The answer to a request.
pub(crate) fn answer(request: http::Request) -> Result<http::Response, http::Error> {
    match CURRENT.with_borrow(|current| current.http.clone()) {
        Some(answer) => answer(&request),
        None => Err(http::Error::NotGranted("the test gives no answers: Conversation::with_http".to_owned())),
    }
}

/// The file behind a reference.
pub(crate) fn file(reference: &media::Reference) -> Result<Vec<u8>, media::Error> {
    match CURRENT.with_borrow(|current| current.media.clone()) {
        Some(answer) => answer(reference),
        None => Err(media::Error::NotGranted),
    }
}

thread_local! {
    static CURRENT: RefCell<Surroundings> = RefCell::default();
}
