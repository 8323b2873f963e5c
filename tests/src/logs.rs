//! Captures the log of the hosts in this process: each line with the fields of its spans.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, registry};

/// Every line so far, at this level or above, that contains the text.
pub fn logged(least: Level, text: &str) -> Vec<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |(level, line): &&(Level, String)| *level <= least && line.contains(text);
    lines.iter().filter(fits).map(|(level, line)| format!("{level} {line}")).collect()
}

/// The lines since the last call, without the lines of plugins: their authors are responsible for
/// those, and they are only logged at the debug level.
pub(crate) fn new_lines() -> String {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let new = &lines[SEEN.swap(lines.len(), Ordering::Relaxed)..];
    let of_the_host =
        new.iter().filter(|(level, line)| !(*level == Level::DEBUG && line.starts_with("plugin ")));
    of_the_host.map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
}

/// Starts to capture the log, once per process.
pub(crate) fn capture() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let ours = Targets::new()
            .with_target("flowhost", Level::DEBUG)
            .with_target("plugin", Level::DEBUG);
        // A filter for the whole registry: a layer's own filter loses events after somebody asked
        // whether a level is on. A long benchmark may have set up another subscriber before, and
        // then nothing is captured.
        let _ = registry().with(ours).with(Capture).try_init();
    });
}

static LINES: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());

struct Capture;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, fields: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut line = Line(String::new());
        fields.record(&mut line);
        context.span(id).expect("a new span is there").extensions_mut().insert(line);
    }

    fn on_record(&self, id: &Id, fields: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("a span in use is there");
        fields.record(span.extensions_mut().get_mut::<Line>().expect("it got one when it was new"));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line(event.metadata().target().to_owned());
        for span in context.event_scope(event).into_iter().flatten() {
            line.0
                .push_str(&span.extensions().get::<Line>().expect("it got one when it was new").0);
        }
        event.record(&mut line);
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((*event.metadata().level(), line.0));
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
