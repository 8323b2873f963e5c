//! The user of the appointment flow: picks what the screens offer, fills in the forms, and goes
//! back once.

use serde_json::{Map, Value, json};

use flowhost_client::payload;

use super::report::{Expected, Report};
use super::script::step;
use super::stage::Tenant;

/// Plays the conversation from the first screen to the confirmation. An error says why it can't go
/// on.
pub(super) async fn book(
    report: &mut Report,
    tenant: &Tenant,
    token: &str,
) -> Result<(), &'static str> {
    let mut user = User { report, tenant, token };
    let picks = user.pick_an_appointment().await?;
    user.submit("Submits the appointment", "APPOINTMENT", picks.clone().into(), shows("DETAILS"))
        .await?;
    user.enter_details().await?;
    user.change_mind().await?;
    user.confirm(picks).await
}

/// The first screen, before anything was chosen.
pub(super) fn is_fresh_start(reply: &Value) -> bool {
    reply["screen"] == "APPOINTMENT"
        && first_offered(reply, "department").is_some()
        && reply["data"]["is_location_enabled"] == false
}

struct User<'a> {
    report: &'a mut Report,
    tenant: &'a Tenant,
    token: &'a str,
}

impl User<'_> {
    /// Opens the flow and goes through its lists; each choice enables the next list.
    async fn pick_an_appointment(&mut self) -> Result<Map<String, Value>, &'static str> {
        let expected =
            Expected::payload(200, "the first screen, with nothing chosen", is_fresh_start);
        let title = format!("INIT: a user of {} opens the flow", self.tenant.slug);
        let init = payload::init(self.token);
        let mut reply = step(self.report, &title, &self.tenant.client, &init, expected)
            .await
            .ok_or(NOT_AS_EXPECTED)?;
        let mut picks = Map::new();
        for [list, next] in [["department", "location"], ["location", "date"], ["date", "time"]] {
            pick(&mut picks, &reply, list)?;
            let mut data = picks.clone();
            data.insert("trigger".to_owned(), format!("{list}_selected").into());
            let expected =
                Expected::payload(200, format!("the list of {next}s opens"), move |reply| {
                    opens(reply, next)
                });
            reply = self
                .submit(&format!("Picks the {list}"), "APPOINTMENT", data.into(), expected)
                .await?;
        }
        pick(&mut picks, &reply, "time")?;
        Ok(picks)
    }

    /// Starts with a mistake, which the plugin must notice.
    async fn enter_details(&mut self) -> Result<(), &'static str> {
        let slip = Expected::payload(
            200,
            "the same screen, with a message about the email address",
            |reply| {
                reply["screen"] == "DETAILS"
                    && reply["data"]["error_message"]
                        .as_str()
                        .is_some_and(|text| text.contains("email"))
            },
        );
        self.submit(
            "Enters an email address that is none",
            "DETAILS",
            contact("ana.example.com"),
            slip,
        )
        .await?;
        self.submit("Corrects it", "DETAILS", contact(EMAIL), shows("SUMMARY")).await?;
        Ok(())
    }

    /// Goes back to the form, which must still be filled in, and forward again.
    async fn change_mind(&mut self) -> Result<(), &'static str> {
        let kept = Expected::payload(200, "DETAILS with what was entered", |reply| {
            reply["screen"] == "DETAILS" && reply["data"]["chosen"]["email"] == EMAIL
        });
        let back = payload::back("SUMMARY", self.token);
        step(self.report, "BACK: leaves the summary", &self.tenant.client, &back, kept)
            .await
            .ok_or(NOT_AS_EXPECTED)?;
        self.submit("Submits the details again", "DETAILS", contact(EMAIL), shows("SUMMARY"))
            .await?;
        Ok(())
    }

    /// The chat must get what was chosen, and the token by which the business knows the
    /// conversation.
    async fn confirm(&mut self, picks: Map<String, Value>) -> Result<(), &'static str> {
        let token = self.token.to_owned();
        let done = Expected::payload(200, "SUCCESS with the booking, as chosen", move |reply| {
            let params = &reply["data"]["extension_message_response"]["params"];
            reply["screen"] == "SUCCESS"
                && params["flow_token"] == token.as_str()
                && params["booking"].as_str().is_some_and(|number| !number.is_empty())
                && params["email"] == EMAIL
                && picks.iter().all(|(name, value)| params[name] == *value)
        });
        self.submit("Agrees to the terms and confirms", "SUMMARY", json!({ "terms": true }), done)
            .await?;
        Ok(())
    }

    async fn submit(
        &mut self,
        title: &str,
        screen: &str,
        data: Value,
        expected: Expected,
    ) -> Result<Value, &'static str> {
        let request = payload::data_exchange(screen, data, self.token);
        step(self.report, title, &self.tenant.client, &request, expected)
            .await
            .ok_or(NOT_AS_EXPECTED)
    }
}

fn contact(email: &str) -> Value {
    json!({ "name": "Ana Souza", "email": email, "phone": "+55 11 91234-5678", "more_details": "A check-up" })
}

fn shows(screen: &'static str) -> Expected {
    Expected::payload(200, format!("{screen}, without an error"), move |reply| {
        reply["screen"] == screen
            && reply["data"].is_object()
            && reply["data"]["error_message"].is_null()
    })
}

fn opens(reply: &Value, list: &str) -> bool {
    reply["screen"] == "APPOINTMENT"
        && reply["data"][format!("is_{list}_enabled")] == true
        && first_offered(reply, list).is_some()
}

fn pick(picks: &mut Map<String, Value>, reply: &Value, list: &str) -> Result<(), &'static str> {
    let id = first_offered(reply, list).ok_or("a list offers nothing to pick")?;
    picks.insert(list.to_owned(), id.into());
    Ok(())
}

/// The id of the first entry that can be selected.
fn first_offered<'a>(reply: &'a Value, list: &str) -> Option<&'a str> {
    let lines = reply["data"][list].as_array()?;
    lines.iter().find(|line| line["enabled"] != false)?["id"].as_str()
}

const EMAIL: &str = "ana@example.com";

const NOT_AS_EXPECTED: &str = "the last reply was not what it must be";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_the_first_line_that_can_be_picked() {
        let reply = json!({"data": {"time": [{"id": "09:00", "enabled": false}, {"id": "10:30"}]}});

        assert_eq!(first_offered(&reply, "time"), Some("10:30"));
        assert_eq!(first_offered(&reply, "date"), None);
    }

    #[test]
    fn a_list_is_open_only_when_it_offers_something() {
        let reply = |enabled, lines| json!({"screen": "APPOINTMENT", "data": {"is_date_enabled": enabled, "date": lines}});

        assert!(opens(&reply(true, json!([{"id": "2026-11-23", "enabled": true}])), "date"));
        assert!(!opens(&reply(true, json!([{"id": "none", "enabled": false}])), "date"));
        assert!(!opens(&reply(false, json!([{"id": "2026-11-23", "enabled": true}])), "date"));
    }
}
