//! Pages for what went wrong.

use crate::{Notice, Page, Viewer};
use maud::html;

/// A page that says why there is no other. `title` is the status in words.
pub fn error(title: &str, why: &str, viewer: Option<&Viewer>) -> String {
    let notice = Notice::Problem(why.to_owned());
    let content = html! { p { a href="/console" { "To the overview" } } };
    Page { title, above: &[], viewer, notice: Some(&notice), content }.draw()
}
