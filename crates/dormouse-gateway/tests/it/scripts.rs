//! Javascript policies in a bundle: files in order, faults and fault rules, continueOnError, and others' requests while
//! a script does not end.

use crate::support::{body, get, header, program, send, status};

#[test]
fn a_challenge_is_checked() {
    let (program, problems) = program(&["scripts"]);
    assert_eq!(problems, []);
    // RFC 7636 appendix B
    let verifier = "code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    for (challenge, verdict) in [("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", true), ("other", false)] {
        let form = format!("{verifier}&code_challenge={challenge}");
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let reply = send(&program, "POST /scripts/challenge", &headers, &form);
        let expected = format!("{{\"flow\":\"PROXY_RESP_FLOW\",\"failed\":null,\"verdict\":{verdict}}}");
        assert_eq!((status(&reply), body(&reply)), (200, expected));
        assert_eq!(header(&reply, "content-type").as_deref(), Some("application/json"));
    }
}

#[test]
fn fault_rules_know_the_failure() {
    let (program, _) = program(&["scripts"]);
    assert_eq!(status(&get(&program, "/scripts/refuse")), 400);
    let reply = get(&program, "/scripts/tolerant");
    assert_eq!(
        (status(&reply), body(&reply).as_str()),
        (200, r#"{"flow":"PROXY_RESP_FLOW","failed":true,"verdict":null}"#)
    );
}

#[test]
fn requests_go_on_while_scripts_do_not_end() {
    let (program, _) = program(&["scripts"]);
    std::thread::scope(|scope| {
        let endless = scope.spawn(|| get(&program, "/scripts/endless"));
        for _ in 0..20 {
            assert_eq!(status(&get(&program, "/scripts/tolerant")), 200);
        }
        let reply = endless.join().expect("a reply");
        let expected = r#"{"fault":{"faultstring":"Execution of JS-Endless failed with error: Javascript runtime exceeded limit of 300ms","detail":{"errorcode":"steps.javascript.ScriptExecutionFailed"}}}"#;
        assert_eq!((status(&reply), body(&reply).as_str()), (500, expected));
    });
}
