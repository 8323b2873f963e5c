//! Pages for what went wrong.

use crate::{Notice, Page, paths};
use maud::html;

/// A page at this path that says why there is no other. `title` is the status in words. Of the
/// pages above it, from the tenant's down, so many are there at the most.
pub fn error(title: &str, why: &str, path: &str, known: usize) -> String {
    let notice = Notice::Problem(why.to_owned());
    let content = html! { p { a href="/console" { "To the overview" } } };
    let mut above = above(path);
    above.truncate(known);
    Page { title, above: &above, viewer: None, notice: Some(&notice), content }.draw()
}

/// The tenant and the flow that the path is below.
fn above(path: &str) -> Vec<(&str, String)> {
    let names = path.strip_prefix("/console/tenants/").unwrap_or_default();
    let names: Vec<&str> = names.split('/').collect();
    match names[..] {
        [tenant, "flows", flow, _, ..] => {
            vec![(tenant, paths::tenant(tenant)), (flow, paths::flow(tenant, flow))]
        }
        [tenant, _, ..] => vec![(tenant, paths::tenant(tenant))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_which_pages_are_above_it() {
        for (path, names) in [
            ("/console", vec![]),
            ("/console/nowhere/at/all", vec![]),
            ("/console/tenants/acme", vec![]),
            ("/console/tenants/acme/changes", vec!["acme"]),
            ("/console/tenants/acme/flows/booking", vec!["acme"]),
            ("/console/tenants/acme/flows/booking/versions/1/activate", vec!["acme", "booking"]),
        ] {
            let above: Vec<_> = above(path).into_iter().map(|(name, _)| name).collect();
            assert_eq!(above, names, "{path}");
        }
    }

    #[test]
    fn pages_that_are_not_there_are_no_way_back() {
        let path = "/console/tenants/acme/flows/booking/live";
        for known in 0..=2 {
            let drawn = error("Not Found", "no", path, known);
            assert_eq!(drawn.contains("tenants/acme\""), known > 0, "{drawn}");
            assert_eq!(drawn.contains("flows/booking\""), known > 1, "{drawn}");
        }
    }

    #[test]
    fn what_a_path_says_is_escaped_and_leads_nowhere_else() {
        let drawn = error("Not Found", "no `x`", "/console/tenants/\"><script>/keys/new", 2);

        assert!(!drawn.contains("<script>") && drawn.contains("&lt;script&gt;"), "{drawn}");
        assert!(drawn.contains("href=\"/console/tenants/&quot;&gt;"), "{drawn}");
        assert!(drawn.contains("no <code>x</code>"), "{drawn}");
    }
}
