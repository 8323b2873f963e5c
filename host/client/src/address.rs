//! Hints about the URL that was called. Most wrong statuses come from a URL that is off by a slash.

use reqwest::Url;

/// What may be wrong with the URL, for the person who typed it. The hint quotes the answer, which
/// is untrusted text.
pub(super) fn hint(status: u16, endpoint: &Url, location: Option<&str>) -> Option<String> {
    match status {
        300..=399 => Some(redirect(endpoint, location)),
        400 if endpoint.scheme() == "http" => {
            Some("an endpoint that speaks https may answer so to http://".to_owned())
        }
        404 | 405 | 410 => slashes(endpoint),
        _ => None,
    }
}

fn redirect(endpoint: &Url, location: Option<&str>) -> String {
    let Some(location) = location else {
        return "it is a redirect that does not say where to; Meta follows none".to_owned();
    };
    let shown: String = location.chars().take(MAX_SHOWN).collect();
    let target = endpoint.join(location).ok();
    let (shown, difference) = match &target {
        Some(target) => {
            (target.as_str().chars().take(MAX_SHOWN).collect(), difference(endpoint, target))
        }
        None => (shown, None),
    };
    let difference = difference.map(|what| format!(", where {what}")).unwrap_or_default();
    format!(
        "it sends on to {shown}{difference}; Meta follows no redirect, so the URL of the Flow must be the last one"
    )
}

/// How the redirect's URL differs, if the difference is small.
fn difference(endpoint: &Url, target: &Url) -> Option<&'static str> {
    let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
    let single = |url: &Url| {
        url.path().split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    };
    let is_elsewhere = endpoint.host_str() != target.host_str();
    if endpoint == target {
        Some("it was sent already: this never ends")
    } else if is_elsewhere {
        (single(endpoint) == single(target)).then_some("the host is another one")
    } else if endpoint.scheme() != target.scheme() {
        (single(endpoint) == single(target))
            .then_some("https is in the place of http")
            .filter(|_| target.scheme() == "https")
    } else if path(endpoint) == path(target) {
        Some(if target.path().ends_with('/') {
            "a slash is added at the end"
        } else {
            "the slash at the end is gone"
        })
    } else {
        (single(endpoint) == single(target)).then_some("a double slash is gone")
    }
}

fn slashes(endpoint: &Url) -> Option<String> {
    let path = endpoint.path();
    if path.len() > 1 && path.ends_with('/') {
        Some("the URL ends with a slash: try it without".to_owned())
    } else if path.contains("//") {
        Some("the URL has two slashes side by side: try it with one".to_owned())
    } else {
        Some(format!(
            "is {path} the whole path? A slash at the end, or a part at its front that a proxy adds or takes away, makes it another one"
        ))
    }
}

/// No endpoint's URL is longer, and untrusted text must not fill the screen.
const MAX_SHOWN: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn hint_of(status: u16, url: &str, location: Option<&str>) -> Option<String> {
        hint(status, &Url::parse(url).unwrap(), location)
    }

    #[test]
    fn a_redirect_says_where_to_and_what_is_different() {
        for (location, target, difference) in [
            ("/flows/a/b", "https://x.org/flows/a/b", ", where the slash at the end is gone"),
            ("b", "https://x.org/flows/a/b/b", ""),
            ("https://x.org/flows/a/b/", "https://x.org/flows/a/b/", ", where it was sent already"),
            ("//y.org/flows/a/b/", "https://y.org/flows/a/b/", ", where the host is another one"),
            ("https://login.org/", "https://login.org/", ""),
            ("http://[broken", "http://[broken", ""),
        ] {
            let hint = hint_of(308, "https://x.org/flows/a/b/", Some(location)).unwrap();
            assert!(hint.starts_with(&format!("it sends on to {target}{difference}")), "{hint}");
            assert!(hint.contains("Meta follows no redirect"), "{hint}");
        }
        let of = |from: &str, to: &str| hint_of(301, from, Some(to)).unwrap();
        assert!(of("http://x.org/a", "https://x.org/a").contains("https is in the place of http"));
        assert!(of("https://x.org/a", "/a/").contains("a slash is added at the end"));
        assert!(of("https://x.org//a", "/a").contains("a double slash is gone"));
        assert!(hint_of(307, "https://x.org/a", None).unwrap().contains("does not say where to"));
        assert!(hint_of(302, "https://x.org/", Some(&"a".repeat(100_000))).unwrap().len() < 500);
    }

    #[test]
    fn a_path_that_is_not_there_may_be_wrong_by_a_slash() {
        assert_eq!(
            hint_of(404, "https://x.org/a/", None).unwrap(),
            "the URL ends with a slash: try it without"
        );
        assert!(hint_of(405, "https://x.org//a", None).unwrap().contains("two slashes"));
        assert!(hint_of(404, "https://x.org/a", None).unwrap().contains("is /a the whole path?"));
        assert!(hint_of(404, "https://x.org/", None).unwrap().contains("is / the whole path?"));
        assert!(hint_of(400, "http://x.org/a", None).unwrap().contains("https"));
        assert_eq!(
            (hint_of(400, "https://x.org/a", None), hint_of(500, "https://x.org/a/", None)),
            (None, None)
        );
    }
}
