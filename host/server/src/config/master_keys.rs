//! The master keys of a host: one that seals, and during a rotation a second one that only opens.

use std::path::{Path, PathBuf};

use super::{ConfigError, Environment, Problems, SecretText};
use flowhost_protocol::crypto::{MasterKey, MasterKeys};

/// Where the master keys are, according to the command line.
pub struct MasterKeyInputs {
    /// `--master-key-file`; it wins over `FLOWHOST_MASTER_KEY`.
    pub file: Option<PathBuf>,
    /// `--second-master-key-file`; it wins over `FLOWHOST_SECOND_MASTER_KEY`.
    pub second_file: Option<PathBuf>,
}

impl MasterKeyInputs {
    /// Reads the keys, or returns everything that is wrong with them.
    pub fn resolve(&self, environment: &Environment) -> Result<MasterKeys, ConfigError> {
        let mut problems = Problems::new();
        self.check(environment, &mut problems).ok_or_else(|| problems.into_error())
    }

    pub(super) fn check(
        &self,
        environment: &Environment,
        problems: &mut Problems,
    ) -> Option<MasterKeys> {
        let first = problems.check(read(
            "--master-key-file",
            self.file.as_deref(),
            "FLOWHOST_MASTER_KEY",
            environment.master_key(),
        ));
        let second = problems.check(read(
            "--second-master-key-file",
            self.second_file.as_deref(),
            "FLOWHOST_SECOND_MASTER_KEY",
            environment.second_master_key(),
        ));
        let first = problems.check(first?.ok_or_else(|| {
            format!("FLOWHOST_MASTER_KEY (or --master-key-file) is missing ({MAKE_A_KEY})")
        }));
        Some(MasterKeys::new(first?, second?))
    }
}

/// Reads a master key; `origin` names its source in the error.
pub fn parse_master_key(origin: &str, text: &str) -> Result<MasterKey, String> {
    MasterKey::from_base64(text.trim()).map_err(|_| {
        format!("{origin} is not a master key: it must be 32 bytes in base64 ({MAKE_A_KEY})")
    })
}

/// Reads a key from its file, or else from its variable.
fn read(
    flag: &str,
    file: Option<&Path>,
    variable: &str,
    value: Result<Option<SecretText>, String>,
) -> Result<Option<MasterKey>, String> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{flag} {} can't be read: {error}", path.display()))?;
        return parse_master_key(
            &format!("{flag} {}", path.display()),
            SecretText::new(text).expose(),
        )
        .map(Some);
    }
    value?.map(|text| parse_master_key(variable, text.expose())).transpose()
}

const MAKE_A_KEY: &str = "make one with: flowhost master-key generate";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_key_may_be_missing_the_first_may_not() {
        let key = MasterKey::generate().to_base64().to_string();
        let inputs = MasterKeyInputs { file: None, second_file: None };

        assert!(inputs.resolve(&Environment::of(&[("FLOWHOST_MASTER_KEY", &key)])).is_ok());
        let missing =
            inputs.resolve(&Environment::of(&[("FLOWHOST_SECOND_MASTER_KEY", &key)])).unwrap_err();
        assert!(missing.to_string().contains("FLOWHOST_MASTER_KEY (or"), "{missing}");
    }

    #[test]
    fn a_bad_second_key_is_named() {
        let key = MasterKey::generate().to_base64().to_string();
        let environment = Environment::of(&[
            ("FLOWHOST_MASTER_KEY", &key),
            ("FLOWHOST_SECOND_MASTER_KEY", "c2VjcmV0"),
        ]);

        let error = MasterKeyInputs { file: None, second_file: None }
            .resolve(&environment)
            .unwrap_err()
            .to_string();

        assert!(
            error.contains("FLOWHOST_SECOND_MASTER_KEY") && !error.contains("c2VjcmV0"),
            "{error}"
        );
    }
}
