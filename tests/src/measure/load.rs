//! The load: a closed loop of users, from one thread of this process. `flowhost client load` sends
//! to one endpoint, here each user may have another.

use std::cell::{Cell, RefCell};
use std::mem::take;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use flowhost_client::SealedRequest;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet, spawn_blocking, spawn_local};

use super::endpoint::Conversation;

/// How long requests are sent that don't count, and how long those that do.
#[derive(Clone, Copy)]
pub(super) struct Times {
    /// Before those that count.
    pub warm_up: Duration,
    /// Of those that count.
    pub measured: Duration,
}

/// What came of it.
pub struct Answered {
    /// Of those that count.
    pub per_second: f64,
    /// The median latency of those that count.
    pub p50_ms: f64,
    /// The latency that one in a hundred of them passes.
    pub p99_ms: f64,
    /// All requests, those of the warm-up too.
    pub requests: usize,
    /// All conversations that began.
    pub conversations: usize,
}

/// Sends the conversations over so many connections, which the hosts have in turns. Every answer
/// must be a 200; one of some hundred is opened afterwards. When the conversations are used up, the
/// measured time ends.
pub(super) async fn send(
    hosts: Vec<SocketAddr>,
    connections: usize,
    conversations: Vec<Conversation>,
    times: Times,
) -> Answered {
    let thread = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        LocalSet::new().block_on(&runtime, drive(hosts, connections, conversations, times))
    };
    spawn_blocking(thread).await.unwrap()
}

/// What the connections share.
struct Run {
    conversations: RefCell<Vec<Conversation>>,
    times: Times,
    began: Instant,
    requests: Cell<usize>,
    /// Microseconds of the requests that count.
    took: RefCell<Vec<u32>>,
    ran_out: Cell<Option<Duration>>,
    sample: RefCell<Vec<(SealedRequest, Bytes)>>,
}

async fn drive(
    hosts: Vec<SocketAddr>,
    connections: usize,
    mut conversations: Vec<Conversation>,
    times: Times,
) -> Answered {
    let mut open = Vec::new();
    for host in hosts.iter().cycle().take(connections) {
        open.push((*host, connect(*host).await));
    }
    conversations.reverse();
    let prepared = conversations.len();
    let run = Rc::new(Run {
        conversations: RefCell::new(conversations),
        times,
        began: Instant::now(),
        requests: Cell::new(0),
        took: RefCell::default(),
        ran_out: Cell::new(None),
        sample: RefCell::default(),
    });
    let mut tasks = JoinSet::new();
    for (host, connection) in open {
        tasks.spawn_local(run.clone().work(host, connection));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    Rc::into_inner(run).expect("the tasks that shared it have ended").answered(prepared)
}

impl Run {
    async fn work(self: Rc<Self>, host: SocketAddr, mut connection: SendRequest<Full<Bytes>>) {
        while let Some(conversation) = self.next() {
            for request in conversation.requests {
                if self.began.elapsed() >= self.total() {
                    return;
                }
                self.exchange(host, &mut connection, &conversation.path, request).await;
            }
        }
    }

    fn next(&self) -> Option<Conversation> {
        let next = self.conversations.borrow_mut().pop();
        if next.is_none() && self.ran_out.get().is_none() {
            self.ran_out.set(Some(self.began.elapsed()));
        }
        next
    }

    async fn exchange(
        &self,
        host: SocketAddr,
        connection: &mut SendRequest<Full<Bytes>>,
        path: &str,
        mut sealed: SealedRequest,
    ) {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", host.to_string())
            .header("content-type", "application/json")
            .header("x-hub-signature-256", &sealed.signature)
            .body(Full::from(take(&mut sealed.body)))
            .unwrap();
        let sent = self.began.elapsed();
        connection.ready().await.unwrap();
        let answer = connection.send_request(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status, StatusCode::OK, "{path}");
        let requests = self.requests.get();
        self.requests.set(requests + 1);
        if requests.is_multiple_of(ONE_IS_OPENED_OF) {
            self.sample.borrow_mut().push((sealed, body));
        }
        if sent >= self.times.warm_up && self.ran_out.get().is_none() {
            let took = self.began.elapsed().saturating_sub(sent).as_micros();
            self.took.borrow_mut().push(took.try_into().unwrap_or(u32::MAX));
        }
    }

    fn total(&self) -> Duration {
        self.times.warm_up + self.times.measured
    }

    fn answered(self, prepared: usize) -> Answered {
        for (sealed, body) in self.sample.take() {
            let reply = sealed.open(&body).unwrap();
            assert!(reply["screen"].is_string(), "{reply}");
        }
        let mut took = self.took.take();
        took.sort_unstable();
        assert!(!took.is_empty(), "no request counts: all were sent in the warm-up");
        let end = self.ran_out.get().unwrap_or(self.total());
        let measured = end.saturating_sub(self.times.warm_up).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let per_second = took.len() as f64 / measured;
        let at = |percent: usize| f64::from(took[(took.len() - 1) * percent / 100]) / 1_000.0;
        Answered {
            per_second,
            p50_ms: at(50),
            p99_ms: at(99),
            requests: self.requests.get(),
            conversations: prepared - self.conversations.borrow().len(),
        }
    }
}

async fn connect(host: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(host).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    // It ends with the sender.
    spawn_local(connection);
    sender
}

const ONE_IS_OPENED_OF: usize = 200;
