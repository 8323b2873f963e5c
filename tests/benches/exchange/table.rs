//! The table that is printed.

use std::fmt;

use flowhost_tests::measure::Floor;

/// Lines with a figure, its ratio to the floor at that time and its target.
pub(crate) struct Table(Vec<String>);

impl Table {
    pub(crate) fn new() -> Self {
        Self(vec![line("", "figure", "of the floor", "target")])
    }

    /// A line before the table.
    pub(crate) fn note(&mut self, text: String) {
        self.0.insert(0, text);
    }

    /// The floor itself, and what openssl counts.
    pub(crate) fn floors(&mut self, floor: Floor, one: Option<f64>, all: Option<f64>) {
        for (where_, floor, openssl) in
            [("one core", floor.core, one), ("all cores", floor.cores, all)]
        {
            self.rate(&format!("floor: RSA-2048, aws-lc-rs, {where_}"), floor, floor, "");
            if let Some(openssl) = openssl {
                let what = format!("another floor: openssl speed, {where_}");
                self.rate(&what, openssl, floor, "");
            }
        }
    }

    /// So many a second, of a floor.
    pub(crate) fn rate(&mut self, what: &str, per_second: f64, floor: f64, target: &str) {
        let share = format!("{:.1} %", per_second / floor * 100.0);
        self.0.push(line(what, &format!("{per_second:.0} /s"), &share, target));
    }

    /// A time, also in times of one RSA operation on one core.
    pub(crate) fn time(&mut self, what: &str, ms: f64, floor: Floor, target: &str) {
        let times = format!("{:.1} RSA times", ms / 1_000.0 * floor.core);
        self.0.push(line(what, &format!("{ms:.3} ms"), &times, target));
    }

    pub(crate) fn share(&mut self, what: &str, share: f64, target: &str) {
        self.0.push(line(what, &format!("{:.2} %", share * 100.0), "", target));
    }

    pub(crate) fn count(&mut self, what: &str, count: f64) {
        self.0.push(line(what, &format!("{count:.1}"), "", ""));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

fn line(what: &str, figure: &str, ratio: &str, target: &str) -> String {
    format!("{what:<62}{figure:>12}{ratio:>17}   {target}").trim_end().to_owned()
}
