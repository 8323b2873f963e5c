//! A phone as it is between two deeds of its user, and what was said with it so far.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::PhoneLine;
use super::files::KeptFile;
use super::rehearsal::Rehearsal;
use super::shown_flow_json::ShownFlowJson;
use flowhost_client::conversation::{Conversation, Step};
use flowhost_client::judgement::RequestKind;
use flowhost_client::{Exchange, Handset, SealedRequest};

/// A phone. A copy is cheap: what is large is shared.
#[derive(Clone)]
pub struct PlayedPhone {
    /// What it is connected to.
    pub line: PhoneLine,
    /// What is in front of its user.
    pub handset: Handset,
    /// What it said and heard, the newest first.
    pub transcript: VecDeque<Arc<PlayedExchange>>,
    /// Whether its next request is encrypted to a key that the host does not have.
    pub key_is_old: bool,
    /// The flow token that it opens the Flow with.
    pub flow_token: String,
    /// The flow's active version when it opened the Flow last.
    pub opened_with: Option<i32>,
    pub(super) flow_json: ShownFlowJson,
    pub(super) rehearsal: Option<Arc<Rehearsal>>,
    pub(super) last: Option<Arc<(Value, SealedRequest)>>,
    /// Exchanges since it is there.
    pub(super) exchanges: u32,
    /// Whether anything was done with it since it opened the Flow last.
    pub(super) is_touched: bool,
    /// What its screens hold in memory, in bytes.
    pub(super) bytes: usize,
    /// The files that were picked on it since it opened the Flow last.
    pub(super) files: Vec<Arc<KeptFile>>,
}

/// One exchange of a phone.
pub struct PlayedExchange {
    /// Its number on this phone, from 1.
    pub number: u32,
    /// What was asked: `INIT`, or `data_exchange from DETAILS`.
    pub title: String,
    /// The request in clear.
    pub sent: String,
    /// The status of the last answer; `None` if none came.
    pub status: Option<u16>,
    /// The answer in clear, if it could be opened.
    pub received: Option<String>,
    /// How long the last attempt took.
    pub duration: Duration,
    /// How often it was sent: twice if the first answer was a 421.
    pub attempts: usize,
    /// Whether the user can't go on.
    pub failed: bool,
    /// What the phone makes of the answer.
    pub judgement: Vec<String>,
    /// What the plugin logged and why it failed, if this is a rehearsal.
    pub log: Vec<String>,
    /// Under which of Meta's keys a phone would report the answer to the endpoint, if it would.
    pub reported_as: Option<String>,
}

impl PlayedPhone {
    pub(super) fn new(
        line: PhoneLine,
        flow_token: String,
        flow_json: ShownFlowJson,
        rehearsal: Option<Arc<Rehearsal>>,
        opened_with: Option<i32>,
    ) -> Self {
        Self {
            line,
            handset: Handset::new(Conversation::new(flow_json.document(), &flow_token)),
            transcript: VecDeque::new(),
            key_is_old: false,
            flow_token,
            opened_with,
            flow_json,
            rehearsal,
            last: None,
            exchanges: 0,
            is_touched: false,
            bytes: 0,
            files: Vec::new(),
        }
    }

    /// Whether nothing was done with it since it opened the Flow.
    pub fn is_fresh(&self) -> bool {
        !self.is_touched
    }

    /// Puts the message of the chat in front of the user again, whatever was there.
    pub(super) fn begin_again(&mut self) {
        let conversation = Conversation::new(self.flow_json.document(), &self.flow_token);
        self.handset = Handset::new(conversation);
        (self.is_touched, self.bytes) = (false, 0);
        self.files.clear();
    }

    /// Keeps those of these files, and of its own, that its forms hold: others were refused, or taken
    /// away.
    pub(super) fn keep_files(&mut self, more: Vec<Arc<KeptFile>>) {
        let held = self.handset.conversation().held_files();
        self.files.extend(more);
        self.files.retain(|file| held.contains(file.media_id()));
    }

    /// Its user does something on the screen. Returns what is sent to the endpoint, if anything is.
    pub(super) fn touch(&mut self, act: impl FnOnce(&mut Conversation) -> Step) -> Option<Value> {
        let asked = self.handset.touch(act);
        self.bytes = self.handset.conversation().weight();
        asked
    }

    /// Notes an exchange, and shows the user what came of it.
    pub(super) fn note(
        &mut self,
        what: &str,
        payload: Value,
        exchange: Exchange,
        log: Vec<String>,
    ) {
        self.handset.receive(&exchange.judgement);
        self.bytes = self.handset.conversation().weight();
        self.exchanges += 1;
        let received = exchange.payload.as_ref().map(pretty);
        let problem = exchange.judgement.problems.first();
        self.transcript.push_front(Arc::new(PlayedExchange {
            number: self.exchanges,
            title: format!("{what}{}", title(&payload)),
            sent: cut(pretty(&payload)),
            status: exchange.status,
            received: received.map(cut),
            duration: exchange.duration,
            attempts: exchange.attempts,
            failed: exchange.judgement.is_failure(),
            judgement: cut_lines(exchange.judgement.lines()),
            log: cut_lines(log),
            reported_as: problem.and_then(|problem| problem.reported_as.clone()),
        }));
        self.transcript.truncate(MAX_KEPT);
        self.last = Some(Arc::new((payload, exchange.sealed)));
    }

    /// Why it exchanges no more, if it does not.
    pub(super) fn is_full(&self) -> Option<&'static str> {
        if self.exchanges >= MAX_EXCHANGES {
            return Some("this phone has had as many exchanges as one may: open another one");
        }
        (self.bytes > MAX_BYTES)
            .then_some("this phone holds as much as it may: open the Flow again")
    }
}

/// What a payload asks for, in short.
fn title(payload: &Value) -> String {
    let text = |name: &str| payload[name].as_str().unwrap_or_default();
    let from = match text("screen") {
        "" => String::new(),
        screen => format!(" from {screen}"),
    };
    match RequestKind::of(payload) {
        RequestKind::ErrorNotification => format!("error notification{from}"),
        RequestKind::HealthCheck | RequestKind::Turn => format!("{}{from}", text("action")),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// At most so much of a text, and how much is missing.
fn cut(mut text: String) -> String {
    let (bytes, end) = (text.len(), text.floor_char_boundary(MAX_TEXT_BYTES));
    if end < bytes {
        text.truncate(end);
        text.shrink_to_fit();
        text.push_str(&format!("\n… and {} bytes more", bytes - end));
    }
    text
}

/// The first lines of a text, together at most as long.
fn cut_lines(lines: Vec<String>) -> Vec<String> {
    let mut left = MAX_TEXT_BYTES;
    let fits = |line: &String| {
        let had = left;
        left = left.saturating_sub(line.len());
        had > 0
    };
    lines.into_iter().take_while(fits).map(cut).collect()
}

/// Somebody who tries a flow looks at the last ones.
const MAX_KEPT: usize = 50;

/// Of each text of an exchange: a usual screen has 1 to 5 KiB. With four texts and 50 exchanges, a
/// phone's transcript has at most 3.2 MiB.
const MAX_TEXT_BYTES: usize = 16 << 10;

/// Nobody taps so often; and a rehearsal remembers every request that it answered.
const MAX_EXCHANGES: u32 = 2_000;

/// The largest answers have 256 KiB, usual ones 5. The phone holds the data of each screen, and what
/// was entered there, until the Flow is opened again.
const MAX_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use flowhost_client::payload;
    use flowhost_console::phone::apply;
    use flowhost_flow_json::Document;
    use serde_json::json;

    use super::*;

    #[test]
    fn titles_say_what_was_asked() {
        for (payload, expected) in [
            (payload::init("t"), "INIT"),
            (payload::ping(), "ping"),
            (payload::back("SUMMARY", "t"), "BACK from SUMMARY"),
            (payload::data_exchange("A", json!({"a": 1}), "t"), "data_exchange from A"),
            (payload::error_notification("A", "k", "m", "t"), "error notification from A"),
        ] {
            assert_eq!(title(&payload), expected);
        }
    }

    #[test]
    fn a_phone_weighs_what_its_screens_hold() {
        let flow_json = ShownFlowJson::default();
        let mut phone = PlayedPhone::new(PhoneLine::Active, "t".to_owned(), flow_json, None, None);
        let data = serde_json::Map::from_iter([("x".to_owned(), json!("x".repeat(1_000)))]);
        phone.touch(|conversation| {
            conversation.arrive("A", data);
            Step::Moved
        });
        assert!((1_000..2_000).contains(&phone.bytes), "{}", phone.bytes);
        phone.touch(|conversation| {
            conversation.arrive("A", serde_json::Map::new());
            Step::Moved
        });
        assert!(phone.bytes < 1_000, "{}", phone.bytes);
    }

    #[test]
    fn the_worst_form_is_refused_and_leaves_the_phone_as_it_was() {
        let act = json!({"name": "update_data", "payload": {}});
        let title = "x".repeat(4_000);
        let choice =
            |id: usize| json!({"id": id.to_string(), "title": title, "on-select-action": act});
        let choices: Vec<Value> = (0..20).map(choice).collect();
        let field = |number: usize| json!({"type": "CheckboxGroup", "name": number.to_string(), "data-source": choices});
        let children: Vec<Value> = (0..20).map(field).collect();
        let written = json!({"screens": [{"id": "A", "layout": {"children": children}}]});
        let document = Document::parse(written.to_string().as_bytes()).unwrap();
        let mut handset = Handset::new(Conversation::new(Some(document), "t"));
        handset.touch(|conversation| {
            conversation.arrive("A", serde_json::Map::new());
            Step::Moved
        });
        let flow_json = ShownFlowJson::default();
        let phone = PlayedPhone::new(PhoneLine::Active, "t".to_owned(), flow_json, None, None);
        let mut phone = PlayedPhone { handset, ..phone };
        let ticked =
            |field: usize| (0..20).map(move |id| (format!("field.{field}"), id.to_string()));

        let usual: Vec<_> = (0..1).flat_map(ticked).collect();
        assert_eq!(phone.touch(move |conversation| apply(conversation, &usual, &[])), None);
        assert_eq!(phone.handset.refusals(), [""; 0]);
        let before = phone.bytes;
        let worst: Vec<_> = (1..20).flat_map(ticked).collect();
        assert_eq!(phone.touch(move |conversation| apply(conversation, &worst, &[])), None);
        let refusals = phone.handset.refusals();
        assert!(refusals[0].contains("more than a phone could do"), "{refusals:?}");
        assert_eq!(phone.bytes, before);
        assert_eq!(phone.handset.conversation().value("1"), Some(&json!([])));
    }

    #[test]
    fn texts_are_cut_between_characters_and_say_so() {
        assert_eq!(cut("short".to_owned()), "short");
        let long = cut("é".repeat(MAX_TEXT_BYTES));
        assert!(long.ends_with(&format!("é\n… and {MAX_TEXT_BYTES} bytes more")), "{long}");
        let lines = cut_lines(vec!["a".repeat(MAX_TEXT_BYTES); 3]);
        assert_eq!(lines.len(), 1);
    }
}
