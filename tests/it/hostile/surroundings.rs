//! What a guest sees of the machine that it runs on: nothing.

use flowhost_tests::Component;
use serde_json::json;

use super::siege::{Attack, withstands};

#[tokio::test]
async fn there_are_no_files_sockets_names_variables_arguments_or_input() {
    let sees_nothing = |what| {
        let nothing = json!({"screen": "NEXT", "data": {"got": []}});
        Attack::guest(Component::Peeper, what).answered(nothing)
    };
    withstands(
        ["files", "sockets", "names", "environment", "arguments", "input"].map(sees_nothing),
    )
    .await;
}
