//! Runs every command of the pages for people, in order, in a folder of its own.
//!
//! Blocks of ```` ```sh ```` are run; those of ```` ```text ```` or ```` ```console ```` only show
//! something. All blocks of a page run in one shell, which stops at the first command that fails.

use std::path::Path;
use std::process::Command;

use flowhost_tests::{Component, DataFolder, Ended, TestDatabase, flowhost, repository};

#[tokio::test]
async fn what_operators_are_told_works() {
    let database = TestDatabase::empty().await;
    let owner = database.url();
    let (_, place) = owner.split_once('@').expect("a URL with a user");
    let page = Page::new(
        "host/docs/operators.md",
        &[
            ("postgres://owner@db/flowhost", &format!("'{owner}'")),
            ("postgres://serving@db/flowhost", &format!("'postgres://documents_serving@{place}'")),
            ("role serving", "role documents_serving"),
            (" my-plugin/flow.json", &format!(" {}", repository("plugins/appointment/flow.json"))),
            // Between the two its author has changed it.
            (" my-plugin --grant", " my-next-plugin.wasm --grant"),
            (" my-plugin", " my-plugin.wasm"),
        ],
    );
    for (name, component) in
        [("my-plugin.wasm", Component::Appointment), ("my-next-plugin.wasm", Component::Echo)]
    {
        std::fs::write(page.folder.path().join(name), component.bytes().await).unwrap();
    }
    page.works().await;
}

#[tokio::test]
async fn what_the_readme_says_makes_a_plugin_of_ones_own_and_serves_it() {
    let mut page = Page::new("README.md", &[("target/debug/flowhost client", "flowhost client")]);
    page.afterwards = AFTER_A_CHANGE;
    let ended = page.works().await;

    for shown in [
        "2 passed",
        "# Thank you, Ana!",
        "the chat gets {",
        "\"question\":\"Where is my parcel?\"",
        "Many thanks, Ana!",
    ] {
        assert!(ended.stdout.contains(shown), "{shown}: {}\n{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn contributors_are_told_to_run_what_every_change_is_checked_with() {
    let page = std::fs::read_to_string(repository("host/docs/contributing.md")).unwrap();
    let checks = std::fs::read_to_string(repository(".ci/run")).unwrap();
    let commands: Vec<_> = shell_blocks(&page)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    for command in &commands {
        // The script names the workspaces of the guests by a variable.
        let part = command.split(" --all").next().unwrap();
        assert!(checks.contains(part), "no step of .ci/run is `{part}`");
    }
    assert_eq!(commands.len(), 3);
}

#[test]
fn what_the_sdks_pages_show_can_be_copied_as_it_stands() {
    for name in ["guest-sdk/README.md", "guest-sdk/COOKBOOK.md"] {
        let page = std::fs::read_to_string(repository(name)).unwrap();
        let blocks: Vec<_> = page.split("```").skip(1).step_by(2).collect();
        let hidden = blocks
            .iter()
            .filter_map(|block| block.strip_prefix("rust\n"))
            .flat_map(str::lines)
            .find(|line| *line == "#" || line.starts_with("# "));
        assert_eq!(hidden, None, "{name}: only rustdoc hides such a line");
        assert!(!page.contains("](crate::"), "{name} has a link that only rustdoc follows");
        assert!(!page.contains("[`"), "{name} has a link that only rustdoc follows");
        assert!(blocks.len() >= 10, "{name}");
    }
}

/// A page, and the folder in which its commands run.
struct Page {
    name: String,
    text: String,
    folder: DataFolder,
    /// Commands to run after the page's, in the same shell.
    afterwards: &'static str,
}

impl Page {
    /// Loads a page of this repository and replaces its examples by this machine's values. Each
    /// example must occur in it.
    fn new(name: &str, instead: &[(&str, &str)]) -> Self {
        let mut text = std::fs::read_to_string(repository(name)).unwrap();
        for (example, real) in instead {
            assert!(text.contains(example), "{name} has no {example} any more");
            text = text.replace(example, real);
        }
        let folder = DataFolder::new();
        // PostgreSQL may run as another user, who needs to enter the folder.
        std::fs::create_dir(folder.path()).unwrap();
        Self { name: name.to_owned(), text, folder, afterwards: "" }
    }

    async fn works(self) -> Ended {
        let script = format!("{PRELUDE}{}{}", shell_blocks(&self.text), self.afterwards);
        let folder = self.folder.path();
        let file = folder.join("script");
        std::fs::write(&file, &script).unwrap();
        let ended = Ended::of(self.shell(&file)).await;
        assert_eq!(ended.code, Some(0), "{}\n{}\n{}", self.name, ended.stdout, ended.stderr);
        ended
    }

    fn shell(&self, script: &Path) -> Command {
        // Taken only for its environment, which holds no settings.
        let like = flowhost(&[]);
        let mut command = Command::new("bash");
        like.get_envs().for_each(|(name, value)| match value {
            Some(value) => drop(command.env(name, value)),
            None => drop(command.env_remove(name)),
        });
        command
            .arg(script)
            .current_dir(self.folder.path())
            .env("PROGRAM", flowhost_tests::program());
        // What a new plugin is made with is built already, for the plugins that the tests deploy.
        command.env("CARGO_TARGET_DIR", repository("target/wasm"));
        command
    }
}

/// The shell blocks of a page, each preceded by its line number.
fn shell_blocks(page: &str) -> String {
    let mut script = String::new();
    let mut in_block = false;
    for (number, line) in page.lines().enumerate() {
        match line {
            "```sh" => {
                in_block = true;
                script.push_str(&format!("# line {}\n", number + 2));
            }
            "```" => in_block = false,
            _ if in_block => {
                // The public URL is known only once the host runs.
                let line = line
                    .replace("http://127.0.0.1:8080", "$PUBLIC_URL")
                    .replace("http://127.0.0.1:8081", "$FLOWHOST_URL");
                script.push_str(&format!("{line}\n"));
            }
            _ => {}
        }
    }
    assert!(!script.is_empty(), "a page without commands");
    script
}

/// A plugin's author sees what it logged, makes a mistake, fixes it, and sees the change.
const AFTER_A_CHANGE: &str = r#"
until grep -Eq "info +v1 a question about" host.out; do kill -0 "$HOST_PROCESS"; sleep 0.1; done
echo 'a mistake' >>../hello/src/lib.rs
until grep -q "Waiting for a change" host.err; do kill -0 "$HOST_PROCESS"; sleep 0.1; done
sed -i '$d; s/Thank you/Many thanks/' ../hello/src/lib.rs
until grep -q "hello version 2 is active" host.out; do kill -0 "$HOST_PROCESS"; sleep 0.1; done
flowhost client call --url "$PUBLIC_URL/flows/dev/hello" --action data_exchange --screen QUESTION --flow-token changed \
    --data '{"topic":"order","name":"Ana","question":"Why?"}' \
    --public-key .flowhost/dev-public-key.pem --app-secret-file .flowhost/secrets/dev-app-secret
"#;

/// Replaces the person at the terminal. `cargo` does nothing, because the program is built already
/// and the demo has a test of its own; a host that the page starts runs in the background on ports
/// of its own; and a chat gets its answers from a pipe.
const PRELUDE: &str = r#"
set -euo pipefail
trap 'set +e; [ -z "${HOST_PROCESS-}" ] || { kill "$HOST_PROCESS"; wait "$HOST_PROCESS"; }' EXIT
cargo() { :; }
flowhost() {
    case "${1-} ${2-}" in
    dev* | serve*)
        "$PROGRAM" "$@" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --log warn --ready-file "$PWD/ready.json" >host.out 2> >(tee host.err >&2) &
        HOST_PROCESS=$!
        until [ -s ready.json ]; do kill -0 "$HOST_PROCESS"; sleep 0.1; done
        PUBLIC_URL=$(sed 's/.*"public":"\([^"]*\)".*/\1/' ready.json)
        export FLOWHOST_URL=$(sed 's/.*"admin":"\([^"]*\)".*/\1/' ready.json)
        case $* in *--plugin*) until grep -q "is active" host.out; do kill -0 "$HOST_PROCESS"; sleep 0.1; done ;; esac
        ;;
    "client chat") printf '%s\n' 1 Ana "Where is my parcel?" "" "" | "$PROGRAM" "$@" ;;
    *) "$PROGRAM" "$@" ;;
    esac
}
"#;
