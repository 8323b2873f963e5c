//! Uploads of components: from the network to an unnamed file, not whole in memory until stored.

use std::io::SeekFrom;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{AdminError, FlowDesk};
use flowhost_api::UploadQuery;
use flowhost_protocol::ids::{PluginDigest, TenantId};
use flowhost_runtime::telemetry::BudgetSeries;
use flowhost_runtime::tenant_limits::{Full, Permit, TenantLimits};

/// Limits the uploads under way and makes their files.
pub(super) struct Uploads {
    folder: PathBuf,
    limits: TenantLimits,
    /// Permits to hold an upload whole in memory, for the database.
    storing: Semaphore,
}

/// The upload of a component, bound to the flow that it was begun for. Dropping it leaves nothing
/// behind.
#[derive(Debug)]
pub struct Upload {
    desk: FlowDesk,
    query: UploadQuery,
    content: UploadedFile,
}

/// What has come in so far.
#[derive(Debug)]
struct UploadedFile {
    file: File,
    hash: Sha256,
    size: usize,
    _permit: Permit,
}

impl FlowDesk {
    /// Begins an upload to the flow. Fails if the tenant or the host has too many under way,
    /// because each takes disk space and a place in the compiler's queue.
    pub async fn begin_upload(self, query: UploadQuery) -> Result<Upload, AdminError> {
        if let Some(note) = &query.note
            && (note.chars().count() > MAX_NOTE_CHARS || note.chars().any(char::is_control))
        {
            return Err(AdminError::Invalid(format!(
                "a note is one line of at most {MAX_NOTE_CHARS} characters"
            )));
        }
        let content = self.admin().uploads.begin(self.tenant().id).await?;
        Ok(Upload { desk: self, query, content })
    }
}

impl Upload {
    /// Appends the next bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), AdminError> {
        self.content.write(bytes).await
    }

    /// The desk of the flow that the upload is for.
    pub(super) fn desk(&self) -> &FlowDesk {
        &self.desk
    }

    /// What goes with it.
    pub(super) fn query(&self) -> &UploadQuery {
        &self.query
    }

    /// The uploaded file, rewound to its start, and its digest.
    pub(super) async fn content(&mut self) -> Result<(std::fs::File, PluginDigest), AdminError> {
        self.content.finish().await
    }
}

impl Uploads {
    /// Keeps uploads as unnamed files in `folder`; `series` counts those under way.
    pub(super) fn new(folder: PathBuf, series: BudgetSeries) -> Self {
        let limits = TenantLimits::new(MAX_UPLOADS, MAX_UPLOADS_OF_TENANT, series);
        Self { folder, limits, storing: Semaphore::new(MAX_STORING) }
    }

    /// A permit for an upload of a component or a Flow JSON.
    pub(super) fn permit(&self, tenant: TenantId) -> Result<Permit, AdminError> {
        self.limits.try_acquire(tenant).map_err(|full| match full {
            Full::All => busy("the host", MAX_UPLOADS),
            Full::Tenant => busy("the tenant", MAX_UPLOADS_OF_TENANT),
        })
    }

    async fn begin(&self, tenant: TenantId) -> Result<UploadedFile, AdminError> {
        let permit = self.permit(tenant)?;
        let folder = self.folder.clone();
        let file = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await;
        let file = file
            .map_err(|error| AdminError::Interrupted(error.to_string()))?
            .map_err(AdminError::NoSpace)?;
        Ok(UploadedFile {
            file: File::from_std(file),
            hash: Sha256::new(),
            size: 0,
            _permit: permit,
        })
    }

    /// Reads a whole upload for the database, a few at a time.
    pub(super) async fn read(
        &self,
        file: std::fs::File,
    ) -> Result<(Vec<u8>, SemaphorePermit<'_>), AdminError> {
        let place = self
            .storing
            .acquire()
            .await
            .map_err(|error| AdminError::Interrupted(error.to_string()))?;
        let bytes = tokio::task::spawn_blocking(move || read_from_start(file)).await;
        let bytes = bytes
            .map_err(|error| AdminError::Interrupted(error.to_string()))?
            .map_err(AdminError::NoSpace)?;
        Ok((bytes, place))
    }
}

impl UploadedFile {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), AdminError> {
        self.hash.update(bytes);
        self.size += bytes.len();
        self.file.write_all(bytes).await.map_err(AdminError::NoSpace)
    }

    async fn finish(&mut self) -> Result<(std::fs::File, PluginDigest), AdminError> {
        // tokio writes in the background, so the last error comes with the flush.
        self.file.flush().await.map_err(AdminError::NoSpace)?;
        self.file.seek(SeekFrom::Start(0)).await.map_err(AdminError::NoSpace)?;
        let file = self.file.try_clone().await.map_err(AdminError::NoSpace)?.into_std().await;
        Ok((file, PluginDigest(self.hash.clone().finalize().into())))
    }
}

fn read_from_start(mut file: std::fs::File) -> std::io::Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _};
    file.rewind()?;
    let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn busy(whose: &str, limit: usize) -> AdminError {
    AdminError::Busy(format!(
        "{whose} has {limit} uploads under way, which is all that may be; wait for one to end, then try again"
    ))
}

/// As wide as a list of versions can show it.
const MAX_NOTE_CHARS: usize = 200;

/// At 64 MiB each, they take 2 GiB of disk.
const MAX_UPLOADS: usize = 32;

/// One is compiled while the others wait.
const MAX_UPLOADS_OF_TENANT: usize = 4;

/// Each takes 64 MiB twice: here and in the message to the database.
const MAX_STORING: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_in_parts_is_whole_in_the_file_and_in_the_digest() {
        let uploads = Uploads::new(std::env::temp_dir(), BudgetSeries::default());
        let mut upload = uploads.begin(TenantId::new()).await.unwrap();
        for part in [&b"a comp"[..], b"", b"onent"] {
            upload.write(part).await.unwrap();
        }

        let (file, digest) = upload.finish().await.unwrap();

        assert_eq!(digest, PluginDigest(Sha256::digest(b"a component").into()));
        assert_eq!(uploads.read(file).await.unwrap().0, b"a component");
    }

    #[tokio::test]
    async fn a_tenant_has_some_places_and_gives_them_back() {
        let uploads = Uploads::new(std::env::temp_dir(), BudgetSeries::default());
        let (one, other) = (TenantId::new(), TenantId::new());
        let mut under_way = Vec::new();
        for _ in 0..MAX_UPLOADS_OF_TENANT {
            under_way.push(uploads.begin(one).await.unwrap());
        }

        assert!(matches!(uploads.begin(one).await, Err(AdminError::Busy(_))));
        assert!(uploads.begin(other).await.is_ok());
        under_way.pop();
        assert!(uploads.begin(one).await.is_ok());
    }

    #[tokio::test]
    async fn all_tenants_together_have_so_many_places() {
        let uploads = Uploads::new(std::env::temp_dir(), BudgetSeries::default());
        let mut under_way = Vec::new();
        for _ in 0..MAX_UPLOADS / MAX_UPLOADS_OF_TENANT {
            let tenant = TenantId::new();
            for _ in 0..MAX_UPLOADS_OF_TENANT {
                under_way.push(uploads.begin(tenant).await.unwrap());
            }
        }

        let refused = uploads.begin(TenantId::new()).await.unwrap_err();
        assert!(refused.to_string().contains("the host has 32 uploads under way"), "{refused}");
        under_way.pop();
        assert!(uploads.begin(TenantId::new()).await.is_ok());
    }

    #[tokio::test]
    async fn a_full_disk_is_said_so() {
        let uploads = Uploads::new(std::env::temp_dir(), BudgetSeries::default());
        let mut upload = uploads.begin(TenantId::new()).await.unwrap();
        upload.file = File::options().write(true).open("/dev/full").await.unwrap();

        let written = upload.write(b"component").await;
        let error = written.err().or(upload.finish().await.err()).unwrap();

        assert!(matches!(error, AdminError::NoSpace(_)), "{error:?}");
        assert!(error.to_string().contains("No space left on device"), "{error}");
        let nowhere = Uploads::new("/proc/flowhost".into(), BudgetSeries::default())
            .begin(TenantId::new())
            .await;
        assert!(matches!(nowhere, Err(AdminError::NoSpace(_))));
    }
}
