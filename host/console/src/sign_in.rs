//! Signing in and out.

use maud::{Markup, html};

use crate::{Notice, Page};

/// The page that asks for a token.
pub fn sign_in(notice: Option<&Notice>) -> String {
    let content = html! {
        form.panel.narrow method="post" action="/console/sign-in" {
            label for="token" { "API token" }
            input #token name="token" type="password" autocomplete="off" required autofocus spellcheck="false";
            p.hint {
                "What you may see and do here is what the token may. It is exchanged for a cookie that "
                "ends after eight hours, or when the token is revoked. "
                code { "flowhost api-token create --help" } " shows how to make one."
            }
            button.primary { "Sign in" }
        }
    };
    Page { title: "Sign in", above: &[], viewer: None, notice, content }.draw()
}

/// What a browser shows for a moment after a link signed it in. The next request comes from this
/// page, so the browser sends the cookie along wherever the link was clicked.
pub fn signed_in(next: &str) -> String {
    let content: Markup = html! {
        meta http-equiv="refresh" content={ "0;url=" (next) };
        p { "You are signed in. " a href=(next) { "Go on" } }
    };
    Page { title: "Signed in", above: &[], viewer: None, notice: None, content }.draw()
}
