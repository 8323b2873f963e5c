//! Phones that this host plays, for people who try a flow in a browser. Each is a WhatsApp client with
//! the tenant's public key and app secret, which never leave the host: it seals, signs and judges as
//! [`flowhost_client`] does anywhere. Its requests take the way of any other, or rehearse a version.
//!
//! A phone is in the memory of the host that it was opened at.

mod connection;
mod files;
mod kept;
mod played;
mod rehearsal;
mod shown_flow_json;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;
use tracing::Instrument;

pub(super) use self::files::PhoneFiles;
pub use self::files::{FilePicking, FileUpload, KeptFile};
pub(super) use self::kept::{Holder, Phones};
pub use self::kept::{NoPhoneId, PhoneId};
pub use self::played::{PlayedExchange, PlayedPhone};
pub(super) use self::shown_flow_json::SharedFlowJson;

use self::connection::unsealed;
use self::kept::InUse;
use self::rehearsal::Rehearsal;
use super::changes::shown;
use super::{AdminError, FlowDesk};
use flowhost_api::MintToken;
use flowhost_client::conversation::{Conversation, Step};
use flowhost_client::{Carrier, Shows, payload};
use flowhost_exchange::endpoint::ActivePlugin;

/// What a phone is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneLine {
    /// The flow's endpoint, as WhatsApp's phones are: the active version answers, and what happens
    /// is stored.
    Active,
    /// A rehearsal of this version, of which nothing is stored.
    Version(i32),
}

/// A phone to be opened.
#[derive(Debug)]
pub struct NewPhone {
    /// What it is connected to.
    pub line: PhoneLine,
    /// The flow token of its message; a new one is minted if there is none.
    pub flow_token: Option<String>,
}

/// A phone as it is now.
pub struct PhoneSeen {
    /// The phone.
    pub phone: Arc<PlayedPhone>,
    /// Whether it waits for an answer.
    pub waits: bool,
    /// The flow's active version.
    pub active: Option<i32>,
    /// Whether plugins can fetch the files that are picked on it: in development only.
    pub files_can_be_fetched: bool,
}

/// What somebody does with a phone.
pub enum Deed {
    /// Closes the Flow.
    Close,
    /// Asks whether the endpoint is there, as Meta does.
    HealthCheck,
    /// Lets the phone take the host's key for an older one in its next request.
    OldKey,
    /// Opens the Flow from the chat, with the same flow token.
    OpenAgain,
    /// Sends the last request again, byte for byte, as a phone does that got no answer.
    Repeat,
    /// Reports to the endpoint that an answer could not be used, under this key of Meta's.
    ReportError(String),
    /// Something on the screen, with so many bytes entered, and these files picked.
    Touch(Box<dyn FnOnce(&mut Conversation) -> Step + Send>, usize, Vec<Arc<KeptFile>>),
}

impl FlowDesk {
    /// Opens a phone, and the Flow on it. `carrier` brings requests to the host's own endpoints.
    pub async fn open_phone(
        &self,
        new: NewPhone,
        carrier: Arc<dyn Carrier>,
    ) -> Result<PhoneId, AdminError> {
        let NewPhone { line, flow_token } = new;
        let given = flow_token.filter(|token| !token.is_empty());
        if given.as_ref().is_some_and(|token| token.len() > MAX_TOKEN_BYTES) {
            let why = format!("a flow token has at most {MAX_TOKEN_BYTES} bytes here");
            return Err(AdminError::Invalid(why));
        }
        // What is missing is said before anything is made.
        let endpoint = self.endpoint_now().await?;
        self.client(&endpoint, carrier.clone()).await?;
        let flow_json = self.shown_flow_json(line, None).await?;
        let rehearsal = match line {
            PhoneLine::Active => None,
            PhoneLine::Version(version) => {
                let stored = self.loadable(version).await?;
                self.activation(self.flow(), &stored)?;
                let plugin =
                    ActivePlugin { version, digest: stored.digest, requests: stored.requests };
                let rules = flow_json.rules();
                Some(Arc::new(Rehearsal::new(&self.admin().exchanges, plugin, rules)))
            }
        };
        // A token is a row in the database: it is made for a phone that has a place.
        let weight = flow_json.weight();
        let place = self.admin().phones.reserve(self.holder(), weight, Instant::now())?;
        let token_is = if given.is_some() { "given" } else { "minted" };
        let flow_token = match (given, &rehearsal) {
            (Some(given), _) => given,
            (None, Some(rehearsal)) => rehearsal.mint(&endpoint).await?,
            (None, None) => {
                self.mint_token(MintToken::default()).await?.flow_token.as_str().to_owned()
            }
        };
        self.note_phone(line, token_is).await?;
        let phone = PlayedPhone::new(line, flow_token, flow_json, rehearsal, self.active_version());
        let id = place.fill(phone);
        self.use_phone(id, Deed::OpenAgain, carrier).await?;
        Ok(id)
    }

    /// A phone of the caller's at this flow. `None` if this host doesn't know it.
    pub fn phone(&self, id: PhoneId) -> Option<PhoneSeen> {
        let (phone, waits) = self.admin().phones.look(id, self.holder(), Instant::now())?;
        let files_can_be_fetched = self.admin().phone_files.are_served;
        let active = self.active_version();
        Some(PhoneSeen { phone, waits, active, files_can_be_fetched })
    }

    /// Does something with a phone. Fails with [`AdminError::NotFound`] if this host doesn't know it,
    /// and with [`AdminError::Conflict`] while it waits for an answer for longer than a second.
    pub async fn use_phone(
        &self,
        id: PhoneId,
        deed: Deed,
        carrier: Arc<dyn Carrier>,
    ) -> Result<(), AdminError> {
        let (kept, in_use) = self.take_phone(id).await?;
        let desk = self.clone();
        // In a task of its own, so that who hangs up finds the answer on the phone later.
        let using = async move {
            let mut phone = PlayedPhone::clone(&kept);
            drop(kept);
            let done = desk.perform(&mut phone, &in_use, deed, carrier).await;
            let weight = phone.flow_json.weight();
            in_use.put_back(phone, weight);
            done
        };
        let used = tokio::spawn(using.in_current_span()).await;
        used.map_err(|error| AdminError::Interrupted(error.to_string()))?
    }

    /// Takes a phone, and waits a moment for one that is in use: who picks a value and presses the
    /// button at once does not mean to be refused.
    async fn take_phone(
        &self,
        id: PhoneId,
    ) -> Result<(Arc<PlayedPhone>, InUse<PlayedPhone>), AdminError> {
        let take = || self.admin().phones.take(id, self.holder(), Instant::now());
        for _ in 0..TRIES_TO_TAKE {
            match take() {
                Err(AdminError::Conflict(_)) => sleep(PAUSE_BEFORE_TAKING).await,
                taken => return taken,
            }
        }
        take()
    }

    async fn perform(
        &self,
        phone: &mut PlayedPhone,
        in_use: &InUse<PlayedPhone>,
        deed: Deed,
        carrier: Arc<dyn Carrier>,
    ) -> Result<(), AdminError> {
        phone.is_touched = true;
        let asked = match deed {
            Deed::Close => {
                phone.handset.close();
                None
            }
            Deed::HealthCheck => Some(payload::ping()),
            Deed::OldKey => {
                phone.key_is_old = true;
                None
            }
            Deed::OpenAgain => {
                let flow_json = self.shown_flow_json(phone.line, Some(&phone.flow_json)).await?;
                in_use.reserve(flow_json.weight())?;
                phone.flow_json = flow_json;
                phone.opened_with = self.active_version();
                phone.begin_again();
                phone.handset.touch(|conversation| conversation.open())
            }
            Deed::Repeat => return self.repeat(phone, carrier).await,
            Deed::ReportError(key) => Some(report(phone, &key)),
            Deed::Touch(touch, bytes, files) if *phone.handset.shows() == Shows::Screen => {
                files::check(&phone.files, &files)?;
                phone.bytes += bytes;
                check_room(phone)?;
                let asked = self.evaluating(phone, |phone| phone.touch(touch)).await?;
                phone.keep_files(files);
                asked
            }
            Deed::Touch(..) => None,
        };
        match asked {
            Some(payload) => self.ask(phone, payload, carrier).await,
            None => Ok(()),
        }
    }

    async fn ask(
        &self,
        phone: &mut PlayedPhone,
        payload: Value,
        carrier: Arc<dyn Carrier>,
    ) -> Result<(), AdminError> {
        check_room(phone)?;
        let client = self.connected(phone, carrier).await?;
        let payload = client.dress(payload);
        let exchange = if std::mem::take(&mut phone.key_is_old) {
            client.exchange_with_old_key(&payload).await
        } else {
            client.exchange(&payload).await
        };
        let exchange = exchange.map_err(unsealed)?;
        let heard = heard(phone).await;
        self.evaluating(phone, |phone| phone.note("", payload, exchange, heard)).await
    }

    async fn repeat(
        &self,
        phone: &mut PlayedPhone,
        carrier: Arc<dyn Carrier>,
    ) -> Result<(), AdminError> {
        check_room(phone)?;
        let Some(last) = phone.last.clone() else { return Ok(()) };
        let client = self.connected(phone, carrier).await?;
        let (payload, sealed) = (last.0.clone(), last.1.clone());
        let exchange = client.repeat(&payload, sealed).await;
        let heard = heard(phone).await;
        self.evaluating(phone, |phone| phone.note("repeated: ", payload, exchange, heard)).await
    }

    /// Does what evaluates a phone's screens. The copy is cheap, and what is changed in it is copied
    /// where the work is done.
    async fn evaluating<T: Send + 'static>(
        &self,
        phone: &mut PlayedPhone,
        work: impl FnOnce(&mut PlayedPhone) -> T + Send + 'static,
    ) -> Result<T, AdminError> {
        let mut changed = phone.clone();
        let (changed, done) = self
            .drawing(move || {
                let done = work(&mut changed);
                (changed, done)
            })
            .await?;
        *phone = changed;
        Ok(done)
    }

    fn active_version(&self) -> Option<i32> {
        self.flow().active.as_ref().map(|active| active.version)
    }

    /// Adds to the audit log that somebody plays with the flow.
    async fn note_phone(&self, line: PhoneLine, token_is: &str) -> Result<(), AdminError> {
        let change = self.begin_change().await?;
        let mut record = self.record("phone.open");
        record.after = shown(&match line {
            PhoneLine::Active => json!({ "version": "active", "flow_token": token_is }),
            PhoneLine::Version(version) => {
                json!({ "version": version, "rehearsal": true, "flow_token": token_is })
            }
        });
        self.finish(change, record).await
    }
}

/// What the plugin said in the last exchange, if the phone rehearses.
async fn heard(phone: &PlayedPhone) -> Vec<String> {
    match &phone.rehearsal {
        Some(rehearsal) => rehearsal.heard().await,
        None => Vec::new(),
    }
}

fn report(phone: &PlayedPhone, key: &str) -> Value {
    let screen = phone.handset.conversation().screen_name().unwrap_or_default();
    let message = "sent from a phone of the console";
    payload::error_notification(screen, key, message, &phone.flow_token)
}

fn check_room(phone: &PlayedPhone) -> Result<(), AdminError> {
    phone.is_full().map_or(Ok(()), |why| Err(AdminError::Conflict(why.to_owned())))
}

/// One second in all: an answer takes some 10 ms, and one that takes longer is one to be told of.
const TRIES_TO_TAKE: usize = 40;
const PAUSE_BEFORE_TAKING: Duration = Duration::from_millis(25);

/// Longer than any token that is sent with a Flow.
const MAX_TOKEN_BYTES: usize = 1024;
