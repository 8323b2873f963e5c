//! Conversations that were held elsewhere, written down as scenarios.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Map, Value as Json, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml_edit::{ArrayOfTables, Datetime, DocumentMut, Item, Table, TomlError};

use super::error::{ScenarioError, Source};
use super::expectation::worth_expecting;
use super::pattern::{Pattern, escaped};
use super::update::{refusal, table_of};
use super::written::{table_with, value_of};
use super::{DATA_API_VERSION, OUTCOMES, Played, Update};

/// A conversation as it was held: what the user did and when, but not yet what came back.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The flow token, if it matters which one it was: one that many share.
    pub flow_token: Option<String>,
    /// When it began.
    pub now: SystemTime,
    /// The data API version that the client spoke.
    pub data_api_version: String,
    /// Whether the flow token was signed.
    pub signed_token: bool,
    /// The files that the user sent.
    pub media: Vec<RecordedFile>,
    /// The requests, each with its `action`, and its `screen` and `data` if it has some.
    pub requests: Vec<Map<String, Json>>,
}

/// A file that the user picked and sent.
#[derive(Clone, Debug)]
pub struct RecordedFile {
    /// The `media_id` of its reference.
    pub media_id: String,
    /// Its path from the scenario's folder, or from the root.
    pub path: PathBuf,
    /// Whether the scenario passes if the plugin does not fetch it.
    pub optional: bool,
}

impl Recording {
    /// The scenario's text, whose steps expect nothing yet.
    pub fn text(&self) -> String {
        let mut document = DocumentMut::new();
        if let Some(token) = &self.flow_token {
            document.insert("flow_token", Item::Value(token.as_str().into()));
        }
        document.insert("now", Item::Value(moment(self.now.into()).into()));
        if self.data_api_version != DATA_API_VERSION {
            document.insert("data_api_version", Item::Value(self.data_api_version.as_str().into()));
        }
        if self.signed_token {
            document.insert("signed_token", Item::Value(true.into()));
        }
        let media = self.media.iter().map(|RecordedFile { media_id, path, optional }| {
            let mut table =
                table_with(&json!({"media_id": media_id, "file": path.to_string_lossy()}));
            if *optional {
                table.insert("optional", Item::Value(true.into()));
            }
            table
        });
        if !self.media.is_empty() {
            document.insert("media", tables(media));
        }
        document.insert("step", tables(self.requests.iter().map(step)));
        document.to_string()
    }
}

/// Writes into a recording's text what came when it was played: what came `first`, and a word for
/// what another play had otherwise in the same place.
///
/// A play counts up to the step at which it took another way: another outcome, screen or error. The
/// one `later` was on another day, when what was chosen may be over without an error. So it also
/// counts no further than its replies have the same shape.
///
/// # Errors
/// The text is no scenario.
pub fn expecting(
    text: &str,
    first: &Played,
    soon: &Played,
    later: &Played,
) -> Result<Update, ScenarioError> {
    let source = Source(text);
    let mut document: DocumentMut =
        text.parse().map_err(|error: TomlError| source.error(&error.span(), error.message()))?;
    let mut soon = seen_while(first, soon, |first, other| way(first) == way(other));
    let mut later = seen_while(first, later, |first, other| {
        way(first) == way(other) && has_shape_of(first, other)
    });
    let (mut changed, mut refused) = (Vec::new(), Vec::new());
    for step in &first.steps {
        let others = soon.next().into_iter().chain(later.next());
        let expected = others.fold(Pattern::of(&worth_expecting(&step.came)), |expected, other| {
            expected.widened(&other)
        });
        if let Some(why) = refusal(step) {
            refused.push(format!("step {}: {why}", step.number));
        } else if let Some(mut table) = table_of(&mut document, step.number - 1) {
            table.expect(&expected.written());
            changed.push(step.number);
        }
    }
    Ok(Update { text: document.to_string(), changed, refused })
}

/// What came in another play, up to the first step at which `same` does not hold.
fn seen_while<'a>(
    first: &'a Played,
    other: &'a Played,
    same: impl Fn(&Json, &Json) -> bool + 'a,
) -> impl Iterator<Item = Json> + 'a {
    let pairs = first.steps.iter().zip(&other.steps);
    let pairs =
        pairs.map(|(first, other)| (worth_expecting(&first.came), worth_expecting(&other.came)));
    pairs.take_while(move |(first, other)| same(first, other)).map(|(_, other)| other).fuse()
}

/// The outcome, the screen, and whether there is an error on it.
fn way(seen: &Json) -> (Option<&'static str>, Option<&Json>, bool) {
    let outcome = OUTCOMES.into_iter().find(|outcome| seen.get(outcome).is_some());
    (outcome, seen.get("screen"), seen.get("error").is_some())
}

/// Whether two values differ in texts and numbers alone.
fn has_shape_of(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Object(ones), Json::Object(others)) => {
            let same = |(name, one): (&String, &Json)| {
                others.get(name).is_some_and(|other| has_shape_of(one, other))
            };
            ones.len() == others.len() && ones.iter().all(same)
        }
        (Json::Array(ones), Json::Array(others)) => {
            ones.len() == others.len()
                && ones.iter().zip(others).all(|(one, other)| has_shape_of(one, other))
        }
        (Json::String(_), Json::String(_)) | (Json::Number(_), Json::Number(_)) => true,
        _ => one == other,
    }
}

/// A table for each step, with a request that is not long on one line.
fn step(request: &Map<String, Json>) -> Table {
    let request = escaped(&Json::Object(request.clone()));
    let mut table = Table::new();
    let line = value_of(&request);
    let item = if line.to_string().len() > LINE_WIDTH {
        Item::Table(table_with(&request))
    } else {
        Item::Value(line)
    };
    table.insert("send", item);
    table
}

fn tables(tables: impl Iterator<Item = Table>) -> Item {
    let mut array = ArrayOfTables::new();
    tables.for_each(|table| array.push(table));
    Item::ArrayOfTables(array)
}

/// The moment, to the second.
fn moment(now: OffsetDateTime) -> Datetime {
    let text = now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default();
    text.parse().expect("RFC 3339 is TOML's form too")
}

/// The longest request that is kept on one line.
const LINE_WIDTH: usize = 90;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Answered, Answers, NoAnswer, Request, Scenario};
    use super::*;

    #[test]
    fn a_recording_is_a_scenario_that_sends_the_same() {
        let data = json!({"photos": [{"media_id": "a"}], "price": "$5", "nothing": null, "text": "x".repeat(100)});
        let recording = Recording {
            flow_token: Some("unused".to_owned()),
            now: SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_424_400_123),
            data_api_version: "4.0".to_owned(),
            signed_token: true,
            media: [("a", false), ("b", true)]
                .map(|(id, optional)| RecordedFile {
                    media_id: id.to_owned(),
                    path: format!("../photos/{id}.jpg").into(),
                    optional,
                })
                .into(),
            requests: vec![
                object(json!({"action": "INIT"})),
                object(json!({"action": "data_exchange", "screen": "A", "data": data})),
                object(json!({"action": "BACK", "screen": "B"})),
            ],
        };

        let text = recording.text();

        let scenario =
            Scenario::parse("x", &text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(scenario.now.unwrap().unix_timestamp(), 1_795_424_400);
        assert_eq!(scenario.flow_token, "unused");
        assert_eq!((scenario.data_api_version.as_str(), scenario.signed_token), ("4.0", true));
        let media = &scenario.surroundings.media;
        assert_eq!(media[0].file_name(), "a.jpg");
        assert_eq!(media.iter().map(|file| file.optional).collect::<Vec<_>>(), [false, true]);
        let sent = |index: usize| scenario.request(index + 1, &scenario.steps[index], None).payload;
        assert_eq!(sent(1)["data"], data);
        assert_eq!(
            [0, 1, 2].map(|index| sent(index)["action"].clone()),
            ["INIT", "data_exchange", "BACK"]
        );
        assert!(text.contains("send = { action = \"INIT\" }"), "{text}");
    }

    #[tokio::test]
    async fn what_another_play_had_otherwise_is_a_word() {
        let first = [screen("A", json!({"id": "x1", "n": 1})), screen("B", json!({"day": "mon"}))];
        let soon = [screen("A", json!({"id": "x2", "n": 1})), screen("B", json!({"day": "mon"}))];
        let later = [screen("A", json!({"id": "x1", "n": 1})), screen("B", json!({"day": "tue"}))];
        let text =
            "[[step]]\nsend = { action = \"INIT\" }\n\n[[step]]\nsend = { action = \"INIT\" }\n";

        let update = expected(text, [&first, &soon, &later]).await;

        assert_eq!((update.changed.as_slice(), update.refused.len()), ([1, 2].as_slice(), 0));
        for expected in ["id = \"$string\"", "n = 1", "day = \"$string\""] {
            assert!(update.text.contains(expected), "{expected}: {}", update.text);
        }
        for replies in [first, soon, later] {
            assert!(play(&update.text, &replies).await.passed(), "{}", update.text);
        }
    }

    #[tokio::test]
    async fn a_play_that_went_another_way_counts_no_further() {
        let first = ["A", "B", "C"].map(|name| screen(name, json!({"n": 1})));
        let other = ["A", "A", "C"].map(|name| screen(name, json!({"n": 2})));
        let text = "[[step]]\nsend = { action = \"INIT\" }\n".repeat(3);

        for replies in [[&first, &other, &first], [&first, &first, &other]] {
            let update = expected(&text, replies.map(<[_; 3]>::as_slice)).await;

            assert_eq!(update.text.matches("$number").count(), 1, "{}", update.text);
            assert!(play(&update.text, &first).await.passed(), "{}", update.text);
        }
    }

    #[tokio::test]
    async fn on_another_day_it_counts_no_further_than_its_shape() {
        let first = [screen("A", json!({"day": "mon"})), screen("A", json!({"times": ["10:30"]}))];
        let other = [screen("A", json!({"day": "tue"})), screen("A", json!({"times": []}))];
        let text = "[[step]]\nsend = { action = \"INIT\" }\n".repeat(2);

        let later = expected(&text, [&first, &first, &other]).await;
        assert!(later.text.contains("day = \"$string\""), "{}", later.text);
        assert!(later.text.contains("times = [\"10:30\"]"), "{}", later.text);
        let soon = expected(&text, [&first, &other, &first]).await;
        assert!(soon.text.contains("times = \"$array\""), "{}", soon.text);
    }

    #[tokio::test]
    async fn a_call_that_failed_is_not_written() {
        let text = "[[step]]\nsend = { action = \"INIT\" }\n";
        let failed = [Answered { status: 500, payload: None, took: Duration::ZERO, inside: None }];

        let update = expected(text, [&failed, &failed, &failed]).await;

        assert_eq!((update.text.as_str(), update.changed.len()), (text, 0));
        assert!(update.refused[0].contains("step 1: the answer has the status 500"), "{update:?}");
    }

    /// The expectations after a first play, one soon after, and one later.
    async fn expected(text: &str, [first, soon, later]: [&[Answered]; 3]) -> Update {
        let (first, soon, later) =
            (play(text, first).await, play(text, soon).await, play(text, later).await);
        expecting(text, &first, &soon, &later).unwrap()
    }

    fn screen(name: &str, data: Json) -> Answered {
        let payload = Some(json!({"screen": name, "data": data}));
        Answered { status: 200, payload, took: Duration::ZERO, inside: None }
    }

    async fn play(text: &str, replies: &[Answered]) -> Played {
        Scenario::parse("x", text).unwrap().play(&mut Replies(replies.to_vec())).await
    }

    fn object(json: Json) -> Map<String, Json> {
        json.as_object().unwrap().clone()
    }

    struct Replies(Vec<Answered>);

    impl Answers for Replies {
        async fn answer(&mut self, _: &Request) -> Result<Answered, NoAnswer> {
            if self.0.is_empty() {
                Err(NoAnswer("no more".to_owned()))
            } else {
                Ok(self.0.remove(0))
            }
        }
    }
}
