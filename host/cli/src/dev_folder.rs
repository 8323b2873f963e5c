//! The folder in which `flowhost dev` keeps everything.
//!
//! The database is directly in it, with whatever [`flowhost_devkit::postgres`] needs. `secrets/`
//! holds the master key and the admin token, made on the first start. Only the owner may enter
//! `secrets/`; the folder itself may have to be open to the user that PostgreSQL runs as.

use std::fs::{DirBuilder, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use flowhost_protocol::crypto::{MasterKey, random_bytes};
use flowhost_server::config::{AdminToken, ConfigError, SecretText, parse_master_key};

/// A data folder whose parts exist.
pub(crate) struct DevFolder {
    root: PathBuf,
}

impl DevFolder {
    /// Makes the folder, or uses the existing one.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path).with_context(|| format!("can't make {}", path.display()))?;
        let root =
            path.canonicalize().with_context(|| format!("can't enter {}", path.display()))?;
        let folder = Self { root };
        let secrets = folder.root.join("secrets");
        DirBuilder::new().recursive(true).mode(0o700).create(&secrets)?;
        std::fs::set_permissions(&secrets, Permissions::from_mode(0o700))?;
        // The folder is often inside a project; its secrets must not be committed by mistake.
        keep_or_make(&folder.root.join(".gitignore"), || "*\n".to_owned())?;
        Ok(folder)
    }

    /// The folder itself, where the database goes.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The file of the admin token.
    pub(crate) fn admin_token_file(&self) -> PathBuf {
        self.root.join("secrets/admin-token")
    }

    /// The master key, made on the first call.
    pub(crate) fn master_key(&self) -> anyhow::Result<MasterKey> {
        let path = self.root.join("secrets/master-key");
        let text =
            keep_or_make(&path, || format!("{}\n", MasterKey::generate().to_base64().as_str()))?;
        parse_master_key(&path.display().to_string(), text.expose())
            .map_err(|problem| ConfigError::new(problem).into())
    }

    /// The admin token, made on the first call.
    pub(crate) fn admin_token(&self) -> anyhow::Result<AdminToken> {
        let path = self.admin_token_file();
        let text = keep_or_make(&path, || format!("{}\n", AdminToken::generate().expose()))?;
        AdminToken::parse(text.without_line_end().expose())
            .map_err(|problem| ConfigError::new(format!("{} {problem}", path.display())).into())
    }

    /// The app secret of the tenant under development, made on the first call, and its file.
    pub(crate) fn app_secret(&self) -> anyhow::Result<(SecretText, PathBuf)> {
        let path = self.root.join("secrets/dev-app-secret");
        let text = keep_or_make(&path, || format!("{}\n", random_app_secret().expose()))?;
        Ok((text.without_line_end(), path))
    }
}

/// A random secret in the form of Meta's app secrets: 32 hex digits.
pub(crate) fn random_app_secret() -> SecretText {
    SecretText::new(random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Reads the file, or makes it: with mode 0600 from the start, atomically, and never over an
/// existing one.
fn keep_or_make(path: &Path, content: impl FnOnce() -> String) -> anyhow::Result<SecretText> {
    if !path.exists() {
        make(path, &SecretText::new(content()))
            .with_context(|| format!("can't write {}", path.display()))?;
    }
    let text =
        std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    Ok(SecretText::new(text))
}

fn make(path: &Path, content: &SecretText) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content.expose().as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn secrets_are_for_the_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DevFolder::open(&parent.path().join(".flowhost")).unwrap();
        folder.master_key().unwrap();
        folder.admin_token().unwrap();

        let secrets = folder.admin_token_file().parent().unwrap().to_owned();
        assert_eq!(mode(&secrets), 0o700);
        assert_eq!(mode(&secrets.join("master-key")), 0o600);
        assert_eq!(mode(&folder.admin_token_file()), 0o600);
        assert_eq!(std::fs::read_dir(&secrets).unwrap().count(), 2, "no temporary file may stay");
    }

    #[test]
    fn the_second_start_finds_the_secrets_of_the_first() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join(".flowhost");
        let first = DevFolder::open(&path).unwrap();
        let (key, token) = (first.master_key().unwrap(), first.admin_token().unwrap());

        let second = DevFolder::open(&path).unwrap();

        assert_eq!(second.master_key().unwrap().to_base64().as_str(), key.to_base64().as_str());
        assert_eq!(second.admin_token().unwrap().expose(), token.expose());
    }

    #[test]
    fn a_damaged_secret_is_named_and_not_replaced() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DevFolder::open(parent.path()).unwrap();
        let path = folder.root.join("secrets/master-key");
        std::fs::write(&path, "damaged").unwrap();

        let Err(error) = folder.master_key() else { panic!("must be refused") };

        assert!(error.to_string().contains("master-key"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "damaged");
    }
}
