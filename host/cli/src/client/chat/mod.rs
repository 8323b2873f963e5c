//! `flowhost client chat`: a conversation on the terminal, as a phone would have it.

mod draw;
mod files;
mod record;
mod typed;

use std::collections::HashSet;
use std::io::{BufRead, IsTerminal as _};

use clap::Args;
use serde_json::{Map, Value};

use flowhost_client::conversation::{Conversation, Field, Screen, Step};
use flowhost_client::judgement::Outcome;
use flowhost_client::{Exchange, Phone};
use flowhost_protocol::crypto::random_bytes;
use flowhost_server::config::Environment;

use super::super::output::{printable, say, say_exactly};
use super::endpoint::EndpointArgs;

use self::files::PickedFiles;
use self::record::{RecordArgs, Recorder};
use self::typed::Typed;

/// Arguments of `client chat`.
#[derive(Args)]
pub struct ChatArgs {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// The conversation; a new one, if not given
    #[arg(long, value_name = "TOKEN")]
    flow_token: Option<String>,
    #[command(flatten)]
    record: RecordArgs,
}

pub(super) async fn run(args: ChatArgs, environment: &Environment) -> anyhow::Result<()> {
    args.endpoint.leave_stdin_alone()?;
    let phone = args.endpoint.phone(environment)?;
    let flow_token = args.flow_token.unwrap_or_else(random_token);
    let recorder = args.record.recorder(&flow_token)?;
    say(&format!("Flow token {}; :help shows what can be typed.", printable(&flow_token)));
    let document = phone.flow_json().map(|flow_json| flow_json.document().clone());
    let conversation = Conversation::new(document, &flow_token);
    let stdin = std::io::stdin();
    let mut chat = Chat {
        phone,
        conversation,
        asked: HashSet::new(),
        has_failed: false,
        files: PickedFiles::default(),
        recorder,
        lines: stdin.lock(),
        echoes: !stdin.is_terminal(),
    };
    let led = chat.lead().await;
    let Some(recorder) = chat.recorder.take() else { return led };
    // A conversation that ended on an error is recorded too: it may be what is to be tested. The
    // error itself was shown as it came.
    recorder.write(chat.files.picked()).await?;
    led
}

/// A conversation under way.
struct Chat<R> {
    phone: Phone,
    conversation: Conversation,
    /// The fields of the screen that the user was already asked for.
    asked: HashSet<String>,
    /// Whether the last answer of the endpoint was an error.
    has_failed: bool,
    files: PickedFiles,
    recorder: Option<Recorder>,
    lines: R,
    /// Whether input is not a terminal's, so that it has to be printed.
    echoes: bool,
}

impl<R: BufRead> Chat<R> {
    /// Runs the conversation from the first request to the end.
    async fn lead(&mut self) -> anyhow::Result<()> {
        let mut step = Some(self.conversation.open());
        while let Some(next) = step {
            step = match next {
                Step::Ask(payload) => match self.exchange(payload).await? {
                    Some(()) => self.turn()?,
                    None => return Ok(()),
                },
                Step::Ends(params) => {
                    say(&format!(
                        "The phone closes the Flow; the chat gets {}.",
                        printable(&Value::Object(params).to_string())
                    ));
                    return Ok(());
                }
                Step::Moved => {
                    self.draw();
                    self.turn()?
                }
                Step::Nothing => self.turn()?,
                Step::OpensUrl(url) => {
                    say(&format!("The phone opens {}", printable(&url)));
                    self.turn()?
                }
                Step::Refused(reasons) => {
                    reasons.iter().for_each(|reason| say(&format!("! {}", printable(reason))));
                    self.ask_again_what_is_wrong();
                    self.turn()?
                }
            };
        }
        anyhow::ensure!(!self.has_failed, "the conversation ended on an error");
        Ok(())
    }

    /// Asks the endpoint. `None` if the Flow is over then.
    async fn exchange(&mut self, payload: Value) -> anyhow::Result<Option<()>> {
        let payload = self.phone.dress(payload);
        let exchange = self.phone.exchange(&payload).await?;
        if let Some(recorder) = &mut self.recorder {
            recorder.note(&payload, &exchange);
        }
        self.has_failed = exchange.judgement.is_failure();
        let Exchange { judgement, .. } = &exchange;
        match &judgement.outcome {
            Outcome::ShowsScreen { screen, data, snackbar } => {
                self.show(screen, data.clone());
                judgement
                    .hints
                    .iter()
                    .for_each(|hint| say(&format!("  hint: {}", printable(hint))));
                if let Some(text) = snackbar {
                    say(&format!("! {}", printable(text)));
                }
                return Ok(Some(()));
            }
            _ => judgement.lines().iter().for_each(|line| say(&printable(line))),
        }
        match judgement.outcome {
            Outcome::DisablesButton { .. } => anyhow::bail!("the flow token is no longer valid"),
            // The phone stays on its screen, and the user may try again.
            Outcome::Fails if self.conversation.screen().is_some() => Ok(Some(())),
            Outcome::Fails => anyhow::bail!("the Flow does not open"),
            _ => Ok(None),
        }
    }

    fn show(&mut self, screen: &str, data: Map<String, Value>) {
        let is_another = self.conversation.screen().is_none_or(|shown| shown.name != screen);
        self.conversation.arrive(screen, data);
        if is_another {
            self.asked.clear();
        }
        self.ask_again_what_is_wrong();
        self.draw();
    }

    fn draw(&self) {
        if let Some(screen) = self.conversation.screen() {
            draw::screen(&screen, &self.conversation).iter().for_each(|line| say(&printable(line)));
        }
    }

    /// Lets the user do one thing. `None` if the user leaves.
    fn turn(&mut self) -> anyhow::Result<Option<Step>> {
        let Some(screen) = self.conversation.screen() else { return Ok(None) };
        let next = screen.fields().find(|field| field.enabled && !self.asked.contains(&field.name));
        let question = match next {
            Some(field) => {
                draw::details(field).iter().for_each(|line| say(&printable(line)));
                draw::question(field, self.conversation.value(&field.name))
            }
            None => draw::last_question(&screen, self.is_blind()),
        };
        let Some(typed) = self.read(&question, next.is_some_and(Field::is_hidden))? else {
            return Ok(None);
        };
        Ok(match typed {
            Typed::Quit => None,
            Typed::Again => {
                self.asked.clear();
                Some(Step::Moved)
            }
            Typed::Back => Some(self.moved(Conversation::back)),
            Typed::Help => {
                say(typed::HELP);
                Some(Step::Nothing)
            }
            Typed::Link(number) => Some(self.moved(|conversation| conversation.follow(number))),
            Typed::Unknown(command) => {
                Some(Step::Refused(vec![format!("{command} is no command; :help shows them")]))
            }
            answer => Some(match next {
                Some(field) => self.answer(field, answer),
                None => self.finish(&screen, answer),
            }),
        })
    }

    /// Handles a line that was typed at a field.
    fn answer(&mut self, field: &Field, typed: Typed) -> Step {
        let value = match typed {
            Typed::Text(text) => match self.read_field(field, &text) {
                Ok(value) => Some(value),
                Err(problem) => return Step::Refused(vec![problem]),
            },
            Typed::Clear => None,
            _ => self.conversation.value(&field.name).cloned(),
        };
        if let Err(problem) = field.check(value.as_ref()) {
            return Step::Refused(vec![problem]);
        }
        self.asked.insert(field.name.clone());
        if field.is_hidden()
            && value.is_some()
            && let Some(recorder) = &mut self.recorder
        {
            recorder.note_hidden(&field.name);
        }
        self.conversation.enter(field, value)
    }

    /// Reads the value that was typed into a field.
    fn read_field(&mut self, field: &Field, typed: &str) -> Result<Value, String> {
        self.files.pick(field, typed).unwrap_or_else(|| field.read(typed))
    }

    /// Handles a line that was typed when all fields are filled in.
    fn finish(&mut self, screen: &Screen, typed: Typed) -> Step {
        match typed {
            Typed::Text(text) if self.is_blind() => match serde_json::from_str(&text) {
                Ok(data @ Value::Object(_)) => self.conversation.submit(data),
                _ => {
                    Step::Refused(vec!["That is no JSON object like {\"name\":\"Ana\"}".to_owned()])
                }
            },
            Typed::Text(_) => Step::Refused(vec![
                "There is nothing to fill in; :again starts the screen over".to_owned(),
            ]),
            _ if self.is_blind() => self.conversation.submit(Value::Object(Map::new())),
            _ if screen.footer.is_none() => self.moved(Conversation::back),
            _ => {
                let step = self.conversation.press();
                if matches!(step, Step::Ask(_)) {
                    self.asked.clear();
                }
                step
            }
        }
    }

    /// Does something that may lead to another screen.
    fn moved(&mut self, act: impl FnOnce(&mut Conversation) -> Step) -> Step {
        let step = act(&mut self.conversation);
        if step == Step::Moved {
            self.asked.clear();
        }
        step
    }

    /// Asks again for fields that the phone would not accept as they are.
    fn ask_again_what_is_wrong(&mut self) {
        let screen = self.conversation.screen();
        for field in screen.iter().flat_map(Screen::fields) {
            if field.check(self.conversation.value(&field.name)).is_err() {
                self.asked.remove(&field.name);
            }
        }
    }

    /// Whether the screens are not known.
    fn is_blind(&self) -> bool {
        !self.conversation.knows_screens()
    }

    /// `None` at the end of the input. Reading blocks this thread, which has nothing else to do.
    fn read(&mut self, question: &str, is_hidden: bool) -> anyhow::Result<Option<Typed>> {
        say_exactly(&format!("{}: ", printable(question)));
        let mut line = String::new();
        let is_over = self.lines.read_line(&mut line)? == 0;
        let line = line.trim_end_matches(['\r', '\n']);
        if self.echoes {
            say(&if is_hidden { "•".repeat(line.chars().count()) } else { printable(line) });
        }
        Ok((!is_over).then(|| Typed::of(line)))
    }
}

fn random_token() -> String {
    format!("chat-{}", hex::encode(random_bytes::<8>()))
}

pub(super) const EXAMPLE: &str = "Examples:
  flowhost client chat --url https://example.com/flow --public-key public.pem --app-secret-file secret.txt --flow-json flow.json
  printf '%s\\n' Ana 2 '' | FLOWHOST_APP_SECRET=.. flowhost client chat --url http://127.0.0.1:8080/flows/acme/hello \\
      --public-key acme.pem --flow-json flow.json
  flowhost client chat --record my-plugin/scenarios/refund.toml --url http://127.0.0.1:8080/flows/dev/my-plugin \\
      --public-key .flowhost/dev-public-key.pem --app-secret-file .flowhost/secrets/dev-app-secret --flow-json my-plugin/flow.json

What is typed is read line by line, so that a script can do it. Without --flow-json the data of each screen is typed as JSON.
Photos and documents are picked by their paths, as in photos/a.jpg,photos/b.jpg. They are served from this machine as WhatsApp serves
them, where a `flowhost dev` on it fetches them; other hosts don't. --record plays what was played again in the sandbox of `plugin test`,
and writes it as a scenario.";
