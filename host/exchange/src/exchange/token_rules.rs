//! How a flow's settings judge a request's token before its session is looked up.

use crate::sessions::{Admission, TokenStanding};
use flowhost_protocol::flow::{Exchange, FlowSettings, SharedTokens, TokenPolicy, TokenSignature};

/// How an exchange's token stands under a flow's settings. `holds` checks its signature; it is
/// called only if there is one and the settings do not ignore it.
pub fn token_standing(
    settings: &FlowSettings,
    exchange: &Exchange,
    holds: impl FnOnce() -> bool,
) -> TokenStanding {
    let given = exchange.flow_token_signature.is_some();
    let verified = given && settings.token_signature != TokenSignature::Ignore && holds();
    let refused = match settings.token_signature {
        TokenSignature::IfPresent => given && !verified,
        TokenSignature::Ignore => false,
        TokenSignature::Required => !verified,
    };
    let admission = match settings.token_policy {
        _ if refused => Admission::Nobody,
        TokenPolicy::Minted => Admission::KnownTokens,
        TokenPolicy::Open => Admission::Anyone,
    };
    let shared = match &exchange.flow_token {
        None => true,
        Some(token) => {
            settings.shared_tokens != SharedTokens::Trust
                && !token.can_be_own(settings.min_token_length)
        }
    };
    TokenStanding { admission, verified, shared, shared_tokens: settings.shared_tokens }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_protocol::flow::{Action, FlowToken};

    #[test]
    fn the_setting_says_which_signatures_are_refused() {
        use TokenSignature::*;
        for (token_signature, given, holds, refused, verified) in [
            (IfPresent, false, false, false, false),
            (IfPresent, true, false, true, false),
            (IfPresent, true, true, false, true),
            (Ignore, false, false, false, false),
            (Ignore, true, false, false, false),
            (Ignore, true, true, false, false),
            (Required, false, false, true, false),
            (Required, true, false, true, false),
            (Required, true, true, false, true),
        ] {
            for (token_policy, admitted) in [
                (TokenPolicy::Minted, Admission::KnownTokens),
                (TokenPolicy::Open, Admission::Anyone),
            ] {
                let settings =
                    FlowSettings { token_policy, token_signature, ..FlowSettings::default() };
                let standing =
                    token_standing(&settings, &exchange("a token of its own", given), || holds);
                let expected = if refused { Admission::Nobody } else { admitted };
                let case = format!("{token_policy:?} {token_signature:?} {given} {holds}");
                assert_eq!((standing.admission, standing.verified), (expected, verified), "{case}");
            }
        }
    }

    #[test]
    fn a_signature_that_is_not_looked_at_is_not_checked() {
        let unchecked = || -> bool { panic!("the signature was checked") };
        for (token_signature, given) in
            [(TokenSignature::Ignore, true), (TokenSignature::Required, false)]
        {
            let settings = FlowSettings { token_signature, ..FlowSettings::default() };
            token_standing(&settings, &exchange("a token of its own", given), unchecked);
        }
    }

    #[test]
    fn a_token_is_shared_unless_it_can_be_own_or_is_trusted() {
        let of = |shared_tokens, min_token_length| FlowSettings {
            shared_tokens,
            min_token_length,
            ..FlowSettings::default()
        };
        for (token, settings, shared) in [
            ("unused", of(SharedTokens::StandAlone, 0), true),
            ("unused", of(SharedTokens::Trust, 8), false),
            ("", of(SharedTokens::Trust, 0), true),
            ("short", of(SharedTokens::Refuse, 6), true),
            ("short", of(SharedTokens::Refuse, 5), false),
            ("long enough", FlowSettings::default(), false),
        ] {
            let standing = token_standing(&settings, &exchange(token, false), || false);
            assert_eq!(
                (standing.shared, standing.shared_tokens),
                (shared, settings.shared_tokens),
                "{token:?} {settings:?}"
            );
        }
    }

    fn exchange(token: &str, signed: bool) -> Exchange {
        Exchange {
            action: Action::Init,
            screen: None,
            data: "{}".to_owned(),
            flow_token: FlowToken::new(token.to_owned()),
            version: "4.0".to_owned(),
            flow_token_signature: signed.then(|| "a.b.c".to_owned()),
        }
    }
}
