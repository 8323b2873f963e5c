//! Builds the configuration of a host from the command line and the environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::egress::{EgressConfig, Guard, OwnAddress, OwnAddresses};
use crate::http::{HttpLimits, TlsFiles};
use flowhost_runtime::telemetry;

use super::database::{check_database_connections, required_database};
use super::graph::parse_graph_url;
use super::{
    AdminToken, CompileConfig, ConfigError, Console, Environment, GraphConfig, GuestsConfig,
    HostConfig, LONGEST_LOGIN_DELAY, MasterKeyInputs, MigrationPolicy, Problems, RsaBatches,
    code_cache,
};

/// What `flowhost serve` was given, not yet checked. No `Debug`: the URL may hold a password.
pub struct ServerInputs {
    /// `--database-url` or `DATABASE_URL`.
    pub database_url: Option<String>,
    /// `--database-connections` or `FLOWHOST_DATABASE_CONNECTIONS`.
    pub database_connections: u32,
    /// Where the master keys are.
    pub master_keys: MasterKeyInputs,
    /// The options that every host has.
    pub front: ListenArgs,
    /// `--code-cache` or `FLOWHOST_CODE_CACHE`.
    pub code_cache: Option<PathBuf>,
    /// `--drain-delay` or `FLOWHOST_DRAIN_DELAY`.
    pub drain_delay_seconds: u32,
}

/// The options of listeners and log that every host has, not yet checked.
pub struct ListenArgs {
    /// `--listen`.
    pub listen: String,
    /// `--admin-listen`.
    pub admin_listen: String,
    /// `--tls-cert`.
    pub tls_cert: Option<PathBuf>,
    /// `--tls-key`.
    pub tls_key: Option<PathBuf>,
    /// `--max-connections`.
    pub max_connections: Option<usize>,
    /// `--log` or `FLOWHOST_LOG`.
    pub log_filter: String,
    /// `--graph-url` or `FLOWHOST_GRAPH_URL`.
    pub graph_url: String,
    /// `--graph-check-interval`.
    pub graph_check_seconds: u32,
    /// `--allow-private-egress`.
    pub private_egress: bool,
    /// `--own-address` or `FLOWHOST_OWN_ADDRESSES`.
    pub own_addresses: Vec<String>,
    /// `--guest-memory-mib` or `FLOWHOST_GUEST_MEMORY_MIB`.
    pub guest_memory_mib: Option<u64>,
    /// `--rsa-batches` or `FLOWHOST_RSA_BATCHES`.
    pub rsa_batches: PathBuf,
    /// Without `--no-console`.
    pub console: bool,
}

/// The checked form of [`ListenArgs`], which every host has.
pub struct ListenConfig {
    /// Where the data endpoints listen.
    pub listen: SocketAddr,
    /// Where the admin API listens.
    pub admin_listen: SocketAddr,
    /// The certificate of the data endpoints.
    pub tls: Option<TlsFiles>,
    /// What clients may take of the listeners.
    pub limits: HttpLimits,
    /// From `FLOWHOST_ADMIN_TOKEN`.
    pub admin_token: Option<AdminToken>,
    /// Where Meta's Graph API is.
    pub graph: GraphConfig,
    /// How plugins' requests leave the host.
    pub egress: EgressConfig,
    /// What all plugins together may use.
    pub guests: GuestsConfig,
    /// Whether RSA operations are done in batches.
    pub rsa_batches: RsaBatches,
    /// To whom the admin listener serves the console.
    pub console: Console,
}

impl ServerInputs {
    /// Checks the inputs, and returns the configuration or everything that is wrong.
    pub fn resolve(self, environment: &Environment) -> Result<HostConfig, ConfigError> {
        let mut problems = Problems::new();
        let database = problems.check(required_database(self.database_url.as_deref()));
        let connections = problems.check(check_database_connections(self.database_connections));
        let master_keys = self.master_keys.check(environment, &mut problems);
        let front = self.front.check(environment, &mut problems);
        let (Some(database), Some(database_connections), Some(master_keys), Some(front)) =
            (database, connections, master_keys, front)
        else {
            return Err(problems.into_error());
        };
        let ListenConfig {
            listen,
            admin_listen,
            tls,
            limits,
            admin_token,
            graph,
            egress,
            guests,
            rsa_batches,
            console,
        } = front;
        Ok(HostConfig {
            database,
            database_connections,
            migrations: MigrationPolicy::Require,
            listen,
            admin_listen,
            tls,
            limits,
            drain_delay: Duration::from_secs(self.drain_delay_seconds.into()),
            master_keys,
            admin_token,
            longest_login_delay: LONGEST_LOGIN_DELAY,
            graph,
            compile: CompileConfig {
                code_cache: code_cache(self.code_cache.as_deref(), environment),
                ..CompileConfig::default()
            },
            egress,
            guests,
            rsa_batches,
            console,
        })
    }
}

impl ListenArgs {
    /// Checks the inputs, and returns the front or everything that is wrong.
    pub fn resolve(&self, environment: &Environment) -> Result<ListenConfig, ConfigError> {
        let mut problems = Problems::new();
        self.check(environment, &mut problems).ok_or_else(|| problems.into_error())
    }

    fn check(&self, environment: &Environment, problems: &mut Problems) -> Option<ListenConfig> {
        let admin_token = problems.check(admin_token(environment));
        let listen = problems.check(parse_listen_address("--listen", &self.listen, "0.0.0.0"));
        let admin_listen =
            problems.check(parse_listen_address("--admin-listen", &self.admin_listen, "127.0.0.1"));
        let tls = problems.check(check_tls(self.tls_cert.as_deref(), self.tls_key.as_deref()));
        let limits = problems.check(http_limits(self.max_connections));
        let own = problems.check(own_addresses(&self.own_addresses));
        let guests = problems.check(GuestsConfig::parse(self.guest_memory_mib));
        let rsa_batches = problems.check(RsaBatches::parse(&self.rsa_batches));
        let log = problems.check(check_log_filter(&self.log_filter));
        let graph = problems.check(parse_graph_url(&self.graph_url)).map(|url| GraphConfig {
            url,
            check_interval: Duration::from_secs(self.graph_check_seconds.into()),
            ..GraphConfig::default()
        });
        log.and(Some(ListenConfig {
            listen: listen?,
            admin_listen: admin_listen?,
            tls: tls?,
            limits: limits?,
            admin_token: admin_token?,
            graph: graph?,
            egress: EgressConfig {
                guard: Guard {
                    private_addresses: self.private_egress,
                    own: own?,
                    ..Guard::default()
                },
                ..EgressConfig::default()
            },
            guests: guests?,
            rsa_batches: rsa_batches?,
            console: if self.console { Console::On } else { Console::Off },
        }))
    }
}

/// Reads `ADDRESS:PORT`, `localhost:PORT`, or `:PORT` on the default address.
fn parse_listen_address(
    flag: &str,
    text: &str,
    default_address: &str,
) -> Result<SocketAddr, String> {
    let spelled_out = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None if text.starts_with(':') => format!("{default_address}{text}"),
        None => text.to_owned(),
    };
    spelled_out
        .parse()
        .map_err(|_| format!("{flag} {text:?} is not ADDRESS:PORT, for example 127.0.0.1:8080 (port 0 picks a free one)"))
}

/// Checks that both files or neither are given, and that the key belongs to the certificate.
fn check_tls(certificate: Option<&Path>, key: Option<&Path>) -> Result<Option<TlsFiles>, String> {
    let (certificate, key) = match (certificate, key) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate.to_owned(), key.to_owned()),
        (Some(_), None) => {
            return Err("--tls-cert needs --tls-key, the file with the certificate's private key"
                .to_owned());
        }
        (None, Some(_)) => {
            return Err("--tls-key needs --tls-cert, the file with the certificate".to_owned());
        }
    };
    let files = TlsFiles { certificate, key };
    files
        .check()
        .map_err(|error| format!("--tls-cert and --tls-key: {}", telemetry::chain(&error)))?;
    Ok(Some(files))
}

fn own_addresses(given: &[String]) -> Result<OwnAddresses, String> {
    let read = |text: &String| {
        text.trim().parse::<OwnAddress>().map_err(|problem| format!("--own-address {problem}"))
    };
    let given: Result<_, _> =
        given.iter().filter(|text| !text.trim().is_empty()).map(read).collect();
    given.map(OwnAddresses::known_as)
}

fn http_limits(max_connections: Option<usize>) -> Result<HttpLimits, String> {
    let mut limits = HttpLimits::default();
    limits.public.max_connections = max_connections.unwrap_or(limits.public.max_connections);
    if (1..=MOST_CONNECTIONS).contains(&limits.public.max_connections) {
        Ok(limits)
    } else {
        Err(format!("--max-connections is not a number from 1 to {MOST_CONNECTIONS}"))
    }
}

/// Checks that a log filter can be parsed.
pub fn check_log_filter(filter: &str) -> Result<(), String> {
    EnvFilter::try_new(filter).map(drop).map_err(|error| {
        format!(
            "FLOWHOST_LOG {filter:?} is not a log filter, for example info,flowhost=debug: {error}"
        )
    })
}

fn admin_token(environment: &Environment) -> Result<Option<AdminToken>, String> {
    let Some(text) = environment.admin_token()? else { return Ok(None) };
    AdminToken::parse(text.expose())
        .map(Some)
        .map_err(|problem| format!("FLOWHOST_ADMIN_TOKEN {problem}"))
}

/// More than the files that a process may open on any usual system.
const MOST_CONNECTIONS: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DATABASE_CONNECTIONS, GRAPH_URL};
    use flowhost_protocol::crypto::MasterKey;

    fn front(listen: &str, admin_listen: &str, log_filter: &str) -> ListenArgs {
        ListenArgs {
            listen: listen.to_owned(),
            admin_listen: admin_listen.to_owned(),
            tls_cert: None,
            tls_key: None,
            max_connections: None,
            log_filter: log_filter.to_owned(),
            graph_url: GRAPH_URL.to_owned(),
            graph_check_seconds: 600,
            private_egress: false,
            own_addresses: Vec::new(),
            guest_memory_mib: None,
            rsa_batches: "auto".into(),
            console: true,
        }
    }

    fn inputs() -> ServerInputs {
        ServerInputs {
            database_url: Some("postgres://someone:pa55word@localhost/flowhost".to_owned()),
            database_connections: DATABASE_CONNECTIONS,
            master_keys: no_key_files(),
            front: front("0.0.0.0:8080", "127.0.0.1:8081", "info"),
            code_cache: None,
            drain_delay_seconds: 0,
        }
    }

    fn no_key_files() -> MasterKeyInputs {
        MasterKeyInputs { file: None, second_file: None }
    }

    fn a_key() -> String {
        MasterKey::generate().to_base64().to_string()
    }

    #[test]
    fn lists_all_problems_together() {
        let environment = Environment::of(&[("FLOWHOST_ADMIN_TOKEN", "two words")]);
        let front = ListenArgs {
            graph_url: "http://example.com".to_owned(),
            rsa_batches: "always".into(),
            ..front("nowhere", "127.0.0.1:99999", "flowhost=loud")
        };
        let given = ServerInputs {
            database_url: None,
            database_connections: 3,
            master_keys: no_key_files(),
            front,
            ..inputs()
        };

        let Err(error) = given.resolve(&environment) else { panic!("must be refused") };

        let text = error.to_string();
        for name in [
            "DATABASE_URL",
            "--database-connections",
            "FLOWHOST_MASTER_KEY",
            "FLOWHOST_ADMIN_TOKEN",
            "--listen",
            "--admin-listen",
            "FLOWHOST_LOG",
            "--graph-url",
            "--rsa-batches",
        ] {
            assert!(text.contains(name), "{name} is not in: {text}");
        }
        assert!(!text.contains("two words"), "{text}");
    }

    #[test]
    fn production_never_applies_migrations_by_itself() {
        let environment = Environment::of(&[
            ("FLOWHOST_MASTER_KEY", &a_key()),
            ("FLOWHOST_ADMIN_TOKEN", "token"),
        ]);

        let Ok(config) = inputs().resolve(&environment) else { panic!("must be accepted") };

        assert_eq!(config.migrations, MigrationPolicy::Require);
        assert_eq!(config.listen.to_string(), "0.0.0.0:8080");
        assert_eq!(config.admin_token.unwrap().expose(), "token");
    }

    #[test]
    fn the_key_file_wins_over_the_variable() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{}\n", a_key())).unwrap();
        let given = ServerInputs {
            master_keys: MasterKeyInputs { file: Some(file.path().to_owned()), second_file: None },
            ..inputs()
        };

        assert!(given.resolve(&Environment::of(&[("FLOWHOST_MASTER_KEY", "not a key")])).is_ok());
    }

    #[test]
    fn problems_repeat_no_secret() {
        let environment = Environment::of(&[("FLOWHOST_MASTER_KEY", "c2VjcmV0")]);
        let given = ServerInputs {
            database_url: Some("mysql://someone:pa55word@localhost/db".to_owned()),
            ..inputs()
        };

        let Err(error) = given.resolve(&environment) else { panic!("must be refused") };

        assert_eq!(error.problems().len(), 2, "{error}");
        assert!(
            !error.to_string().contains("pa55word") && !error.to_string().contains("c2VjcmV0"),
            "{error}"
        );
    }

    #[test]
    fn a_certificate_needs_its_key_and_both_their_files() {
        let file = Some(Path::new("/does/not/exist.pem"));

        assert_eq!(check_tls(None, None), Ok(None));
        assert!(check_tls(file, None).unwrap_err().contains("--tls-key"));
        assert!(check_tls(None, file).unwrap_err().contains("--tls-cert"));
        assert!(check_tls(file, file).unwrap_err().contains("/does/not/exist.pem"));
    }

    #[test]
    fn own_addresses_are_addresses_and_names_and_no_urls() {
        let read =
            |text: &str| own_addresses(&text.split(',').map(str::to_owned).collect::<Vec<_>>());
        assert!(read("flows.example.com, 8.8.4.4,[2606:4700::1]").is_ok() && read("").is_ok());
        assert!(read("https://flows.example.com").unwrap_err().contains("--own-address"));
    }

    #[test]
    fn a_listener_without_connections_is_none() {
        assert_eq!(http_limits(None).unwrap(), HttpLimits::default());
        assert_eq!(http_limits(Some(7)).unwrap().public.max_connections, 7);
        assert!(http_limits(Some(0)).is_err());
        assert!(http_limits(Some(usize::MAX)).is_err());
    }

    #[test]
    fn short_addresses_get_the_default_host() {
        let read = |text| {
            parse_listen_address("--listen", text, "0.0.0.0").map(|address| address.to_string())
        };

        assert_eq!(read(":0").unwrap(), "0.0.0.0:0");
        assert_eq!(read("localhost:80").unwrap(), "127.0.0.1:80");
        assert_eq!(read("[::1]:80").unwrap(), "[::1]:80");
        assert!(read("8080").is_err());
    }
}
