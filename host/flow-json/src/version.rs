//! The versions of Flow JSON and of the data API.

use std::fmt;

/// A version of Flow JSON: major, minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32);

impl Version {
    /// Parses a version that this release knows, or a later minor version of the newest major one.
    /// Meta's rule is that a minor version accepts everything that its predecessor accepted
    /// (developers.facebook.com/docs/whatsapp/flows/reference/versioning).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let version = Self(number(major)?, number(minor)?);
        (version.is_known() || (version.is_later() && version.0 == NEWEST.0)).then_some(version)
    }

    /// Whether documents of this version can use that version of the data API.
    pub(crate) fn speaks(self, data_api: &str) -> bool {
        data_api == "3.0" || (data_api == "4.0" && self >= DATA_API_4_SINCE)
    }

    fn is_known(self) -> bool {
        KNOWN.contains(&self)
    }

    /// Whether it is later than every version that this release knows.
    pub(crate) fn is_later(self) -> bool {
        self > NEWEST
    }

    /// Whether documents of this version can no longer be published. What WhatsApp would find in
    /// one is then unknown.
    pub(crate) fn is_retired(self) -> bool {
        self < OLDEST_PUBLISHED
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Whether date pickers of a version give days. A missing or unreadable version counts as today's.
pub(crate) fn dates_are_days(version: Option<&str>) -> bool {
    let major = version.and_then(|text| text.split('.').next()?.parse::<u32>().ok());
    major.is_none_or(|major| major >= DAYS_SINCE)
}

/// The known versions, for messages.
pub(crate) fn known() -> String {
    listed(&KNOWN)
}

/// The versions that can be published, the oldest first.
pub(crate) fn published() -> impl DoubleEndedIterator<Item = Version> {
    KNOWN.into_iter().skip(RETIRED)
}

/// The versions that can be published, for messages.
pub(crate) fn published_names() -> String {
    published_list().join(", ")
}

/// The versions that can be published, for an editor to offer.
pub(crate) fn published_list() -> Vec<String> {
    published().map(|version| version.to_string()).collect()
}

/// A regular expression that fits every text that [`Version::parse`] reads.
pub(crate) fn pattern() -> String {
    let known = KNOWN.map(|version| version.to_string().replace('.', r"\."));
    format!(r"^({}|{}\.(0|[1-9][0-9]{{0,8}}))$", known.join("|"), NEWEST.0)
}

fn listed(versions: &[Version]) -> String {
    let all: Vec<String> = versions.iter().map(Version::to_string).collect();
    all.join(", ")
}

/// Parses digits without a sign and without leading zeros.
fn number(text: &str) -> Option<u32> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// From Meta's changelog (developers.facebook.com/docs/whatsapp/flows/changelogs). 1.x and 2.0 are
/// withdrawn for good.
const KNOWN: [Version; 14] = [
    Version(2, 1),
    Version(3, 0),
    Version(3, 1),
    Version(4, 0),
    Version(5, 0),
    OLDEST_PUBLISHED,
    Version(6, 0),
    Version(6, 1),
    Version(6, 2),
    Version(6, 3),
    Version(7, 0),
    Version(7, 1),
    Version(7, 2),
    NEWEST,
];

/// How many of [`KNOWN`] are retired.
const RETIRED: usize = 5;

/// `protocol.md` section 5.
pub(crate) const OLDEST_PUBLISHED: Version = Version(5, 1);

pub(crate) const NEWEST: Version = Version(7, 3);

/// `protocol.md` section 5.
const DATA_API_4_SINCE: Version = Version(7, 3);

/// A major version. Before it, days were milliseconds by the phone's clock.
const DAYS_SINCE: u32 = 5;

/// `protocol.md` section 5: from this version on, WhatsApp refuses a terminal screen without a
/// Footer.
pub(crate) const FOOTER_DUE_SINCE: Version = Version(7, 3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_versions_that_there_are_and_later_minor_ones() {
        for known in ["2.1", "3.0", "5.1", "6.3", "7.0", "7.3", "7.4", "7.10"] {
            assert!(Version::parse(known).is_some(), "{known}");
        }
        for unknown in [
            "",
            "7",
            "2.0",
            "1.0",
            "3.2",
            "8.0",
            "7.03",
            "+7.3",
            "7.3.1",
            "7.3 ",
            "2024.0",
            "99999999999.0",
        ] {
            assert_eq!(Version::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn data_api_4_begins_with_flow_json_7_3() {
        let speaks = |version, data_api| Version::parse(version).unwrap().speaks(data_api);
        assert!(
            speaks("2.1", "3.0")
                && speaks("7.3", "3.0")
                && speaks("7.3", "4.0")
                && speaks("7.4", "4.0")
        );
        assert!(!speaks("7.2", "4.0") && !speaks("7.3", "5.0") && !speaks("7.3", "3"));
    }

    #[test]
    fn versions_before_5_1_can_not_be_published() {
        assert_eq!(published_names(), "5.1, 6.0, 6.1, 6.2, 6.3, 7.0, 7.1, 7.2, 7.3");
        assert!(
            KNOWN.iter().all(|version| version.is_retired()
                != published().any(|published| published == *version))
        );
    }
}
