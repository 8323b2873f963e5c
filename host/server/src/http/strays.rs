//! Logs requests to the public listener that no flow answers. Meta tells a partner no more than
//! "endpoint not available", and the URL of a published Flow can't be changed, so the log says what
//! was asked for and what is there. Strangers must not be able to fill it.

use flowhost_runtime::telemetry::{Summary, printable};

/// A request that no flow answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stray<'a> {
    /// The HTTP method.
    pub(super) method: &'a str,
    /// The path as received.
    pub(super) path: &'a str,
    /// Whether the request has a signature, as all of Meta's requests do.
    pub(super) is_signed: bool,
    /// The path of the flow that was probably meant.
    pub(super) meant: Option<&'a str>,
}

/// Counts them. Requests that may have been meant for a flow are counted apart from all others,
/// because scanners come by every minute and would hide them.
#[derive(Debug)]
pub(super) struct Strays {
    near: Summary,
    far: Summary,
}

impl Strays {
    pub(super) fn new() -> Self {
        Self {
            near: Summary::new(MOST_NEAR_LINES, MOST_NEAR_LINES),
            far: Summary::new(MOST_FAR_LINES, MOST_FAR_LINES),
        }
    }

    /// Notes a request, and logs it unless there are too many. Each method and path has one line
    /// per interval, as long as there are lines left.
    pub(super) fn note(&self, stray: Stray<'_>) {
        let summary = if stray.is_signed || stray.meant.is_some() { &self.near } else { &self.far };
        let asked = asked(stray);
        let Some(others) = summary.note("", &asked) else { return };
        match stray.meant {
            Some(flow) => tracing::warn!(
                asked,
                others,
                "a request was meant for a flow and missed it: the flow is at POST {flow}, and answers nothing else"
            ),
            None => {
                tracing::info!(
                    asked,
                    others,
                    "a request came for what is not there: flows are at POST /flows/{{tenant}}/{{flow}}"
                )
            }
        }
    }
}

fn asked(stray: Stray<'_>) -> String {
    format!("{} {}", printable(stray.method, METHOD_BYTES), printable(stray.path, PATH_BYTES))
}

/// The flows that a path may have been meant for, as the names of their tenants and their own: any
/// two adjacent parts, whatever stands around them. Case is ignored, since names are in lower case.
pub(super) fn meant_flows(path: &str) -> Vec<(String, String)> {
    let parts = path.split('/').filter(|part| !part.is_empty()).take(MOST_PARTS);
    let parts: Vec<_> = parts
        .map(|part| {
            part.trim_matches(|char: char| !char.is_ascii_alphanumeric()).to_ascii_lowercase()
        })
        .collect();
    parts.windows(2).map(|names| (names[0].clone(), names[1].clone())).collect()
}

/// Ten different mistakes in a minute come from one partner; more are somebody's scan.
const MOST_NEAR_LINES: usize = 10;
const MOST_FAR_LINES: usize = 1;

/// Longer than the path of any flow, which has two names of 63 bytes.
const PATH_BYTES: usize = 200;
const METHOD_BYTES: usize = 20;

/// Every two adjacent parts cost a look-up.
const MOST_PARTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_and_cannot_be_forged() {
        let path = format!("/\u{1b}[2J\n{}", "x".repeat(30_000));

        let asked =
            asked(Stray { method: &"M".repeat(100), path: &path, is_signed: false, meant: None });

        assert!(asked.len() < 300 && asked.contains("…"), "{asked}");
        assert!(!asked.contains(['\u{1b}', '\n']), "{asked}");
    }

    #[test]
    fn a_path_that_was_meant_for_a_flow_is_told_from_others() {
        let acme = ("acme".to_owned(), "booking".to_owned());
        for path in [
            "//flows/acme/booking",
            "/flows//acme/booking",
            "/flows/acme//booking//",
            "/api/flows/acme/booking",
            "/Flows/Acme/Booking",
            "/flow/acme/booking",
            "/acme/booking",
            "/flows/acme/booking/webhook",
            "/flows/acme/booking.",
            "/flows/{acme}/{booking}",
            "/flows/acme/booking",
        ] {
            assert!(meant_flows(path).contains(&acme), "{path}");
        }
        for path in [
            "/",
            "",
            "/flows/acme",
            "/flows/booking/acme",
            "/flows/acme/other",
            "/wp-login.php",
            &"/a".repeat(10_000),
        ] {
            assert!(!meant_flows(path).contains(&acme), "{path:.30}");
        }
    }
}
