//! Collects what a call logs. Tests run in parallel threads and a call stays in its thread, so the
//! lines are thread-local.

use std::cell::RefCell;

/// One line that the plugin logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The level of the log macro.
    pub level: log::Level,
    /// The formatted message.
    pub message: String,
}

thread_local! {
    /// `None` outside of a call.
    static LINES: RefCell<Option<Vec<LogLine>>> = const { RefCell::new(None) };
}

/// Runs `call` and returns what it logged. If the test program has a logger of its own, the lines
/// go there instead.
pub(super) fn collect<T>(call: impl FnOnce() -> T) -> (T, Vec<LogLine>) {
    if log::set_logger(&Collector).is_ok() {
        log::set_max_level(log::LevelFilter::Trace);
    }
    LINES.set(Some(Vec::new()));
    let result = call();
    (result, LINES.take().unwrap_or_default())
}

struct Collector;

impl log::Log for Collector {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = LogLine { level: record.level(), message: record.args().to_string() };
        LINES.with_borrow_mut(|lines| lines.iter_mut().for_each(|lines| lines.push(line.clone())));
    }

    fn flush(&self) {}
}
