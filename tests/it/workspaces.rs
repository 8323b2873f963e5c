//! Several plugins in one workspace, as `plugin new --workspace` makes it.

use std::fs;
use std::path::Path;

use flowhost_tests::{Ended, flowhost, repository};

#[tokio::test]
async fn plugins_of_a_workspace_are_built_and_played_with_what_they_share() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("acme-flows");
    let run = async |arguments: &[&str], project: &Path| {
        let mut command = flowhost(arguments);
        command.arg(project).env("CARGO_TARGET_DIR", repository("target/wasm"));
        let ended = Ended::of(command).await;
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        ended
    };
    let (booking, survey) = (root.join("plugins/booking"), root.join("plugins/survey"));
    run(&["plugin", "new", "--workspace"], &booking).await;
    run(&["plugin", "new"], &survey).await;
    let source = booking.join("src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    let text = text.replace("/// The user opens the flow.", "/// Uses what is shared.").replace(
        "Ok(Reply::show(question_screen(&session.state)))\n    }\n\n    /// The user sends",
        "shared::guests(\"2\")?;\n        Ok(Reply::show(question_screen(&session.state)))\n    }\n\n    /// The user sends",
    );
    assert!(text.contains("shared::guests"), "{text}");
    fs::write(&source, text).unwrap();

    for project in [&booking, &survey] {
        let played = run(&["plugin", "test"], project).await;
        assert!(played.stdout.contains("2 passed"), "{played:?}");
    }
}
