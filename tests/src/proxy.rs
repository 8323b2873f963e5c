//! nginx and HAProxy in front of hosts, with the settings that `host/docs/operators.md` shows.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::certificate::TestCertificate;

/// A proxy in a process of its own, which is killed on drop.
#[derive(Debug)]
pub struct Proxy {
    name: &'static str,
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Proxy {
    /// nginx in front of the host at this URL; it streams bodies. `None` if it is not installed.
    pub fn nginx(host: &str) -> Option<Self> {
        let (port, host) = (free_port(), host.trim_start_matches("http://"));
        Self::nginx_with(
            port,
            &format!(
                "keepalive_requests 100000; upstream flowhost {{ server {host}; keepalive 2; }}\n\
             server {{ listen 127.0.0.1:{port}; location / {{\n\
             proxy_pass http://flowhost; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_request_buffering off;\n\
             }} }}\n"
            ),
        )
    }

    /// nginx with TLS, and these lines of a server's configuration. `None` if it is not installed.
    pub fn nginx_with_tls(lines: &str, certificate: &TestCertificate) -> Option<Self> {
        let (port, files) = (free_port(), certificate.files());
        let (chain, key) = (files.certificate.display(), files.key.display());
        let server = format!(
            "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; ssl_certificate_key {key};\n{lines}\n}}\n"
        );
        let mut proxy = Self::nginx_with(port, &server)?;
        proxy.url = format!("https://127.0.0.1:{port}");
        Some(proxy)
    }

    /// nginx with these lines for HTTP.
    fn nginx_with(port: u16, lines: &str) -> Option<Self> {
        let folder = folder();
        let path = folder.path().display();
        let config = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log;\n\
             events {{}}\n\
             http {{\n\
             access_log off; client_body_temp_path {path}; proxy_temp_path {path}; fastcgi_temp_path {path}; scgi_temp_path {path};\n\
             uwsgi_temp_path {path};\n\
             {lines}\
             }}\n"
        );
        Self::start("nginx", &["-e", "stderr", "-c"], &config, port, folder)
    }

    /// HAProxy in front of hosts, given by the URLs of their two listeners. It retries nothing, so
    /// that every failure shows. `None` if it is not installed.
    pub fn haproxy(hosts: &[(&str, &str)]) -> Option<Self> {
        let (port, folder) = (free_port(), folder());
        let servers: String = hosts
            .iter()
            .enumerate()
            .map(|(number, (public, admin))| {
                let (public, check) = (public.trim_start_matches("http://"), admin.rsplit_once(':').expect("a port").1);
                format!("    server host{number} {public} check port {check} inter 500ms fall 3 rise 1\n")
            })
            .collect();
        let config = format!(
            "defaults\n    mode http\n    timeout connect 5s\n    timeout client 75s\n    timeout server 30s\n    timeout check 4s\n\
             frontend public\n    bind 127.0.0.1:{port}\n    default_backend flowhost\n\
             backend flowhost\n    http-reuse always\n    retries 0\n    option httpchk\n\
             \x20   http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host flowhost\n{servers}"
        );
        Self::start("haproxy", &["-db", "-f"], &config, port, folder)
    }

    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    fn start(
        name: &'static str,
        arguments: &[&str],
        config: &str,
        port: u16,
        folder: TempDir,
    ) -> Option<Self> {
        let file = folder.path().join("proxy.conf");
        std::fs::write(&file, config).expect("a file can be written");
        let spawn = |program: &str| {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .arg(&file)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::inherit())
                .spawn()
        };
        // Debian installs them outside the usual users' PATH.
        let process = match spawn(name).or_else(|_| spawn(&format!("/usr/sbin/{name}"))) {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("skipped: {name} is not installed (apt install nginx-light haproxy)");
                return None;
            }
            Err(error) => panic!("{name} can't be run: {error}"),
        };
        let mut proxy =
            Self { name, process, url: format!("http://127.0.0.1:{port}"), _folder: folder };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                proxy.process.try_wait().expect("the process can be asked").is_none(),
                "{name} ended instead of serving"
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Some(proxy)
    }

    /// The name of the program.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The proxy's URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

/// A free port, since a proxy can't be asked which port it got.
fn free_port() -> u16 {
    let socket = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    socket.local_addr().expect("it has an address").port()
}
