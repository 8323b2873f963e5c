//! How a flow's settings judge a request's token, before its session is looked up.

use crate::sessions::{Admission, TokenStanding};
use crate::tenants::{TokenPolicy, TokenSignature};

/// How a token stands under a flow's policy and its setting for signatures.
///
/// `given` is whether the request carries a `flow_token_signature`. `holds` checks it; it is called only where there is one and
/// the flow looks at it.
pub fn token_standing(policy: TokenPolicy, signature: TokenSignature, given: bool, holds: impl FnOnce() -> bool) -> TokenStanding {
    let verified = given && signature != TokenSignature::Ignore && holds();
    let refused = match signature {
        TokenSignature::IfPresent => given && !verified,
        TokenSignature::Ignore => false,
        TokenSignature::Required => !verified,
    };
    let admission = match policy {
        _ if refused => Admission::Nobody,
        TokenPolicy::Minted => Admission::KnownTokens,
        TokenPolicy::Open => Admission::Anyone,
    };
    TokenStanding { admission, verified }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_says_which_signatures_are_refused() {
        use TokenSignature::*;
        for (setting, given, holds, refused, verified) in [
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
            for (policy, admitted) in [(TokenPolicy::Minted, Admission::KnownTokens), (TokenPolicy::Open, Admission::Anyone)] {
                let standing = token_standing(policy, setting, given, || holds);
                let expected = if refused { Admission::Nobody } else { admitted };
                assert_eq!(standing, TokenStanding { admission: expected, verified }, "{policy:?} {setting:?} {given} {holds}");
            }
        }
    }

    #[test]
    fn a_signature_that_is_not_looked_at_is_not_checked() {
        let unchecked = || -> bool { panic!("the signature was checked") };
        token_standing(TokenPolicy::Open, TokenSignature::Ignore, true, unchecked);
        token_standing(TokenPolicy::Open, TokenSignature::Required, false, unchecked);
    }
}
