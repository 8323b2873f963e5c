//! A snapshot of the environment variables.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::SecretText;

/// The environment as it was at start. Tests make their own with [`Environment::of`].
///
/// An empty variable counts as not set, because that is what `VAR= flowhost ..` means to users. No
/// `Debug`: some variables are secrets.
pub struct Environment(HashMap<OsString, OsString>);

impl Environment {
    /// The environment of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// An environment of only these variables.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// `FLOWHOST_MASTER_KEY`: base64 of 32 bytes.
    pub fn master_key(&self) -> Result<Option<SecretText>, String> {
        self.secret("FLOWHOST_MASTER_KEY")
    }

    /// `FLOWHOST_SECOND_MASTER_KEY`: base64 of 32 bytes.
    pub(crate) fn second_master_key(&self) -> Result<Option<SecretText>, String> {
        self.secret("FLOWHOST_SECOND_MASTER_KEY")
    }

    /// `FLOWHOST_ADMIN_TOKEN`: an operator token that the host accepts.
    pub fn admin_token(&self) -> Result<Option<SecretText>, String> {
        self.secret("FLOWHOST_ADMIN_TOKEN")
    }

    /// `FLOWHOST_TOKEN`: the token that the command line sends to the admin API.
    pub fn api_token(&self) -> Result<Option<SecretText>, String> {
        self.secret("FLOWHOST_TOKEN")
    }

    /// `FLOWHOST_APP_SECRET`: the app secret to set, or to sign with.
    pub fn app_secret(&self) -> Result<Option<SecretText>, String> {
        self.secret("FLOWHOST_APP_SECRET")
    }

    /// `FLOWHOST_KEY_PASSPHRASE`: the passphrase of the key file to import.
    pub fn key_passphrase(&self) -> Result<Option<SecretText>, String> {
        self.secret("FLOWHOST_KEY_PASSPHRASE")
    }

    /// `FLOWHOST_GRAPH_TOKEN`: the access token for Meta's Graph API to set.
    pub fn graph_token(&self) -> Result<Option<SecretText>, String> {
        self.secret("FLOWHOST_GRAPH_TOKEN")
    }

    /// `FLOWHOST_CONFIG_SECRET`: the value of a flow's secret to set.
    pub fn config_secret(&self) -> Result<Option<SecretText>, String> {
        self.secret("FLOWHOST_CONFIG_SECRET")
    }

    /// `FLOWHOST_PG_BIN`: the folder of the PostgreSQL programs.
    pub fn postgres_programs(&self) -> Option<PathBuf> {
        self.value("FLOWHOST_PG_BIN").map(PathBuf::from)
    }

    /// `XDG_CACHE_HOME`, or else `.cache` in `HOME`: where the user's programs keep what they can
    /// make again. A relative path counts as not set, as the XDG specification demands.
    pub(crate) fn cache_folder(&self) -> Option<PathBuf> {
        let absolute = |name| self.value(name).map(PathBuf::from).filter(|path| path.is_absolute());
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
    }

    /// `NO_COLOR`: whether the user wants no colours, whatever its value (no-color.org).
    pub fn no_color(&self) -> bool {
        self.value("NO_COLOR").is_some()
    }

    /// `PATH`: the folders that are searched for programs.
    pub fn path(&self) -> Option<&OsStr> {
        self.value("PATH")
    }

    fn value(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The error names the variable and never its content.
    fn secret(&self, name: &str) -> Result<Option<SecretText>, String> {
        match self.value(name).map(OsStr::to_str) {
            None => Ok(None),
            Some(Some(text)) => Ok(Some(SecretText::new(text.to_owned()))),
            Some(None) => Err(format!("{name} is not UTF-8 text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let environment = Environment::of(&[("FLOWHOST_TOKEN", ""), ("PATH", "/bin")]);

        assert!(environment.api_token().unwrap().is_none());
        assert_eq!(environment.path(), Some(OsStr::new("/bin")));
        assert_eq!(environment.postgres_programs(), None);
    }
}
