//! Photos and documents: picked in a chat and named in scenarios, served by the client, and fetched
//! by the plugin.

use flowhost_tests::{DataFolder, Ended, HostProcess, TestHost};

use super::chat::with_input;
use super::stage::Stage;
use crate::capabilities::calling_flow;

/// The sandbox, and a host for development.
#[tokio::test]
async fn a_scenario_with_files_is_the_same_in_the_sandbox_and_at_a_host() {
    let data = DataFolder::new();
    let host = HostProcess::dev(&data).await;
    let stage = Stage::of(&calling_flow(&host.tenant("acme").await).await).await;
    let scenario = stage.write("scenarios/files.toml", SCENARIO);
    stage.write("scenarios/photo.txt", "a picture");

    let tested = Ended::of(stage.sandbox()).await;
    assert_eq!(tested.code, Some(0), "{tested:?}");
    let run = Ended::of(stage.run(&scenario)).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!run.stdout.contains("skipped"), "{run:?}");
}

#[tokio::test]
async fn files_are_picked_in_a_chat_by_their_paths() {
    let data = DataFolder::new();
    let host = HostProcess::dev(&data).await;
    let stage = Stage::of(&calling_flow(&host.tenant("acme").await).await).await;
    let [photo, paper] = ["photo.txt", "paper.txt"].map(|name| {
        let path = stage.write(&format!("scenarios/{name}"), &format!("this is {name}"));
        path.display().to_string()
    });
    let flow_json = stage.write("flow.json", PICKERS);
    let mut command = stage.recorded_chat("scenarios/picked.toml");
    command.arg("--flow-json").arg(flow_json);

    let missing = stage.path("missing.jpg").display().to_string();
    let two = format!("{photo}, {paper}");
    // What the user picks first and then not is never sent.
    let typed = [missing.as_str(), &photo, ":again", &two, "", ":quit"];
    let ended = with_input(command, &typed).await;

    assert_eq!(ended.code, Some(0), "{ended:?}");
    for expected in [
        "Photos* (paths of files, at least 1 file, at most 2 files): ",
        &format!("! can't read {missing}: "),
        "Photos* (paths of files, at least 1 file, at most 2 files) [photo.txt, paper.txt]",
        r#"[{"body":"this is photo.txt","bytes":17,"name":"photo.txt"},{"body":"this is paper.txt","bytes":17,"name":"paper.txt"}]"#,
    ] {
        assert!(ended.stdout.contains(expected), "{expected}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("encryption_key"), "{ended:?}");
    // The recorded scenario names the files, and is the same in the sandbox and at the host.
    let recorded = stage.read("scenarios/picked.toml");
    assert!(
        recorded.contains("file = \"paper.txt\"") && !recorded.contains("cdn_url"),
        "{recorded}"
    );
    let tested = Ended::of(stage.sandbox()).await;
    assert_eq!(tested.code, Some(0), "{tested:?}\n{recorded}");
    let run = Ended::of(stage.run(&stage.path("scenarios/picked.toml"))).await;
    assert_eq!(run.code, Some(0), "{run:?}\n{recorded}");
}

#[tokio::test]
async fn a_host_that_is_not_for_development_fetches_nothing_from_a_client() {
    let host = TestHost::start().await;
    let stage = Stage::of(&calling_flow(&host.tenant("acme").await).await).await;
    let scenario = stage.write(
        "scenarios/files.toml",
        "[[media]]\nmedia_id = \"note\"\ntext = \"a note\"\n\n[[step]]\n\
         send = { action = \"INIT\", data = { do = \"fetch-all\", photos = [{ media_id = \"note\" }] } }\n\
         expect = { screen = \"NEXT\", data.outcomes = [{ error = \"invalid-reference\" }] }\n",
    );

    let run = Ended::of(stage.run(&scenario)).await;

    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("line 1: the file note was never fetched"), "{run:?}");
    assert!(run.stdout.contains("`flowhost dev`") && !run.stdout.contains("came"), "{run:?}");
}

#[tokio::test]
async fn a_file_whose_step_was_not_played_is_not_called_unfetched() {
    let host = TestHost::start().await;
    let stage = Stage::of(&calling_flow(&host.tenant("acme").await).await).await;
    let scenario = stage.write(
        "scenarios/files.toml",
        "[config]\nkey = \"of the sandbox\"\n\n[[media]]\nmedia_id = \"early\"\ntext = \"a\"\n\n[[media]]\nmedia_id = \"late\"\ntext = \"b\"\n\n\
         [[step]]\nsend = { action = \"INIT\", data = { do = \"nothing\", photos = [{ media_id = \"early\" }] } }\n\
         expect = { screen = \"ANOTHER\" }\n\n\
         [[step]]\nsend = { action = \"data_exchange\", screen = \"NEXT\", data = { do = \"fetch-all\", photos = [{ media_id = \"late\" }] } }\n\
         expect = { screen = \"NEXT\" }\n",
    );

    let run = Ended::of(stage.run(&scenario)).await;

    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("the file early was never fetched"), "{run:?}");
    assert!(!run.stdout.contains("late"), "{run:?}");
}

#[tokio::test]
async fn a_file_that_is_missing_or_too_large_is_named() {
    let host = TestHost::start().await;
    let stage = Stage::of(&calling_flow(&host.tenant("acme").await).await).await;
    let scenario = stage.write(
        "scenarios/files.toml",
        "[[media]]\nmedia_id = \"film\"\nfile = \"film.mp4\"\n\n[[step]]\nsend = { action = \"INIT\" }\n",
    );
    let film = stage.path("scenarios/film.mp4");

    for told in ["can't read ", "is too large: a file that users pick has at most 25 MiB"] {
        for command in [stage.sandbox(), stage.run(&scenario)] {
            let ended = Ended::of(command).await;
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert!(
                ended.stdout.contains(told) && ended.stdout.contains(&film.display().to_string()),
                "{told}: {ended:?}"
            );
        }
        // It is there the second time.
        std::fs::File::create(&film).unwrap().set_len((25 << 20) + 1).unwrap();
    }
}

/// Every kind of file, in both forms of a step.
const SCENARIO: &str = r#"
[[media]]
media_id = "photo"
file = "photo.txt"

[[media]]
media_id = "note"
text = "a note"

[[media]]
media_id = "damaged"
error = "check-failed"

[[media]]
media_id = "expired"
error = "download-failed"

[[media]]
media_id = "film"
error = "too-large"

[[step]]
send = { action = "INIT", data = { do = "fetch-all", photos = [{ media_id = "photo" }, { media_id = "note", file_name = "b.txt" }] } }
[step.expect]
screen = "NEXT"
data.outcomes = [
    { bytes = 9, body = "a picture", name = "photo.txt" },
    { bytes = 6, body = "a note", name = "b.txt" },
]

[[step]]
[step.send]
action = "data_exchange"
screen = "NEXT"
data.do = "fetch-all"
data.photos = [{ media_id = "damaged" }, { media_id = "expired" }, { media_id = "film" }]
[step.expect]
screen = "NEXT"
data.outcomes = [{ error = "check-failed" }, { error = "download-failed" }, { error = "too-large" }]

# A reference without its keys is none.
[[step]]
send = { action = "data_exchange", screen = "NEXT", data = { do = "fetch-all", photos = [{ file_name = "photo.txt" }] } }
expect = { screen = "NEXT", data.outcomes = [{ error = "invalid-reference" }] }
"#;

/// A screen with a picker, which shows what the plugin says of the files.
const PICKERS: &str = r#"{
  "version": "7.3", "data_api_version": "3.0", "routing_model": { "NEXT": ["END"], "END": [] },
  "screens": [
    {
      "id": "NEXT", "title": "Files",
      "data": { "said": { "type": "string", "__example__": "nothing" } },
      "layout": { "type": "SingleColumnLayout", "children": [
        { "type": "TextBody", "text": "${data.said}" },
        { "type": "PhotoPicker", "name": "photos", "label": "Photos", "min-uploaded-photos": 1, "max-uploaded-photos": 2 },
        { "type": "Footer", "label": "Send", "on-click-action": {
          "name": "data_exchange", "payload": { "do": "fetch-all", "photos": "${form.photos}" }
        } }
      ] }
    },
    {
      "id": "END", "title": "End", "terminal": true,
      "layout": { "type": "SingleColumnLayout", "children": [
        { "type": "Footer", "label": "Done", "on-click-action": { "name": "complete", "payload": {} } }
      ] }
    }
  ]
}"#;
