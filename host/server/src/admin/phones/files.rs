//! Files that users of phones pick: encrypted while they come in, as WhatsApp encrypts them, and served
//! from a loopback address to the plugins of a host for development, which may fetch from one.
//!
//! No host in production fetches files from anywhere but WhatsApp. There a file is read for its
//! reference alone, which leads nowhere.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::super::{AdminError, FlowDesk};
use super::PhoneId;
use flowhost_client::conversation::PickedFile;
use flowhost_client::media::{FileCipher, Lent, MAX_FILE_BYTES, MediaServer, reference};
use flowhost_protocol::crypto::random_bytes;
use flowhost_runtime::tenant_limits::Permit;

/// The files of all phones of a host.
pub(in super::super) struct PhoneFiles {
    folder: PathBuf,
    /// Whether plugins may fetch files from a loopback address.
    pub(super) are_served: bool,
    /// What the files take on the disk, in bytes.
    taken: Arc<AtomicU64>,
    /// It is there as long as a file is.
    server: Mutex<Weak<MediaServer>>,
}

/// Files on their way to a phone.
pub struct FilePicking {
    files: Arc<PhoneFiles>,
    /// How many bytes the phone may still get.
    left: u64,
    _permit: Permit,
}

/// A file on its way to a phone. Dropping it leaves nothing behind.
pub struct FileUpload<'a> {
    picking: &'a mut FilePicking,
    cipher: FileCipher,
    /// Where it goes if plugins may fetch it.
    kept: Option<(File, Room)>,
    bytes: u64,
}

/// A file that a phone keeps. It is gone when this is dropped.
#[derive(Debug)]
pub struct KeptFile {
    media_id: String,
    room: Room,
    _lent: Lent,
}

/// Room on the disk, given back when dropped.
#[derive(Debug)]
struct Room {
    taken: Arc<AtomicU64>,
    bytes: u64,
}

impl FlowDesk {
    /// Begins to take files for a phone of the caller's. They count among the tenant's uploads.
    pub fn pick_files(&self, id: PhoneId) -> Result<FilePicking, AdminError> {
        let found = self.admin().phones.look(id, self.holder(), Instant::now());
        let (phone, _) = found.ok_or(AdminError::NotFound("phone"))?;
        let permit = self.admin().uploads.permit(self.tenant().id)?;
        let left = MAX_BYTES_OF_A_PHONE.saturating_sub(total(&phone.files));
        Ok(FilePicking { files: self.admin().phone_files.clone(), left, _permit: permit })
    }
}

impl FilePicking {
    /// Begins to take a file.
    pub async fn begin(&mut self) -> Result<FileUpload<'_>, AdminError> {
        let kept = if self.files.are_served { Some(self.files.open().await?) } else { None };
        Ok(FileUpload { picking: self, cipher: FileCipher::new(), kept, bytes: 0 })
    }
}

impl FileUpload<'_> {
    /// Takes the next bytes.
    pub async fn write(&mut self, plain: &[u8]) -> Result<(), AdminError> {
        self.bytes += plain.len() as u64;
        if self.bytes > MAX_FILE_BYTES as u64 {
            return Err(AdminError::Invalid(format!(
                "a file has at most {} MiB",
                MAX_FILE_BYTES >> 20
            )));
        }
        let encrypted = self.cipher.update(plain);
        keep(&mut self.kept, &mut self.picking.left, &encrypted).await
    }

    /// The file, for a field of this name on the phone's screen.
    pub async fn finish(
        self,
        field: &str,
        name: &str,
        media_type: Option<String>,
    ) -> Result<(PickedFile, Option<KeptFile>), AdminError> {
        let Self { picking, cipher, mut kept, bytes } = self;
        let (end, metadata) = cipher.finish();
        keep(&mut kept, &mut picking.left, &end).await?;
        let (id, name) = (hex::encode(random_bytes::<8>()), plain_name(name));
        let (url, kept) = match kept {
            Some((mut file, room)) => {
                // tokio writes in the background, so the last error comes with the flush.
                file.flush().await.map_err(AdminError::NoSpace)?;
                let server = picking.files.server()?;
                let (url, lent) = server.lend(&id, file.into_std().await, room.bytes);
                (url, Some(KeptFile { media_id: id.clone(), room, _lent: lent }))
            }
            None => (format!("{NOWHERE}{id}"), None),
        };
        let reference = reference(&id, &url, &name, metadata);
        let field = field.to_owned();
        Ok((PickedFile { field, name, media_type, bytes, reference }, kept))
    }
}

impl PhoneFiles {
    /// Keeps files as unnamed ones in `folder`, and serves them if plugins may fetch them.
    pub(in super::super) fn new(folder: PathBuf, are_served: bool) -> Self {
        Self { folder, are_served, taken: Arc::default(), server: Mutex::default() }
    }

    async fn open(&self) -> Result<(File, Room), AdminError> {
        let folder = self.folder.clone();
        let file = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await;
        let file: fs::File = file
            .map_err(|error| AdminError::Interrupted(error.to_string()))?
            .map_err(AdminError::NoSpace)?;
        Ok((File::from_std(file), Room { taken: self.taken.clone(), bytes: 0 }))
    }

    /// The server of the files, begun for the first one.
    fn server(&self) -> Result<Arc<MediaServer>, AdminError> {
        let mut known = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = known.upgrade() {
            return Ok(server);
        }
        let server = MediaServer::start()
            .map_err(|error| AdminError::Busy(format!("files can't be served: {error}")))?;
        let server = Arc::new(server);
        *known = Arc::downgrade(&server);
        Ok(server)
    }
}

impl Room {
    fn grow(&mut self, more: u64) -> Result<(), AdminError> {
        let grown = |taken: u64| Some(taken + more).filter(|taken| *taken <= MAX_BYTES);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).map_err(|_| {
            AdminError::Busy(format!(
                "the files of all phones have {} MiB, which is all that they may; those of phones that nobody uses go after half an hour",
                MAX_BYTES >> 20
            ))
        })?;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for FilePicking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePicking").field("left", &self.left).finish_non_exhaustive()
    }
}

/// Writes the next bytes of an encrypted file where it is kept, if it is. `left` is what the phone may
/// still get, which bounds the work also where nothing is kept.
async fn keep(
    kept: &mut Option<(File, Room)>,
    left: &mut u64,
    encrypted: &[u8],
) -> Result<(), AdminError> {
    let more = encrypted.len() as u64;
    *left = left.checked_sub(more).ok_or_else(phone_is_full)?;
    let Some((file, room)) = kept else { return Ok(()) };
    room.grow(more)?;
    file.write_all(encrypted).await.map_err(AdminError::NoSpace)
}

impl KeptFile {
    /// What forms call it.
    pub(super) fn media_id(&self) -> &str {
        &self.media_id
    }
}

/// Checks that files fit on a phone with those that it keeps.
pub(super) fn check(kept: &[Arc<KeptFile>], more: &[Arc<KeptFile>]) -> Result<(), AdminError> {
    let fits = total(kept) + total(more) <= MAX_BYTES_OF_A_PHONE
        && kept.len() + more.len() <= MAX_FILES_OF_A_PHONE;
    if fits { Ok(()) } else { Err(phone_is_full()) }
}

fn total(files: &[Arc<KeptFile>]) -> u64 {
    files.iter().map(|file| file.room.bytes).sum()
}

fn phone_is_full() -> AdminError {
    AdminError::Conflict(format!(
        "a phone has at most {MAX_FILES_OF_A_PHONE} files and {} MiB of them: open the Flow again to begin without any",
        MAX_BYTES_OF_A_PHONE >> 20
    ))
}

/// The name of a file without folders and what no name has, cut to what phones send at most.
fn plain_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String =
        name.chars().filter(|char| !char.is_control()).take(MAX_NAME_CHARS).collect();
    if name.is_empty() { "file".to_owned() } else { name }
}

/// A host that there never is (RFC 6761), so that nobody asks for such a file anywhere.
const NOWHERE: &str = "https://played-phone.invalid/";

/// Two of the largest files, and some photos.
const MAX_BYTES_OF_A_PHONE: u64 = 64 << 20;

/// Each is a descriptor of the host.
const MAX_FILES_OF_A_PHONE: usize = 100;

/// Of all phones together.
const MAX_BYTES: u64 = 256 << 20;

const MAX_NAME_CHARS: usize = 200;

#[cfg(test)]
mod tests {
    use super::super::shown_flow_json::ShownFlowJson;
    use super::super::{PhoneLine, PlayedPhone};
    use super::*;
    use flowhost_client::Handset;
    use flowhost_client::conversation::{Conversation, Step};
    use flowhost_console::phone::apply;
    use flowhost_flow_json::Document;
    use flowhost_protocol::ids::TenantId;
    use flowhost_runtime::telemetry::BudgetSeries;
    use flowhost_runtime::tenant_limits::TenantLimits;
    use serde_json::{Map, json};

    #[test]
    fn room_is_given_back() {
        let files = PhoneFiles::new(std::env::temp_dir(), true);
        let room = || Room { taken: files.taken.clone(), bytes: 0 };
        let (mut one, mut other) = (room(), room());

        one.grow(MAX_BYTES - 1).unwrap();
        let full = other.grow(2).unwrap_err().to_string();
        assert!(full.starts_with("the files of all phones have 256 MiB"), "{full}");
        other.grow(1).unwrap();
        drop(one);
        other.grow(2).unwrap();
        assert_eq!(files.taken.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_file_is_kept_where_plugins_can_fetch_it() {
        for is_served in [true, false] {
            let mut picking = picking(is_served, 100);
            let mut upload = picking.begin().await.unwrap();
            for part in ["a pic", "ture"] {
                upload.write(part.as_bytes()).await.unwrap();
            }
            let kind = Some("image/png".to_owned());
            let (file, kept) = upload.finish("photos", "x/a.png", kind).await.unwrap();

            assert_eq!(
                (file.field.as_str(), file.name.as_str(), file.bytes),
                ("photos", "a.png", 9)
            );
            assert_eq!(file.reference["file_name"], "a.png");
            let url = file.reference["cdn_url"].as_str().unwrap();
            let at = if is_served { "http://127.0.0.1:" } else { NOWHERE };
            assert!(url.starts_with(at), "{url}");
            // A block, and the MAC.
            let bytes = kept.map(|kept| kept.room.bytes);
            assert_eq!(bytes, is_served.then_some(26));
            assert_eq!(picking.left, 74);
        }
    }

    #[tokio::test]
    async fn a_phone_and_a_file_have_so_many_bytes() {
        let mut small = picking(true, 31);
        let mut upload = small.begin().await.unwrap();
        upload.write(&[0; 31]).await.unwrap();
        let full = upload.finish("f", "a", None).await.unwrap_err().to_string();
        assert!(full.starts_with("a phone has at most 100 files and 64 MiB"), "{full}");
        assert_eq!(small.files.taken.load(Ordering::Relaxed), 0, "nothing is left behind");

        let mut large = picking(false, MAX_BYTES_OF_A_PHONE);
        let mut upload = large.begin().await.unwrap();
        upload.write(&vec![0; MAX_FILE_BYTES]).await.unwrap();
        let refused = upload.write(&[0]).await.unwrap_err().to_string();
        assert_eq!(refused, "a file has at most 25 MiB");
    }

    #[tokio::test]
    async fn a_server_is_there_as_long_as_a_file() {
        let files = PhoneFiles::new(std::env::temp_dir(), true);
        let server = files.server().unwrap();
        let (file, _) = files.open().await.unwrap();
        let (_, lent) = server.lend("m", file.into_std().await, 0);
        assert!(Arc::ptr_eq(&server, &files.server().unwrap()));

        drop(server);
        assert!(files.server.lock().unwrap().upgrade().is_some());
        drop(lent);
        assert!(files.server.lock().unwrap().upgrade().is_none());
    }

    #[tokio::test]
    async fn a_file_that_no_form_of_the_phone_holds_is_gone() {
        let mut picking = picking(true, MAX_BYTES_OF_A_PHONE);
        let taken = picking.files.taken.clone();
        let mut phone = phone_with_a_picker();
        let mut held = Vec::new();
        for name in ["first.png", "second.png", "third.png"] {
            let mut upload = picking.begin().await.unwrap();
            upload.write(b"a picture").await.unwrap();
            let (file, kept) = upload.finish("photos", name, None).await.unwrap();
            phone.touch(move |conversation| apply(conversation, &[], &[file]));
            phone.keep_files(kept.into_iter().map(Arc::new).collect());
            held.push(phone.files.len());
        }
        assert_eq!(held, [1, 2, 2], "the form holds two, and refuses the third");
        assert_eq!(taken.load(Ordering::Relaxed), 2 * 26);

        let [first, second] = [0, 1].map(|at: usize| phone.files[at].media_id().to_owned());
        let take_away = [("do".to_owned(), format!("remove.{first}"))];
        phone.touch(move |conversation| apply(conversation, &take_away, &[]));
        phone.keep_files(Vec::new());
        let left: Vec<_> = phone.files.iter().map(|file| file.media_id()).collect();
        assert_eq!((left, taken.load(Ordering::Relaxed)), (vec![second.as_str()], 26));

        phone.begin_again();
        assert_eq!(taken.load(Ordering::Relaxed), 0);
    }

    /// A phone that shows a screen with a picker, which takes two photos.
    fn phone_with_a_picker() -> PlayedPhone {
        let picker = json!({"type": "PhotoPicker", "name": "photos", "max-uploaded-photos": 2});
        let written = json!({"screens": [{"id": "A", "layout": {"children": [picker]}}]});
        let document = Document::parse(written.to_string().as_bytes()).unwrap();
        let flow_json = ShownFlowJson::default();
        let phone = PlayedPhone::new(PhoneLine::Active, "t".to_owned(), flow_json, None, None);
        let handset = Handset::new(Conversation::new(Some(document), "t"));
        let mut phone = PlayedPhone { handset, ..phone };
        phone.touch(|conversation| {
            conversation.arrive("A", Map::new());
            Step::Moved
        });
        phone
    }

    fn picking(is_served: bool, left: u64) -> FilePicking {
        let files = Arc::new(PhoneFiles::new(std::env::temp_dir(), is_served));
        let limits = TenantLimits::new(1, 1, BudgetSeries::default());
        let permit = limits.try_acquire(TenantId::new()).unwrap();
        FilePicking { files, left, _permit: permit }
    }

    #[test]
    fn names_have_no_folders_and_an_end() {
        assert_eq!(plain_name("C:\\pictures\\a\u{0}b.jpg"), "ab.jpg");
        assert_eq!(plain_name("../../"), "file");
        assert_eq!(plain_name(&"ä".repeat(300)).chars().count(), 200);
    }
}
