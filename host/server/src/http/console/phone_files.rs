//! What a form of a phone's page sent: fields, and files that were picked.

use std::sync::Arc;

use axum::extract::{FromRequest as _, Request};
use axum::http::{StatusCode, header};

use super::form::{Fields, Sent, check_texts};
use super::multipart::{FileForm, Part};
use super::refusal::Refusal;
use super::viewer::Viewing;
use crate::admin::{AdminError, FilePicking, FlowDesk, KeptFile, PhoneId};
use flowhost_client::conversation::PickedFile;
use flowhost_client::media::MAX_FILE_BYTES;
use flowhost_console::phone::file_field;

/// A form with what was picked.
#[derive(Default)]
pub(super) struct PhonePost {
    /// The fields but files, in their order.
    pub(super) fields: Fields,
    /// The files.
    pub(super) files: Vec<PickedFile>,
    /// What keeps them.
    pub(super) kept: Vec<Arc<KeptFile>>,
}

impl PhonePost {
    /// Reads a form. Only the forms of screens with a picker have files.
    pub(super) async fn read(
        viewing: &Viewing,
        desk: &FlowDesk,
        phone: &str,
        request: Request,
    ) -> Result<Self, Refusal> {
        if !has_files(&request) {
            let Sent(_, fields) = Sent::from_request(request, &viewing.state).await?;
            return Ok(Self { fields, ..Self::default() });
        }
        let mut form = FileForm::of(viewing, request).await?;
        let (mut post, mut picking) = (Self::default(), None);
        let mut left = MAX_FIELD_BYTES;
        while let Some(part) = form.next().await? {
            let name = part.name().to_owned();
            match file_field(&name) {
                None => {
                    let value = part.text().await?;
                    let more = name.len() + value.len();
                    left = left.checked_sub(more).ok_or_else(|| unprocessable(TOO_MUCH))?;
                    post.fields.push((name, value));
                }
                // Nothing was picked.
                Some(_) if part.file_name().is_empty() => (),
                Some(field) => {
                    let picking = match &mut picking {
                        Some(picking) => picking,
                        none => none.insert(desk.pick_files(id_of(phone)?)?),
                    };
                    post.take(field, part, &form, picking).await?;
                }
            }
        }
        check_texts(&post.fields)?;
        Ok(post)
    }

    async fn take(
        &mut self,
        field: &str,
        mut part: Part,
        form: &FileForm,
        picking: &mut FilePicking,
    ) -> Result<(), Refusal> {
        if self.files.len() >= MAX_FILES {
            return Err(unprocessable("At most 30 files can be picked at once."));
        }
        // What is larger is refused by who takes it, in words.
        form.let_come(&mut part, MAX_FILE_BYTES + SLACK);
        let (name, media_type) = (part.file_name().to_owned(), part.media_type());
        let mut upload = picking.begin().await?;
        while let Some(bytes) = part.next().await? {
            upload.write(&bytes).await?;
        }
        let (file, kept) = upload.finish(field, &name, media_type).await?;
        self.files.push(file);
        self.kept.extend(kept.map(Arc::new));
        Ok(())
    }
}

fn has_files(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

fn id_of(phone: &str) -> Result<PhoneId, AdminError> {
    phone.parse().map_err(|_| AdminError::NotFound("phone"))
}

fn unprocessable(why: &str) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why)
}

const TOO_MUCH: &str = "More was typed than a form has room for.";

/// Of all fields but files, as much as a form without files may have. What lets a file come would let
/// others come too.
const MAX_FIELD_BYTES: usize = 1 << 20;

/// As many as one exchange carries (`protocol.md` section 6).
const MAX_FILES: usize = 30;

/// More than comes from the network at once.
const SLACK: usize = 1 << 20;
