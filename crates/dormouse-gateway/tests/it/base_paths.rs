//! Which endpoint answers.

use crate::support::{body, get, program, status};

#[test]
fn no_proxy_is_a_404_with_the_standard_body() {
    let (program, _) = program(&["flows"]);
    for path in ["/", "/flow", "/flowsx", "/FLOWS/a"] {
        let reply = get(&program, path);
        assert_eq!(status(&reply), 404, "{path}");
        let expected = format!(
            r#"{{"fault":{{"faultstring":"Unable to identify proxy for host: default and url: {path}","detail":{{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}}}}"#
        );
        assert_eq!(body(&reply), expected);
    }
}

#[test]
fn the_most_specific_endpoint_answers() {
    let (program, _) = program(&["routes", "flows"]);
    assert_eq!(status(&get(&program, "/routes/deeper/7/x")), 200);
    assert_eq!(status(&get(&program, "/routes/deeper/7")), 500);
    let routes: Vec<_> = program.routes().collect();
    assert_eq!(routes, [("/routes/deeper/*/x", "routes"), ("/routes", "routes"), ("/flows", "flows")]);
}
