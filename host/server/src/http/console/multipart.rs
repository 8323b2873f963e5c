//! Forms with files, read part by part.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use multer::{Field, Multipart, parse_boundary};

use super::super::body::{BodyError, why};
use super::form::check_csrf;
use super::refusal::Refusal;
use super::viewer::Viewing;

/// A form of a page of the sender's, with its fields in their order.
pub(super) struct FileForm {
    fields: Multipart<'static>,
    may_come: Arc<AtomicUsize>,
}

/// A field of such a form.
pub(super) struct Part {
    field: Field<'static>,
    left: usize,
}

impl FileForm {
    /// Begins to read a form. Its first field shows that a page of the sender's sent it.
    pub(super) async fn of(viewing: &Viewing, request: Request) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let boundary = kind.and_then(|kind| parse_boundary(kind.to_str().ok()?).ok());
        let boundary = boundary.ok_or_else(|| unreadable("it is no form with a file"))?;
        let may_come = Arc::new(AtomicUsize::new(MAX_SMALL_FIELDS));
        let parts = request.into_body().into_data_stream();
        let body = Paced { parts, may_come: may_come.clone(), rests: false };
        let mut form = Self { fields: Multipart::new(body, boundary), may_come };
        let mut sent = Vec::new();
        if let Some(first) = form.next().await? {
            sent.push((first.name().to_owned(), first.text().await?));
        }
        check_csrf(viewing, &sent)?;
        Ok(form)
    }

    /// The next field. What was not read of the one before is dropped.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, Refusal> {
        let field = self.fields.next_field().await.map_err(|error| refused(&error))?;
        Ok(field.map(|field| Part { field, left: MAX_SMALL_FIELDS }))
    }

    /// Lets a field have this many bytes: before it is known who sends a large one, and what for,
    /// only small ones may come.
    pub(super) fn let_come(&self, part: &mut Part, bytes: usize) {
        self.may_come.fetch_add(bytes, Ordering::Relaxed);
        part.left = bytes;
    }
}

impl Part {
    /// The field's name; empty if it has none.
    pub(super) fn name(&self) -> &str {
        self.field.name().unwrap_or_default()
    }

    /// The name of the file that it is; empty if it is none, or nothing was picked.
    pub(super) fn file_name(&self) -> &str {
        self.field.file_name().unwrap_or_default()
    }

    /// Its media type, as the browser knows it by the file's name.
    pub(super) fn media_type(&self) -> Option<String> {
        self.field.content_type().map(|kind| kind.essence_str().to_owned())
    }

    /// The next bytes of it, or `None` at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let bytes = self.field.chunk().await.map_err(|error| refused(&error))?;
        let taken = bytes.as_ref().map_or(0, Bytes::len);
        self.left = self.left.checked_sub(taken).ok_or(BodyError::TooLarge)?;
        Ok(bytes)
    }

    /// All of it.
    pub(super) async fn bytes(mut self) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        while let Some(more) = self.next().await? {
            bytes.extend_from_slice(&more);
        }
        Ok(bytes)
    }

    /// All of it as text.
    pub(super) async fn text(self) -> Result<String, Refusal> {
        String::from_utf8(self.bytes().await?).map_err(|_| unreadable("a field is not UTF-8"))
    }
}

/// A body, of which no more comes than may. After each part it rests once: `multer` keeps all that
/// comes before it rests, which for a fast sender would be the whole body.
struct Paced {
    parts: BodyDataStream,
    may_come: Arc<AtomicUsize>,
    rests: bool,
}

impl Stream for Paced {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rests) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(part) = ready!(self.parts.poll_next_unpin(cx)) else { return Poll::Ready(None) };
        self.rests = true;
        Poll::Ready(Some(match part {
            Err(error) => Err(why(&error)),
            Ok(part) => {
                let come = |left: usize| left.checked_sub(part.len());
                let counted =
                    self.may_come.fetch_update(Ordering::Relaxed, Ordering::Relaxed, come);
                counted.map(|_| part).map_err(|_| BodyError::TooLarge)
            }
        }))
    }
}

fn refused(error: &(dyn Error + 'static)) -> Refusal {
    match (error.downcast_ref::<BodyError>(), error.source()) {
        (Some(error), _) => (*error).into(),
        (None, Some(cause)) => refused(cause),
        (None, None) => unreadable("it did not arrive whole"),
    }
}

fn unreadable(why: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, format!("The form can't be read: {why}."))
}

/// For all fields but files, with the heads of all fields: more than a token, a note and a number
/// take. HTTP/1 hands over 32 KiB at once.
const MAX_SMALL_FIELDS: usize = 128 << 10;
