//! Compiled code on disk, so that a host that restarts need not compile again. Nothing read from it
//! is trusted, and no error here is fatal: what cannot be read or written is compiled again, with a
//! line in the log.

use std::fs::{self, DirBuilder, File, FileTimes};
use std::io::{self, ErrorKind, Read as _, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::engine::EngineIdentity;
use super::loaded::LARGE_CODE;
use flowhost_protocol::ids::PluginDigest;

/// A folder of sealed code. Several hosts may share it.
pub(super) struct CodeCache {
    folder: PathBuf,
    max_bytes: u64,
    /// Only one thread of this host trims at a time.
    trimming: Mutex<()>,
}

impl CodeCache {
    /// Opens the folder or creates it for this user only (mode 0700). It holds at most `max_bytes`,
    /// the newest file included.
    pub(super) fn open(folder: PathBuf, max_bytes: u64) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let cache = Self { folder, max_bytes, trimming: Mutex::default() };
        cache.trim()?;
        Ok(cache)
    }

    /// Reads a component's sealed code for this engine. The MAC is not checked here.
    pub(super) fn read(&self, digest: PluginDigest, engine: EngineIdentity) -> Option<Vec<u8>> {
        let path = self.folder.join(file_name(digest, engine));
        match read_file(&path, self.max_bytes) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "compiled code can't be read; it is compiled again");
                None
            }
        }
    }

    /// Whether there is code of a component for this engine.
    pub(super) fn has(&self, digest: PluginDigest, engine: EngineIdentity) -> bool {
        self.folder.join(file_name(digest, engine)).is_file()
    }

    /// Writes sealed code atomically.
    pub(super) fn write(&self, digest: PluginDigest, engine: EngineIdentity, sealed: &[u8]) {
        let path = self.folder.join(file_name(digest, engine));
        let kept = NewFile::of(&self.folder)
            .and_then(|file| file.keep(sealed, &path))
            .and_then(|()| self.trim());
        if let Err(error) = kept {
            tracing::warn!(folder = %self.folder.display(), %error, "compiled code can't be kept; it will be compiled again");
        }
    }

    /// Removes a file that turned out to be unusable.
    pub(super) fn remove(&self, digest: PluginDigest, engine: EngineIdentity) {
        // If this fails, the next read finds the file unusable again.
        let _ = fs::remove_file(self.folder.join(file_name(digest, engine)));
    }

    /// Removes the least recently used files until the rest fits, and half-written files of a host
    /// that was killed.
    fn trim(&self) -> io::Result<()> {
        let _one = self.trimming.lock().unwrap_or_else(PoisonError::into_inner);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another host that shares the folder may have removed it just now.
            let Ok(about) = entry.metadata() else { continue };
            let (name, used) = (entry.file_name(), about.modified()?);
            let name = name.to_string_lossy();
            if name.starts_with(UNFINISHED) && used.elapsed().is_ok_and(|age| age > LONGEST_WRITE) {
                let _ = fs::remove_file(entry.path());
            } else if name.ends_with(FINISHED) {
                files.push((used, about.len(), entry.path()));
            }
        }
        remove_oldest(files, self.max_bytes);
        Ok(())
    }
}

/// Large files go first while they have more than half, so that a few plugins with a language's whole
/// runtime do not push out hundreds of others, nor these all of them.
fn remove_oldest(mut files: Vec<(SystemTime, u64, PathBuf)>, max_bytes: u64) {
    files.sort();
    let (large, small): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(_, size, _)| *size > LARGE_CODE as u64);
    let total = |files: &[(SystemTime, u64, PathBuf)]| files.iter().map(|(_, size, _)| size).sum();
    let (mut large_bytes, mut small_bytes): (u64, u64) = (total(&large), total(&small));
    let (mut large, mut small) = (large.into_iter(), small.into_iter());
    while large_bytes + small_bytes > max_bytes {
        let (oldest, bytes) = match large_bytes > max_bytes / 2 {
            true => (large.next(), &mut large_bytes),
            false => (small.next(), &mut small_bytes),
        };
        let Some((_, size, path)) = oldest else { break };
        let _ = fs::remove_file(path);
        *bytes -= size;
    }
}

fn read_file(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() || about.len() > max_bytes {
        return Err(io::Error::new(ErrorKind::InvalidData, "it is no file that was written here"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    (&file).take(max_bytes).read_to_end(&mut bytes)?;
    // The modification time records the last use. On a read-only folder this fails, which does no
    // harm.
    let _ = file.set_times(FileTimes::new().set_modified(SystemTime::now()));
    Ok(bytes)
}

/// A file that no reader sees until it is complete. Dropped before that, it is removed.
struct NewFile(tempfile::NamedTempFile);

impl NewFile {
    fn of(folder: &Path) -> io::Result<Self> {
        tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder).map(Self)
    }

    /// Does not sync: what a power failure leaves has a MAC that does not match.
    fn keep(mut self, content: &[u8], path: &Path) -> io::Result<()> {
        fill(self.0.as_file_mut(), content)?;
        self.0.persist(path).map(drop).map_err(|error| error.error)
    }
}

fn fill(file: &mut impl Write, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.flush()
}

/// Both are covered by the MAC too, so a file under another file's name is refused.
fn file_name(digest: PluginDigest, engine: EngineIdentity) -> String {
    format!("{}-{}{FINISHED}", hex::encode(digest.0), hex::encode(&engine.0[..8]))
}

const FINISHED: &str = ".code";
const UNFINISHED: &str = ".unfinished-";

/// Hundreds of MiB on a slow disk.
const LONGEST_WRITE: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    const ENGINE: EngineIdentity = EngineIdentity([1; 32]);

    fn digest(number: u8) -> PluginDigest {
        PluginDigest([number; 32])
    }

    fn used_seconds_ago(folder: &Path, name: &str, seconds: u64) {
        let file = File::options().append(true).open(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn what_is_kept_is_found_by_component_and_engine() {
        let parent = TempDir::new().unwrap();
        let folder = parent.path().join("a/b");
        let cache = CodeCache::open(folder.clone(), 1000).unwrap();

        assert_eq!(cache.read(digest(1), ENGINE), None);
        cache.write(digest(1), ENGINE, b"code");

        assert_eq!(cache.read(digest(1), ENGINE).as_deref(), Some(&b"code"[..]));
        assert_eq!(cache.read(digest(2), ENGINE), None);
        assert_eq!(cache.read(digest(1), EngineIdentity([2; 32])), None);
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        cache.remove(digest(1), ENGINE);
        assert_eq!(cache.read(digest(1), ENGINE), None);
    }

    #[test]
    fn what_was_used_least_recently_goes_first() {
        let folder = TempDir::new().unwrap();
        let cache = CodeCache::open(folder.path().to_owned(), 250).unwrap();
        for number in [1, 2] {
            cache.write(digest(number), ENGINE, &[number; 100]);
            used_seconds_ago(
                folder.path(),
                &file_name(digest(number), ENGINE),
                100 - u64::from(number),
            );
        }
        assert!(cache.read(digest(1), ENGINE).is_some(), "reading it is using it");

        cache.write(digest(3), ENGINE, &[3; 100]);

        let kept = [1, 2, 3].map(|number| cache.read(digest(number), ENGINE).is_some());
        assert_eq!(kept, [true, false, true]);
    }

    #[test]
    fn large_code_has_half_of_the_cache_and_small_code_the_other_half() {
        let folder = TempDir::new().unwrap();
        let large = LARGE_CODE as u64 + 1;
        let limit = 4 * large;
        let file = |number: u64, size: u64| {
            let path = folder.path().join(format!("{number}{FINISHED}"));
            File::create(&path).unwrap().set_len(size).unwrap();
            (SystemTime::UNIX_EPOCH + Duration::from_secs(number), size, path)
        };
        let left = || {
            let names =
                fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
            let mut left: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
            left.sort();
            left
        };

        // Two small files, then four large ones.
        remove_oldest(
            (1..=6).map(|n| file(n, if n < 3 { large - 1 } else { large })).collect(),
            limit,
        );
        assert_eq!(left(), ["1.code", "2.code", "5.code", "6.code"]);

        // Two large files, then four small ones.
        remove_oldest(
            (1..=6).map(|n| file(n, if n < 3 { large } else { large - 1 })).collect(),
            limit,
        );
        assert_eq!(left(), ["1.code", "2.code", "5.code", "6.code"]);
    }

    #[test]
    fn what_was_left_half_written_is_removed_what_is_being_written_is_not() {
        let folder = TempDir::new().unwrap();
        let names = [".unfinished-old", ".unfinished-new", "somebody-elses"];
        names.iter().for_each(|name| fs::write(folder.path().join(name), "half").unwrap());
        used_seconds_ago(folder.path(), names[0], 3600);
        used_seconds_ago(folder.path(), names[2], 3600);

        CodeCache::open(folder.path().to_owned(), 0).unwrap();

        assert_eq!(names.map(|name| folder.path().join(name).exists()), [false, true, true]);
    }

    #[test]
    fn a_disk_that_is_full_leaves_no_file_and_fails_nothing() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(fill(&mut full, b"code").unwrap_err().kind(), ErrorKind::StorageFull);

        let folder = TempDir::new().unwrap();
        let cache = CodeCache::open(folder.path().join("gone"), 1000).unwrap();
        fs::remove_dir(folder.path().join("gone")).unwrap();
        cache.write(digest(1), ENGINE, b"code");
        assert_eq!(cache.read(digest(1), ENGINE), None);
    }

    #[test]
    fn a_file_that_can_not_be_written_whole_is_not_kept() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("x.code");
        let file = NewFile::of(folder.path()).unwrap();
        // A folder stands where the file would go.
        fs::create_dir(&path).unwrap();

        assert!(file.keep(b"code", &path).is_err());

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the temporary file is gone");
    }
}
