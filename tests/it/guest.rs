//! A plugin at a host that is asked to misbehave, by the form's field `do`: what is answered, and what
//! its log says.

use std::time::Duration;

use flowhost_tests::{TestFlow, TestHost, eventually};
use serde_json::{Value, json};

/// The plugin at its host.
pub(crate) struct Guest {
    _host: TestHost,
    flow: TestFlow,
}

impl Guest {
    /// Uploads it to a host of its own.
    pub(crate) async fn start(component: Vec<u8>, settings: Value) -> Self {
        // A runtime takes some seconds of a processor that is shared with other tests.
        let host =
            TestHost::configured(|config| config.compile.time = Duration::from_secs(600)).await;
        let tenant = host.tenant("acme").await;
        let flow = tenant.flow_without_plugin("hostile", settings).await;
        flow.upload(component).await.expect(201);
        flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
        Self { _host: host, flow }
    }

    /// The status, and the payload of the reply; null without one.
    pub(crate) async fn ask(&self, what: &str) -> (u16, Value) {
        let reply = self.flow.ask(what, &format!("token-of-{what}")).await;
        (reply.status, reply.payload.unwrap_or_default())
    }

    /// What the plugin made of a deed.
    pub(crate) async fn made(&self, what: &str) -> Value {
        self.ask(what).await.1["data"]["made"].clone()
    }

    /// Asks for deeds that fail, and looks for a part of a line of the log of each. Returns what is
    /// wrong. Those that use up their CPU time have the time that the settings give them, the others
    /// as much as a flow may have: on a busy machine they would meet that limit first.
    pub(crate) async fn all_fail(&self, deeds: &[(&str, &str)]) -> Vec<String> {
        let (loops, others): (Vec<_>, Vec<_>) =
            deeds.iter().partition(|(_, said)| said.contains("CPU time"));
        let mut wrong = Vec::new();
        for (what, said) in loops {
            wrong.extend(self.fails(what, said).await);
        }
        self.flow.set(json!({"limits": {"cpu_ms": 2000}})).await;
        for (what, said) in others {
            wrong.extend(self.fails(what, said).await);
        }
        wrong
    }

    /// Asks for a deed that fails, and looks for a part of a line of the log. Returns what is wrong.
    async fn fails(&self, what: &str, said: &str) -> Option<String> {
        match self.failure(what).await {
            Ok(messages) if messages.iter().any(|message| message.contains(said)) => None,
            came => Some(format!("{what}: {came:?}")),
        }
    }

    /// What the log says of a deed that fails, after which the plugin answers again; else what came.
    pub(crate) async fn failure(&self, what: &str) -> Result<Vec<String>, (u16, Value)> {
        let newest =
            self.lines("?limit=1").await.first().map_or(json!(0), |it| it["number"].clone());
        let came = self.ask(what).await;
        if came.0 != 500 {
            return Err(came);
        }
        let lines = eventually("the line is written", async || {
            let lines = self.lines(&format!("?level=error&after={newest}")).await;
            (!lines.is_empty()).then_some(lines)
        })
        .await;
        let next = self.ask("nothing").await;
        if next.0 != 200 {
            return Err(next);
        }
        Ok(lines.iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect())
    }

    /// Asks for a deed that is answered. Returns what is wrong.
    pub(crate) async fn makes(&self, what: &str, made: &str) -> Option<String> {
        let made: Value = serde_json::from_str(made).unwrap();
        let came = self.ask(what).await;
        let expected = (200, json!({"screen": "NEXT", "data": {"made": made}}));
        (came != expected).then(|| format!("{what}: {came:?}"))
    }

    /// The lines of its log that this asks for.
    pub(crate) async fn lines(&self, query: &str) -> Vec<Value> {
        let reply = self.flow.call("GET", &format!("/logs{query}"), Value::Null).await;
        reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
