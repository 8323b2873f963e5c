//! Outside hosts, as the scenario describes them. The host's own code has already checked that the
//! plugin is granted the host and that a secret is bound to it.

use crate::scenarios::{BodyPattern, HttpFailure, HttpFake, Path};
use flowhost_runtime::plugins::{OutboundError, OutboundRequest, OutboundResponse};

/// The requests that the scenario has answers to, and those that the plugin sent.
pub(super) struct HttpFakes {
    /// Each with whether it was sent.
    known: Vec<(HttpFake, bool)>,
    sent: Vec<String>,
}

impl HttpFakes {
    /// Starts with none of them sent.
    pub(super) fn new(fakes: Vec<HttpFake>) -> Self {
        Self { known: fakes.into_iter().map(|fake| (fake, false)).collect(), sent: Vec::new() }
    }

    /// The answer of the first entry that matches the request and is not used up. The outer error
    /// says that no entry does.
    pub(super) fn answer(
        &mut self,
        request: &OutboundRequest,
    ) -> Result<Result<OutboundResponse, OutboundError>, String> {
        let answer = self.find_answer(request);
        let came = match &answer {
            Ok(Ok(response)) => response.status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in the scenario".to_owned(),
        };
        self.sent.push(format!("{} {}: {came}", request.method, request.url));
        answer
    }

    /// Takes the requests that were sent since the last time, each with what came back.
    pub(super) fn take_sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }

    fn find_answer(
        &mut self,
        request: &OutboundRequest,
    ) -> Result<Result<OutboundResponse, OutboundError>, String> {
        let fitting = self
            .known
            .iter_mut()
            .find(|(fake, used)| (fake.repeat || !used) && mismatch(fake, request).is_none());
        let Some((fake, used)) = fitting else { return Err(self.no_answer(request)) };
        *used = true;
        Ok(match &fake.answer {
            Ok(answer) if answer.body.len() > request.max_response_bytes => {
                Err(OutboundError::TooLarge)
            }
            Ok(answer) => Ok(OutboundResponse {
                status: answer.status,
                headers: answer.headers.clone().into_iter().collect(),
                body: answer.body.clone(),
            }),
            Err(HttpFailure::Timeout) => Err(OutboundError::Timeout),
            Err(HttpFailure::TooLarge) => Err(OutboundError::TooLarge),
            Err(HttpFailure::Unreachable) => {
                Err(OutboundError::Unreachable("the scenario says so".to_owned()))
            }
        })
    }

    /// The requests that should have been sent, each as a sentence.
    pub(super) fn never_sent(&self) -> impl Iterator<Item = String> {
        let missing = self.known.iter().filter(|(fake, used)| !used && !fake.repeat);
        missing.map(|(fake, _)| {
            format!("line {}: {} {} was never sent", fake.line, fake.method, fake.url)
        })
    }

    /// Says which entries came nearest.
    fn no_answer(&self, request: &OutboundRequest) -> String {
        let sent = format!(
            "the plugin sent {} {}, which the scenario has no [[http]] for",
            request.method, request.url
        );
        let near = self.known.iter().filter(|(fake, _)| is_for(fake, request));
        let near = near.map(|(fake, used)| match mismatch(fake, request) {
            Some(why) => format!("; that on line {} is another: {why}", fake.line),
            None if *used => {
                format!("; that on line {} was used up (`repeat = true` makes it last)", fake.line)
            }
            None => String::new(),
        });
        sent + &near.collect::<String>()
    }
}

fn is_for(fake: &HttpFake, request: &OutboundRequest) -> bool {
    fake.method.eq_ignore_ascii_case(&request.method) && fake.url == request.url
}

/// How a request differs from an entry.
fn mismatch(fake: &HttpFake, request: &OutboundRequest) -> Option<String> {
    if !is_for(fake, request) {
        return Some("it is for another method or URL".to_owned());
    }
    let header = fake.headers.iter().find_map(|(name, expected)| {
        let sent = request
            .headers
            .iter()
            .find(|header| header.name == *name)
            .map(|header| header.value.as_str());
        (sent != Some(expected)).then(|| format!("the header {name} is {sent:?}, not {expected:?}"))
    });
    header.or_else(|| body_mismatch(fake.body.as_ref()?, &request.body))
}

fn body_mismatch(expected: &BodyPattern, body: &[u8]) -> Option<String> {
    match expected {
        BodyPattern::Text(text) if text.as_bytes() == body => None,
        BodyPattern::Text(_) => Some(format!("the body is {:?}", String::from_utf8_lossy(body))),
        BodyPattern::Json(pattern) => match serde_json::from_slice(body) {
            Err(_) => Some("the body is no JSON".to_owned()),
            Ok(body) => pattern.differences(&Path::default(), Some(&body)).into_iter().next().map(
                |difference| {
                    let came = difference
                        .came
                        .map_or_else(|| "absent".to_owned(), |came| came.to_string());
                    format!(
                        "{} of the body is {came}, not {}",
                        difference.path, difference.expected
                    )
                },
            ),
        },
    }
}
