//! Flows as their phones know them, and what phones say, sealed ahead.

use std::sync::Arc;
use std::thread;

use super::cores;
use crate::tenant::TestFlow;
use flowhost_client::{FlowClient, SealedRequest, payload};
use flowhost_protocol::ids::RequestId;
use serde_json::{Value, json};

/// A flow of a tenant, at whichever host.
#[derive(Clone)]
pub struct Endpoint {
    /// The path of its URL.
    pub path: Arc<str>,
    /// Seals and signs as its phones do.
    pub client: FlowClient,
}

/// What each user of a figure says: INIT, then BACK until there were so many exchanges.
#[derive(Clone)]
pub struct Script {
    /// How many exchanges there are.
    pub exchanges: usize,
    /// What each of them carries.
    pub data: Value,
}

/// A user's requests, each to be sent when the one before is answered.
pub struct Conversation {
    /// The path of the endpoint.
    pub path: Arc<str>,
    /// In their order.
    pub requests: Vec<SealedRequest>,
}

impl Endpoint {
    /// Of a flow that was made through the admin API.
    pub fn of(flow: &TestFlow) -> Self {
        let path = format!("/flows/{}/{}", flow.tenant.slug, flow.name);
        Self { path: path.into(), client: flow.client() }
    }

    /// A client that calls it at this host.
    pub fn at(&self, public_url: &str) -> FlowClient {
        self.client.clone().at(&format!("{public_url}{}", self.path)).unwrap()
    }
}

impl Script {
    /// So many exchanges that carry nothing.
    pub fn of(exchanges: usize) -> Self {
        Self { exchanges, data: json!({}) }
    }

    /// Seals so many conversations, on all cores; the endpoints have them in turns. Each has its own
    /// flow token, each request its own key and IV.
    pub fn seal(&self, endpoints: &[Endpoint], count: usize) -> Vec<Conversation> {
        let run = RequestId::new();
        let share = count.div_ceil(cores()).max(1);
        let seal = |first: usize| {
            let numbers = first..count.min(first + share);
            numbers
                .map(|number| self.seal_one(&endpoints[number % endpoints.len()], run, number))
                .collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            let seal = &seal;
            let threads: Vec<_> =
                (0..count).step_by(share).map(|first| scope.spawn(move || seal(first))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    }

    fn seal_one(&self, endpoint: &Endpoint, run: RequestId, number: usize) -> Conversation {
        let token = format!("{run}-{number}");
        let request = |exchange: usize| {
            let mut payload = match exchange {
                0 => payload::init(&token),
                _ => payload::back("APPOINTMENT", &token),
            };
            payload["data"] = self.data.clone();
            endpoint.client.seal(&payload).unwrap()
        };
        let requests = (0..self.exchanges).map(request).collect();
        Conversation { path: endpoint.path.clone(), requests }
    }
}
