//! `flowhost client chat --record`: a conversation becomes a scenario.

use flowhost_tests::{Ended, TestFlow, TestHost};
use serde_json::json;

use super::chat::with_input;
use super::stage::Stage;
use crate::capabilities::calling_flow;

#[tokio::test]
async fn a_recorded_chat_passes_in_the_sandbox_and_at_the_host() {
    let (_host, flow) = start().await;
    let stage = Stage::of(&flow).await;
    let scenario = stage.write("scenarios/none.txt", "").with_file_name("drawn.toml");

    let typed = [r#"{"do":"draw","times":2}"#, r#"{"do":"nothing","text":"$5"}"#, ":quit"];
    let chat = with_input(stage.recorded_chat("scenarios/drawn.toml"), &typed).await;

    assert_eq!(chat.code, Some(0), "{chat:?}");
    assert!(chat.stdout.contains("Recorded 3 steps in "), "{chat:?}");
    assert_eq!(chat.stderr, "", "the host and the sandbox answer alike");
    let recorded = stage.read("scenarios/drawn.toml");
    for part in [
        "now = 20",
        "id = \"$string\"",
        "today = \"$string\"",
        "token = \"$string\"",
        "text = \"$$5\"",
    ] {
        assert!(recorded.contains(part), "{part}: {recorded}");
    }
    for _ in 0..2 {
        for command in [stage.sandbox(), stage.run(&scenario)] {
            let played = Ended::of(command).await;
            assert_eq!(played.code, Some(0), "{played:?}\n{recorded}");
        }
    }
}

#[tokio::test]
async fn what_the_sandbox_lacks_is_told_and_expected_as_it_is_there() {
    let (_host, flow) = start().await;
    flow.call("PUT", "/config/greeting", json!({"value": "hello"})).await.expect(204);
    let stage = Stage::of(&flow).await;
    stage.write("scenarios/none.txt", "");

    let typed = [r#"{"do":"config","key":"greeting"}"#, ":quit"];
    let chat = with_input(stage.recorded_chat("scenarios/greeting.toml"), &typed).await;

    assert_eq!(chat.code, Some(0), "{chat:?}");
    for part in [
        "step 2: /data/outcomes/0/value is \"$null\" in the sandbox, and was \"hello\" in the chat",
        "add what is missing",
    ] {
        assert!(chat.stderr.contains(part), "{part}: {chat:?}");
    }
    let tested = Ended::of(stage.sandbox()).await;
    assert_eq!(tested.code, Some(0), "{tested:?}");
}

#[tokio::test]
async fn what_a_phone_would_hide_is_told_to_be_in_the_file() {
    let (_host, flow) = start().await;
    let stage = Stage::of(&flow).await;
    stage.write("scenarios/none.txt", "");
    let form = json!({"type": "Form", "name": "form", "children": [
        {"type": "TextInput", "name": "pin", "label": "PIN", "input-type": "passcode"},
        {"type": "Footer", "label": "On", "on-click-action": {"name": "data_exchange", "payload": {"body": "${form.pin}"}}}
    ]});
    let outcomes =
        json!({"type": "array", "items": {"type": "object", "properties": {}}, "__example__": []});
    let document = json!({"version": "7.2", "data_api_version": "3.0", "routing_model": {"NEXT": []}, "screens": [
        {"id": "NEXT", "title": "Next", "terminal": true, "data": {"outcomes": outcomes},
            "layout": {"type": "SingleColumnLayout", "children": [form]}}
    ]});
    let flow_json = stage.write("elsewhere/flow.json", &document.to_string());
    let mut command = stage.recorded_chat("scenarios/pin.toml");
    command.arg("--flow-json").arg(flow_json);

    let chat = with_input(command, &["4711", "", ":quit"]).await;

    assert_eq!(chat.code, Some(0), "{chat:?}");
    assert!(!chat.stdout.contains("4711"), "{chat:?}");
    assert!(stage.read("scenarios/pin.toml").contains("4711"));
    assert!(chat.stderr.contains("typed into pin is in"), "{chat:?}");
}

/// The sandbox has none of what a plugin does before it fetches a file, such as its requests.
#[tokio::test]
async fn all_files_that_were_sent_are_named_though_the_sandbox_fetches_none() {
    let (_host, flow) = start().await;
    let stage = Stage::of(&flow).await;
    stage.write("scenarios/none.txt", "");
    let [one, two] = ["photos/one.txt", "scenarios/two.txt"].map(|name| {
        let path = stage.write(name, name);
        path.display().to_string()
    });
    let flow_json = stage.write("elsewhere/flow.json", PICKER);
    let mut command = stage.recorded_chat("scenarios/photos.toml");
    command.arg("--flow-json").arg(flow_json);

    // What was picked first and then not is never sent.
    let typed = [one.as_str(), ":again", &format!("{one},{two}"), "", ":quit"];
    let chat = with_input(command, &typed).await;

    assert_eq!(chat.code, Some(0), "{chat:?}");
    let recorded = stage.read("scenarios/photos.toml");
    for file in ["file = \"../photos/one.txt\"", "file = \"two.txt\""] {
        assert_eq!(recorded.matches(file).count(), 1, "{file}: {recorded}");
    }
    for command in [stage.sandbox(), stage.run(&stage.path("scenarios/photos.toml"))] {
        let played = Ended::of(command).await;
        assert_eq!(played.code, Some(0), "{played:?}\n{recorded}");
    }
}

#[tokio::test]
async fn a_chat_is_not_lost_because_the_plugin_can_not_be_played() {
    let (_host, flow) = start().await;
    let stage = Stage::of(&flow).await;
    stage.write("scenarios/none.txt", "");
    let component = stage.path("component.wasm");
    let away = stage.path("away.wasm");
    std::fs::rename(&component, &away).unwrap();

    let typed = [r#"{"do":"nothing"}"#, ":quit"];
    let chat = with_input(stage.recorded_chat("scenarios/kept.toml"), &typed).await;

    assert_ne!(chat.code, Some(0), "{chat:?}");
    assert!(chat.stderr.contains("component.wasm") && chat.stderr.contains("--update"), "{chat:?}");
    std::fs::rename(&away, &component).unwrap();
    let mut update = stage.sandbox();
    update.arg("--update");
    let updated = Ended::of(update).await;
    assert_eq!(updated.code, Some(0), "{updated:?}");
    assert!(stage.read("scenarios/kept.toml").contains("outcomes = []"), "{updated:?}");
}

#[tokio::test]
async fn a_scenario_is_never_written_over_and_belongs_to_a_project() {
    let (_host, flow) = start().await;
    let stage = Stage::of(&flow).await;
    stage.write("scenarios/there.toml", "precious");
    stage.write("elsewhere/deep/none.txt", "");

    for (name, why) in [
        ("scenarios/there.toml", "it exists, and a scenario is never written over"),
        ("scenarios/there.json", "a scenario is a file NAME.toml"),
        ("nowhere/new.toml", "there is no such folder"),
        ("elsewhere/deep/new.toml", "--project"),
    ] {
        let refused = with_input(stage.recorded_chat(name), &[":quit"]).await;
        assert_eq!(refused.code, Some(64), "{refused:?}");
        assert!(refused.stderr.contains(why), "{why}: {refused:?}");
        assert!(!refused.stdout.contains("Flow token"), "before the chat begins: {refused:?}");
    }
    assert_eq!(stage.read("scenarios/there.toml"), "precious");
    assert!(flow.sessions().await.is_empty());
}

async fn start() -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = calling_flow(&host.tenant("acme").await).await;
    (host, flow)
}

/// A screen whose photos the plugin gets and leaves alone.
const PICKER: &str = r#"{
  "version": "7.3", "data_api_version": "3.0", "routing_model": { "NEXT": [] },
  "screens": [
    {
      "id": "NEXT", "title": "Photos", "terminal": true,
      "data": { "outcomes": { "type": "array", "items": { "type": "object", "properties": {} }, "__example__": [] } },
      "layout": { "type": "SingleColumnLayout", "children": [
        { "type": "PhotoPicker", "name": "photos", "label": "Photos", "min-uploaded-photos": 1, "max-uploaded-photos": 2 },
        { "type": "Footer", "label": "Send", "on-click-action": {
          "name": "data_exchange", "payload": { "do": "nothing", "photos": "${form.photos}" }
        } }
      ] }
    }
  ]
}"#;
