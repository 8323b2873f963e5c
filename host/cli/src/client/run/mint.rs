//! Mints the flow tokens that scenarios are played with.

use anyhow::Context as _;
use reqwest::Url;
use serde_json::value::to_raw_value;

use flowhost_api::{MintToken, MintedTokenView, Route};
use flowhost_devkit::scenarios::Scenario;
use flowhost_protocol::flow::{FlowToken, TokenPolicy};
use flowhost_server::config::{ConfigError, Environment};

use super::super::super::api::{AdminApi, AdminArgs};

/// The admin API of the host, and the flow to mint for.
pub(super) struct Mint {
    api: AdminApi,
    tenant: String,
    flow: String,
}

impl Mint {
    /// Mints for the flow whose endpoint is at `url`.
    ///
    /// # Errors
    /// The URL is not one of a flow at a Flowhost, or the admin URL or token can't be used.
    pub(super) fn of(
        url: &str,
        admin: &AdminArgs,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let (tenant, flow) = names_in(url).ok_or_else(|| {
            ConfigError::new(
                "--mint is for a flow of a Flowhost: --url has to end in /flows/TENANT/FLOW",
            )
        })?;
        Ok(Self { api: admin.connect(environment)?, tenant, flow })
    }

    /// A new token with the scenario's context; `None` if the scenario is about a token that nobody
    /// minted.
    ///
    /// # Errors
    /// The host refuses, or does not answer.
    pub(super) async fn token(&self, scenario: &Scenario) -> anyhow::Result<Option<String>> {
        if !is_minted(scenario) {
            return Ok(None);
        }
        let context = scenario.context.as_ref().map(to_raw_value).transpose()?;
        let body = MintToken { context, ..MintToken::default() };
        let answer = self.api.send(Route::MintToken, &[&self.tenant, &self.flow], &body).await;
        let answer = answer.with_context(|| {
            format!(
                "no flow token can be minted for {} of {}, scenario {}",
                self.flow, self.tenant, scenario.name
            )
        })?;
        let minted: MintedTokenView = answer.read()?;
        Ok(Some(minted.flow_token.to_string()))
    }
}

/// Whether the scenario can be played with a token that the host minted. A token that many share is
/// none, and where minted tokens alone are admitted, a scenario without one is about its refusal.
fn is_minted(scenario: &Scenario) -> bool {
    let settings = scenario.settings.flow();
    let is_own = FlowToken::new(scenario.flow_token.clone())
        .is_some_and(|token| token.can_be_own(settings.min_token_length));
    let is_a_stranger = settings.token_policy == TokenPolicy::Minted && !scenario.minted_token;
    is_own && !is_a_stranger
}

/// The tenant and the flow in the URL of an endpoint.
fn names_in(url: &str) -> Option<(String, String)> {
    let url = Url::parse(url).ok()?;
    let segments: Vec<_> = url.path_segments()?.collect();
    match segments.as_slice() {
        [.., "flows", tenant, flow] if !tenant.is_empty() && !flow.is_empty() => {
            Some(((*tenant).to_owned(), (*flow).to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_says_whose_flow_it_is() {
        let names = |tenant: &str, flow: &str| Some((tenant.to_owned(), flow.to_owned()));

        assert_eq!(names_in("http://127.0.0.1:8080/flows/acme/booking"), names("acme", "booking"));
        assert_eq!(names_in("https://x.org/behind/flows/a/b?c"), names("a", "b"));
        for other in ["https://x.org/flow", "https://x.org/flows/a/", "https://x.org/a/b/c", "x"] {
            assert_eq!(names_in(other), None, "{other}");
        }
    }

    #[test]
    fn a_scenario_about_a_token_that_nobody_minted_gets_none() {
        let step = "[[step]]\nsend = { action = \"INIT\" }\n";
        let minted =
            |head: &str| is_minted(&Scenario::parse("x", &format!("{head}{step}")).unwrap());

        assert!(minted("") && minted("context = { a = 1 }\n"));
        assert!(!minted("flow_token = \"unused\"\n") && !minted("flow_token = \"\"\n"));
        assert!(!minted("[settings]\ntoken_policy = \"minted\"\n"));
        assert!(minted("minted_token = true\n[settings]\ntoken_policy = \"minted\"\n"));
    }
}
