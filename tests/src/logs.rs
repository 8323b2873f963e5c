//! What the hosts in this process log.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, registry};

/// Every line so far, at this level or above, that contains the text.
pub fn logged(least: Level, text: &str) -> Vec<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |(level, line): &&(Level, String)| *level <= least && line.contains(text);
    lines.iter().filter(fits).map(|(level, line)| format!("{level} {line}")).collect()
}

/// Starts keeping what is logged, once for the process.
pub(crate) fn capture() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let ours = Targets::new().with_target("flowhost", Level::DEBUG).with_target("plugin", Level::DEBUG);
        // For the whole registry, not for the layer: a layer's own filter loses events after somebody asked whether a level is on.
        registry().with(ours).with(Capture).init();
    });
}

static LINES: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());

struct Capture;

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push((*event.metadata().level(), line.0));
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
