//! Proof Key for Code Exchange at native front ends (RFC 7636, TOKENS §3 "Codes"): the code's attributes `code_challenge` and
//! `code_challenge_method` are its challenge, whoever set them, and do not pass on to the tokens. Only S256 counts.

use crate::error::Refusal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dormouse_token::{Attributes, Secret};

/// Checks a verifier against the challenge among a code's attributes, and takes the challenge out of them.
///
/// A verifier without a challenge is refused as well: it shows that somebody took the challenge out of the authorization
/// request (RFC 9700 §4.8.2). A public client has nothing else to prove itself with, so that it needs both.
pub(crate) fn check_verifier(
    attributes: &mut Attributes,
    verifier: Option<&str>,
    is_public: bool,
) -> Result<(), Refusal> {
    let accepted = match (attributes.value(CHALLENGE), verifier) {
        (None, None) => !is_public,
        (Some(challenge), Some(verifier)) => {
            attributes.value(METHOD) == Some(S256) && is_well_formed(verifier) && fits(challenge, verifier)
        }
        _ => false,
    };
    if !accepted {
        return Err(Refusal::VerifierDiffers);
    }
    attributes.remove(CHALLENGE);
    attributes.remove(METHOD);
    Ok(())
}

fn fits(challenge: &str, verifier: &str) -> bool {
    let expected = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    Secret::new(expected).matches(challenge)
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters.
fn is_well_formed(verifier: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved)
}

const CHALLENGE: &str = "code_challenge";
const METHOD: &str = "code_challenge_method";
const S256: &str = "S256";

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const RFC_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[track_caller]
    fn check(code: &[(&str, &str)], verifier: Option<&str>, is_public: bool, accepted: bool) {
        let mut attributes: Attributes = code.iter().copied().collect();
        let result = check_verifier(&mut attributes, verifier, is_public);
        assert_eq!(result, if accepted { Ok(()) } else { Err(Refusal::VerifierDiffers) }, "{code:?}");
        if accepted {
            assert_eq!((attributes.value(CHALLENGE), attributes.value(METHOD)), (None, None));
        }
    }

    #[test]
    fn the_example_of_the_rfc() {
        let code = [(CHALLENGE, RFC_CHALLENGE), (METHOD, S256), ("other", "1")];
        check(&code, Some(VERIFIER), false, true);
        check(&code, Some(VERIFIER), true, true);
        check(&code, None, false, false);
        check(&code, Some(&VERIFIER.replace('d', "e")), false, false);
        check(&code, Some(RFC_CHALLENGE), false, false);
    }

    #[test]
    fn no_other_method_counts() {
        for method in ["plain", "s256", "", "S256 "] {
            check(&[(CHALLENGE, RFC_CHALLENGE), (METHOD, method)], Some(VERIFIER), false, false);
        }
        check(&[(CHALLENGE, RFC_CHALLENGE)], Some(VERIFIER), false, false);
        check(&[(CHALLENGE, VERIFIER), (METHOD, "plain")], Some(VERIFIER), false, false);
    }

    #[test]
    fn without_a_challenge_there_is_no_verifier_and_no_public_client() {
        check(&[], None, false, true);
        check(&[], None, true, false);
        check(&[], Some(VERIFIER), false, false);
        check(&[(METHOD, S256)], None, false, true);
    }

    #[test]
    fn verifiers_have_the_form_of_the_rfc() {
        for verifier in ["", "short", &"a".repeat(42), &"a".repeat(129), &"a b".repeat(20)] {
            let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            check(&[(CHALLENGE, &challenge), (METHOD, S256)], Some(verifier), false, false);
        }
        let longest = "~".repeat(128);
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, longest.as_bytes()));
        check(&[(CHALLENGE, &challenge), (METHOD, S256)], Some(&longest), false, true);
    }
}
