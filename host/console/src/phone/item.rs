//! The components of a screen that are not fields.

use flowhost_client::conversation::{
    Carousel, EntryTexts, Item, ListEntry, NavigationList, Picture,
};
use maud::{Markup, html};

use super::Pen;

impl Pen<'_> {
    pub(super) fn item(&self, item: &Item) -> Markup {
        match item {
            Item::Carousel(carousel) => draw_carousel(carousel),
            Item::Field(field) => self.field(field),
            Item::Link { text, about, .. } => self.link(text, about),
            Item::List(list) => self.list(list),
            Item::Picture(picture) => draw_picture(picture, "phone-picture"),
            Item::Text(text) => self.text(text),
            Item::Unknown { component } => html! {
                p .phone-unknown { "[" (component) ": this client can't show it]" }
            },
        }
    }

    /// The value of the button for the next link.
    fn next_link(&self) -> String {
        let number = self.links.get();
        self.links.set(number + 1);
        format!("follow.{number}")
    }

    fn link(&self, text: &str, about: &str) -> Markup {
        let follow = self.next_link();
        let words = html! {
            (text)
            @if !about.is_empty() { span .phone-aside { ": " (about) } }
        };
        html! {
            @if self.is_live() {
                p .phone-more[!about.is_empty()] {
                    button .phone-link id={ "phone-" (follow) } name="do" value=(follow) { (words) }
                }
            } @else {
                p .phone-more[!about.is_empty()] { span .phone-link { (words) } }
            }
        }
    }

    fn list(&self, list: &NavigationList) -> Markup {
        html! {
            div .phone-list .large-media[list.large_media] {
                @if !list.label.is_empty() { (self.heading("phone-subheading", &list.label)) }
                @if !list.description.is_empty() { p .phone-caption { (list.description) } }
                ul {
                    @for entry in &list.entries { li { (self.entry(entry)) } }
                }
            }
        }
    }

    fn entry(&self, entry: &ListEntry) -> Markup {
        let follow = self.next_link();
        let inside = html! {
            @if let Some(picture) = &entry.picture { (draw_picture(picture, "phone-thumb")) }
            span .phone-words {
                span .phone-strong {
                    (entry.main.title)
                    @if !entry.badge.is_empty() { " " span .phone-badge { (entry.badge) } }
                }
                (soft(&entry.main.description))
                (soft(&entry.main.metadata))
                @if !entry.tags.is_empty() {
                    span .phone-tags { @for tag in &entry.tags { span .phone-badge { (tag) } " " } }
                }
            }
            @if entry.end != EntryTexts::default() {
                span .phone-words.end {
                    @if !entry.end.title.is_empty() { span { (entry.end.title) } }
                    (soft(&entry.end.description))
                    (soft(&entry.end.metadata))
                }
            }
            span .phone-chevron aria-hidden="true" { "›" }
        };
        html! {
            @if self.is_live() {
                button .phone-entry id={ "phone-" (follow) } name="do" value=(follow) disabled[!entry.enabled] { (inside) }
            } @else {
                div .phone-entry.off[!entry.enabled] { (inside) }
            }
        }
    }
}

/// A text of less weight, if there is one.
pub(super) fn soft(text: &str) -> Markup {
    html! { @if !text.is_empty() { span .phone-soft { (text) } } }
}

/// A picture; its alternative text stands for one that can't be shown.
pub(super) fn draw_picture(picture: &Picture, class: &str) -> Markup {
    let (width, height) = size(picture);
    html! {
        @match picture.data_uri() {
            Some(uri) => {
                img .(class) .cover[picture.covers] src=(uri) alt=(picture.alternative) width=[width] height=[height];
            }
            None => {
                span .(class) .missing {
                    @if picture.alternative.is_empty() { "[a picture]" } @else { "[a picture: " (picture.alternative) "]" }
                }
            }
        }
    }
}

fn draw_carousel(carousel: &Carousel) -> Markup {
    let count = carousel.pictures.len();
    html! {
        div .phone-carousel .four-three[carousel.is_four_to_three] role="group" tabindex="0" aria-label={ "Pictures: " (count) } {
            @for picture in &carousel.pictures { (draw_picture(picture, "phone-slide")) }
        }
    }
}

/// The width and the height that a picture asks for. Without either it is as wide as the screen, and
/// as high as it is then.
fn size(picture: &Picture) -> (Option<u32>, Option<u32>) {
    let width = picture.width;
    let of_ratio = || Some(width.unwrap_or(SCREEN_WIDTH) / picture.aspect_ratio?);
    (width.map(pixels), picture.height.or_else(of_ratio).map(pixels))
}

/// A length in pixels that fits on a screen.
fn pixels(length: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds")]
    let pixels = length.clamp(1.0, MAX_PIXELS).round() as u32;
    pixels
}

/// What the content of the phone's screen is wide, as `phone.css` has it.
const SCREEN_WIDTH: f64 = 336.0;

/// No picture needs more on a phone.
const MAX_PIXELS: f64 = 1_000.0;
