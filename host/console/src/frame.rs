//! What all pages share: head, navigation, notices, and forms.

use maud::{DOCTYPE, Markup, html};

use crate::assets::ASSETS;
use crate::code::with_code;
use flowhost_api::Right;

/// Who looks at a page.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The role of the token: `operator`, `partner`, `deploy` or `read`.
    pub role: &'static str,
    /// The highest right of that role.
    pub most: Right,
    /// What every form sends along, so that no other site can send one.
    pub csrf: String,
}

impl Viewer {
    /// Whether the role has this right. Pages leave out what a viewer may not do; the desks refuse it
    /// in any case.
    pub fn may(&self, right: Right) -> bool {
        right <= self.most
    }
}

/// What a page says first: that something was done, or why it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It was done.
    Done(String),
    /// It was not done, for this reason; may have several lines.
    Problem(String),
}

impl Notice {
    /// The notice as a box.
    pub fn draw(&self) -> Markup {
        match self {
            Self::Done(text) => html! { p.notice.done role="status" { (with_code(text)) } },
            Self::Problem(text) => html! { pre.notice.problem role="alert" { (with_code(text)) } },
        }
    }
}

/// A whole page.
#[derive(Debug)]
pub struct Page<'a> {
    /// The heading and the first part of the window's title.
    pub title: &'a str,
    /// The pages above this one, from the overview down: names and paths.
    pub above: &'a [(&'a str, String)],
    /// Who looks; nobody on the page for signing in.
    pub viewer: Option<&'a Viewer>,
    /// What it says first.
    pub notice: Option<&'a Notice>,
    /// What stands below the heading.
    pub content: Markup,
}

impl Page<'_> {
    /// The document.
    pub fn draw(self) -> String {
        let Self { title, above, viewer, notice, content } = self;
        let document = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    title { (title) " · Flowhost" }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="htmx-config" content=(HTMX_CONFIG);
                    @for asset in ASSETS.iter() {
                        @if asset.name.ends_with(".css") {
                            link rel="stylesheet" href=(asset.path());
                        } @else {
                            script src=(asset.path()) defer {}
                        }
                    }
                    link rel="icon" href="data:,";
                }
                body {
                    a.skip href="#content" { "To the content" }
                    header.top {
                        nav aria-label="Pages above" {
                            a.home href="/console" { "Flowhost" }
                            @for (name, path) in above {
                                span aria-hidden="true" { "›" }
                                a href=(path) { (name) }
                            }
                        }
                        @if let Some(viewer) = viewer {
                            form.sign-out method="post" action="/console/sign-out" {
                                (csrf_field(viewer))
                                span.role { "role " strong { (viewer.role) } }
                                button { "Sign out" }
                            }
                        }
                    }
                    main #content tabindex="-1" {
                        h1 { (title) }
                        // Answers to forms that did not go through come here without a new page.
                        div #notice { @if let Some(notice) = notice { (notice.draw()) } }
                        (content)
                    }
                }
            }
        };
        document.into_string()
    }
}

/// The field that every form for a change has.
pub fn csrf_field(viewer: &Viewer) -> Markup {
    html! { input type="hidden" name="csrf" value=(viewer.csrf); }
}

/// A form that posts to `path`; `fields` has its button too.
pub fn form(viewer: &Viewer, path: &str, fields: Markup) -> Markup {
    html! {
        form method="post" action=(path) { (csrf_field(viewer)) (fields) }
    }
}

/// No inline style, no `eval`, no page in the browser's storage, since pages may show what customers
/// said: going back loads the page again. What comes is alive at once, so that no change in its first
/// moments is lost. A refusal is shown where notices are.
const HTMX_CONFIG: &str = r##"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"historyCacheSize":0,"defaultSettleDelay":0,"refreshOnHistoryMiss":true,"selfRequestsOnly":true,"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"[45]..","swap":true,"error":true,"target":"#notice","swapOverride":"innerHTML"}]}"##;
