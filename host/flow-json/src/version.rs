//! The versions of Flow JSON and of the data API.

/// A version of Flow JSON: major and minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u32, u32);

impl Version {
    /// Reads a version that this release knows, or a later minor version of the newest major one: Meta's rule is that a minor version
    /// takes all that its predecessor took (developers.facebook.com/docs/whatsapp/flows/reference/versioning).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let version = Self(number(major)?, number(minor)?);
        let later_minor = version > NEWEST && version.0 == NEWEST.0;
        (KNOWN.contains(&version) || later_minor).then_some(version)
    }

    /// Whether it speaks this version of the data API.
    pub(super) fn speaks(self, data_api: &str) -> bool {
        data_api == "3.0" || (data_api == "4.0" && self >= DATA_API_4_SINCE)
    }
}

/// The versions that there are, for messages.
pub(super) fn known() -> String {
    let all: Vec<String> = KNOWN.iter().map(|version| format!("{}.{}", version.0, version.1)).collect();
    all.join(", ")
}

/// Digits without a sign and without a leading zero.
fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// Meta's changelog lists them (developers.facebook.com/docs/whatsapp/flows/changelogs); 1.x and 2.0 are gone for good.
const KNOWN: [Version; 14] = [
    Version(2, 1),
    Version(3, 0),
    Version(3, 1),
    Version(4, 0),
    Version(5, 0),
    Version(5, 1),
    Version(6, 0),
    Version(6, 1),
    Version(6, 2),
    Version(6, 3),
    Version(7, 0),
    Version(7, 1),
    Version(7, 2),
    NEWEST,
];

const NEWEST: Version = Version(7, 3);

/// `protocol.md` section 3.
const DATA_API_4_SINCE: Version = Version(7, 3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_versions_that_there_are_and_later_minor_ones() {
        for known in ["2.1", "3.0", "5.1", "6.3", "7.0", "7.3", "7.4", "7.10"] {
            assert!(Version::parse(known).is_some(), "{known}");
        }
        for unknown in ["", "7", "2.0", "1.0", "3.2", "8.0", "7.03", "+7.3", "7.3.1", "7.3 ", "2024.0", "99999999999.0"] {
            assert_eq!(Version::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn data_api_4_begins_with_flow_json_7_3() {
        let speaks = |version, data_api| Version::parse(version).unwrap().speaks(data_api);
        assert!(speaks("2.1", "3.0") && speaks("7.3", "3.0") && speaks("7.3", "4.0") && speaks("7.4", "4.0"));
        assert!(!speaks("7.2", "4.0") && !speaks("7.3", "5.0") && !speaks("7.3", "3"));
    }
}
