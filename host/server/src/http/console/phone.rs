//! `/console/tenants/{tenant}/flows/{flow}/phone`: phones that this host plays.

use axum::extract::{RawQuery, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::Markup;
use serde::Deserialize;

use super::super::problem::{Names, Problem};
use super::form::Sent;
use super::origin::is_own;
use super::phone_files::PhonePost;
use super::refusal::{Refusal, is_for_part};
use super::viewer::Viewing;
use crate::admin::{AdminError, Deed, FlowDesk, NewPhone, PhoneId, PhoneLine, PhoneSeen};
use flowhost_api::Right;
use flowhost_console::Viewer;
use flowhost_console::phone::page::{PhonePage, phone_path};
use flowhost_console::phone::start::{PlayableVersion, start, unknown_phone};
use flowhost_console::phone::{ExchangeView, Plays, Theme, apply};
use flowhost_protocol::flow::is_about_the_public_key;

/// A flow in a path.
type FlowNames = Result<Names<(String, String)>, Problem>;

/// A phone in a path.
type PhoneNames = Result<Names<(String, String, String)>, Problem>;

/// The form that opens a phone.
#[derive(Deserialize)]
pub(super) struct NewPhoneForm {
    line: String,
    #[serde(default)]
    flow_token: String,
    #[serde(default)]
    theme: String,
}

/// Shows what a phone can be connected to. The page that the printed link leads to opens one by
/// itself; a link of another site, of a mail or of a chat does not.
pub(super) async fn choose(
    viewing: Viewing,
    names: FlowNames,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Html<String>, Refusal> {
    let Names((tenant, flow)) = names?;
    let place = Place::of(&viewing, tenant, flow).await?;
    let (versions, _) = place.desk.page_of_versions(None).await?;
    let versions: Vec<_> = versions
        .iter()
        .map(|view| PlayableVersion {
            number: view.version,
            active: view.active,
            note: view.note.as_deref(),
        })
        .collect();
    let opens = query.as_deref() == Some("open=1") && is_own(&headers);
    let content = start(&viewing.viewer, &place.base, &versions, opens);
    Ok(viewing.page("A phone", &place.above(), content))
}

/// Opens a phone.
pub(super) async fn open(
    names: FlowNames,
    Sent(viewing, form): Sent<NewPhoneForm>,
) -> Result<Redirect, Refusal> {
    let Names((tenant, flow)) = names?;
    let place = Place::of(&viewing, tenant, flow).await?;
    let line = match form.line.as_str() {
        "active" => PhoneLine::Active,
        number => PhoneLine::Version(number.parse().map_err(|_| AdminError::NotFound("version"))?),
    };
    let flow_token = Some(form.flow_token.trim().to_owned());
    let carrier = viewing.state.endpoints.clone();
    let id = place.desk.open_phone(NewPhone { line, flow_token }, carrier).await?;
    let path = phone_path(&place.base, &id.to_string(), theme_named(&form.theme));
    Ok(Redirect::to(&path))
}

/// Shows a phone.
pub(super) async fn show(
    viewing: Viewing,
    names: PhoneNames,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let Names((tenant, flow, phone)) = names?;
    let place = Place::of(&viewing, tenant, flow).await?;
    let theme = theme_of(query.as_deref());
    let drawn = place.draw(&viewing, &phone, theme, |page| page.content()).await?;
    let Some(content) = drawn else { return Ok(place.unknown(&viewing)) };
    let title = format!("Phone at {}", place.flow);
    Ok(viewing.page(&title, &place.above(), content).into_response())
}

/// Does something with a phone. htmx gets the parts of the page that may have changed.
pub(super) async fn act(
    names: PhoneNames,
    RawQuery(query): RawQuery,
    viewing: Viewing,
    request: Request,
) -> Result<Response, Refusal> {
    let Names((tenant, flow, phone)) = names?;
    // Before the body is read, so that a refused file costs nothing.
    let place = Place::of(&viewing, tenant, flow).await?;
    let is_for_part = is_for_part(request.headers());
    let post = PhonePost::read(&viewing, &place.desk, &phone, request).await?;
    let theme = theme_of(query.as_deref());
    let path = phone_path(&place.base, &phone, theme);
    let acted = match phone.parse::<PhoneId>() {
        Ok(id) => place.desk.use_phone(id, deed(post)?, viewing.state.endpoints.clone()).await,
        Err(_) => Err(AdminError::NotFound("phone")),
    };
    let parts = match acted {
        Ok(()) if is_for_part => {
            place.draw(&viewing, &phone, theme, |page| page.parts(None)).await?
        }
        Ok(()) => return Ok(Redirect::to(&path).into_response()),
        Err(AdminError::NotFound("phone")) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(match parts {
        Some(parts) => Html(parts.into_string()).into_response(),
        None if is_for_part => (StatusCode::NOT_FOUND, [("hx-redirect", path)]).into_response(),
        None => place.unknown(&viewing),
    })
}

/// Says that another version is active than the one that the page knows: 204 if it is that one.
pub(super) async fn news(
    viewing: Viewing,
    names: PhoneNames,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let Names((tenant, flow, phone)) = names?;
    let place = Place::of(&viewing, tenant, flow).await?;
    let Some(seen) = place.seen(&phone) else { return Ok(stop_asking()) };
    let known = value_of(query.as_deref(), "known=").parse().ok();
    if seen.active == known || seen.waits {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    // No screen is drawn for it.
    let theme = theme_of(query.as_deref());
    let page = page(&viewing.viewer, &place.base, &phone, theme, &seen);
    Ok(Html(page.changed_version().into_string()).into_response())
}

/// A flow, with the caller's right to deploy to it: who plays may change what is stored.
struct Place {
    desk: FlowDesk,
    tenant: String,
    flow: String,
    /// The path of its phones.
    base: String,
}

impl Place {
    async fn of(viewing: &Viewing, tenant: String, flow: String) -> Result<Self, Refusal> {
        let desk = viewing.visitor(Right::Deploy).flow(&tenant, &flow).await?;
        let base = format!("/console/tenants/{tenant}/flows/{flow}/phone");
        Ok(Self { desk, tenant, flow, base })
    }

    fn seen(&self, phone: &str) -> Option<PhoneSeen> {
        self.desk.phone(phone.parse().ok()?)
    }

    /// Draws a phone as it is now; `None` if this host doesn't know it.
    async fn draw(
        &self,
        viewing: &Viewing,
        phone: &str,
        theme: Theme,
        draw: impl FnOnce(&PhonePage<'_>) -> Markup + Send + 'static,
    ) -> Result<Option<Markup>, AdminError> {
        let Some(seen) = self.seen(phone) else { return Ok(None) };
        let (viewer, base, id) = (viewing.viewer.clone(), self.base.clone(), phone.to_owned());
        let draw = move || draw(&page(&viewer, &base, &id, theme, &seen));
        self.desk.drawing(draw).await.map(Some)
    }

    fn above(&self) -> [(&str, String); 2] {
        let tenant = format!("/console/tenants/{}", self.tenant);
        let flow = format!("{tenant}/flows/{}", self.flow);
        [(&self.tenant, tenant), (&self.flow, flow)]
    }

    fn unknown(&self, viewing: &Viewing) -> Response {
        let page = viewing.page("No such phone", &self.above(), unknown_phone(&self.base));
        (StatusCode::NOT_FOUND, page).into_response()
    }
}

fn page<'a>(
    viewer: &'a Viewer,
    base: &'a str,
    id: &'a str,
    theme: Theme,
    seen: &'a PhoneSeen,
) -> PhonePage<'a> {
    let PhoneSeen { phone, waits, .. } = seen;
    let exchanges = phone.transcript.iter().map(|exchange| ExchangeView {
        number: exchange.number,
        title: &exchange.title,
        sent: &exchange.sent,
        status: exchange.status,
        received: exchange.received.as_deref(),
        milliseconds: exchange.duration.as_millis(),
        attempts: exchange.attempts,
        failed: exchange.failed,
        judgement: &exchange.judgement,
        log: &exchange.log,
    });
    PhonePage {
        viewer,
        base,
        id,
        theme,
        plays: match phone.line {
            PhoneLine::Active => Plays::Active { now: seen.active, opened_with: phone.opened_with },
            PhoneLine::Version(version) => Plays::Rehearsal(version),
        },
        is_fresh: phone.is_fresh() && !waits,
        handset: &phone.handset,
        waits: *waits,
        key_is_old: phone.key_is_old,
        files_can_be_fetched: seen.files_can_be_fetched,
        flow_token: &phone.flow_token,
        exchanges: exchanges.collect(),
    }
}

/// What a form of the page asks for. What is not one of the page's own deeds is one of the screen's.
fn deed(post: PhonePost) -> Result<Deed, Refusal> {
    let PhonePost { fields, files, kept } = post;
    let field = |name: &str| {
        fields.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    };
    let bytes = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
    Ok(match field("do") {
        Some("again") => Deed::OpenAgain,
        Some("close") => Deed::Close,
        Some("old-key") => Deed::OldKey,
        Some("ping") => Deed::HealthCheck,
        Some("repeat") => Deed::Repeat,
        Some("report") => {
            let key = field("key").unwrap_or_default();
            if key.is_empty() || key.len() > MAX_ERROR_KEY_BYTES {
                let why = "An error key has 1 to 128 bytes.";
                return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why));
            }
            if is_about_the_public_key(key) {
                let why = "Such a report is about the tenant's public key: only Meta sends it.";
                return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why));
            }
            Deed::ReportError(key.to_owned())
        }
        _ => {
            let touch = move |conversation: &mut _| apply(conversation, &fields, &files);
            Deed::Touch(Box::new(touch), bytes, kept)
        }
    })
}

fn theme_of(query: Option<&str>) -> Theme {
    theme_named(value_of(query, "theme="))
}

/// What stands after this in a query.
fn value_of<'a>(query: Option<&'a str>, name: &str) -> &'a str {
    let mut pairs = query.into_iter().flat_map(|query| query.split('&'));
    pairs.find_map(|pair| pair.strip_prefix(name)).unwrap_or_default()
}

fn theme_named(name: &str) -> Theme {
    match name {
        "dark" => Theme::Dark,
        "light" => Theme::Light,
        _ => Theme::Browser,
    }
}

/// Ends htmx's asking every second: the phone is gone.
fn stop_asking() -> Response {
    StatusCode::from_u16(286).unwrap_or(StatusCode::NO_CONTENT).into_response()
}

/// As much as is stored of one.
const MAX_ERROR_KEY_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theme_is_in_the_query() {
        assert_eq!(theme_of(Some("a=b&theme=dark")), Theme::Dark);
        assert_eq!(theme_of(Some("theme=light")), Theme::Light);
        for none in [None, Some(""), Some("theme=pink"), Some("dark")] {
            assert_eq!(theme_of(none), Theme::Browser);
        }
    }

    #[test]
    fn the_pages_own_deeds_are_told_from_the_screens() {
        let of = |fields: &[(&str, &str)]| {
            let fields =
                fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            deed(PhonePost { fields: fields.collect(), ..PhonePost::default() })
        };
        assert!(matches!(of(&[("do", "again")]), Ok(Deed::OpenAgain)));
        assert!(matches!(of(&[("do", "close")]), Ok(Deed::Close)));
        assert!(matches!(of(&[("do", "press"), ("csrf", "xy")]), Ok(Deed::Touch(_, 13, _))));
        assert!(matches!(of(&[]), Ok(Deed::Touch(..))));
        assert!(
            matches!(of(&[("do", "report"), ("key", "k")]), Ok(Deed::ReportError(key)) if key == "k")
        );
        let long = "k".repeat(129);
        let about_the_key = ["public-key-missing", "public-key-signiture-verification"];
        for key in ["", long.as_str()].into_iter().chain(about_the_key) {
            assert!(of(&[("do", "report"), ("key", key)]).is_err());
        }
    }
}
