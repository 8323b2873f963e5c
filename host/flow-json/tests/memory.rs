//! What the check of a document takes of the memory. In a program of its own: it is the whole
//! process's that is looked at.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use flowhost_flow_json::FlowJson;

#[test]
fn many_deep_actions_take_little_memory() {
    let action = r#"{"type":"EmbeddedLink","text":"x","on-click-action":{"name":"navigate","next":{"type":"screen","name":"NO"}}}"#;
    let (open, close) =
        (r#"{"type":"If","condition":"${data.x}","then":["#.repeat(50), "]}".repeat(50));
    let document = format!(
        r#"{{"version":"7.3","screens":[{{"id":"A","title":"A","terminal":true,"layout":{{"type":"SingleColumnLayout","children":[{open}{}{close}]}}}}]}}"#,
        vec![action; 20_000].join(",")
    );
    let before = peak();

    let findings = FlowJson::parse(document.as_bytes()).unwrap_err();

    assert!(findings.to_string().contains("more of these"));
    let taken = peak() - before;
    assert!(taken < MOST, "{} MiB", taken >> 20);
}

/// The most memory that this process ever had.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak.unwrap().parse::<usize>().unwrap() << 10
}

/// Its values take 28 MiB; a place of its own for each action would take four times as much again.
const MOST: usize = 80 << 20;
