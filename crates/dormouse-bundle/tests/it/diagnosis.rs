//! Problems that concern more than one file, and conditions.

use dormouse_bundle::{BundleSource, diagnose, load};

use crate::fixture::{Fixture, check, proxy};

#[test]
fn steps_must_name_policies() {
    check(
        &proxy("<Step><Name>absent</Name></Step>", ""),
        &["error missing-policy apiproxy/proxies/default.xml:1:61 there is no policy `absent`"],
    );
}

#[test]
fn a_name_that_differs_in_case_is_suggested() {
    let fixture = Fixture::new(&proxy(
        "<Step><Name>Verify</Name></Step>",
        "//- /apiproxy/policies/verify.xml\n<AssignMessage name='verify'/>\n",
    ));
    let problems = diagnose(&fixture.load("").0);
    assert_eq!(problems[0].help.as_deref(), Some("names are case-sensitive; there is `verify`"));
}

#[test]
fn resources_must_be_there_if_the_policy_is_used() {
    let script = |name: &str| {
        format!(
            "//- /apiproxy/policies/{name}.xml\n<Javascript name='{name}'><ResourceURL>jsc://{name}.js</ResourceURL><IncludeURL>jsc://{{v}}.js</IncludeURL></Javascript>\n"
        )
    };
    let disabled = script("off").replace("<Javascript", "<Javascript enabled='false'");
    let files = [
        script("used"),
        script("unused"),
        script("there"),
        disabled,
        "//- /apiproxy/resources/js/there.js\n\n".to_owned(),
    ]
    .concat();
    check(
        &proxy(
            "<Step><Name>used</Name></Step><Step><Name>there</Name></Step><Step><Name>off</Name></Step>",
            &files,
        ),
        &[
            "warning missing-resource apiproxy/policies/off.xml:1:53 there is no resource `jsc://off.js`",
            "warning missing-resource apiproxy/policies/unused.xml:1:40 there is no resource `jsc://unused.js`",
            "error missing-resource apiproxy/policies/used.xml:1:38 there is no resource `jsc://used.js`",
        ],
    );
}

#[test]
fn shared_flows_must_be_there_if_the_policy_is_used() {
    let callout = |name: &str, flow: &str| {
        format!(
            "//- /apiproxy/policies/{name}.xml\n<FlowCallout name='{name}'><SharedFlowBundle>{flow}</SharedFlowBundle></FlowCallout>\n"
        )
    };
    let shared = "//- /sharedflowbundle/s.xml\n<SharedFlowBundle name='there'/>\n//- /sharedflowbundle/sharedflows/default.xml\n<SharedFlow name='default'/>\n";
    let files =
        [callout("a", "there"), callout("b", "absent"), callout("c", "absent"), shared.to_owned()].concat();
    check(
        &proxy("<Step><Name>a</Name></Step><Step><Name>b</Name></Step>", &files),
        &[
            "error missing-shared-flow apiproxy/policies/b.xml:1:41 there is no shared flow `absent`",
            "warning missing-shared-flow apiproxy/policies/c.xml:1:41 there is no shared flow `absent`",
        ],
    );
}

#[test]
fn conditions_point_into_their_decoded_text() {
    let step = |condition: &str| format!("<Step><Name>a</Name><Condition>{condition}</Condition></Step>");
    let files = "//- /apiproxy/policies/a.xml\n<AssignMessage name='a'/>\n";
    check(
        &proxy(&step("\n a &amp;&amp; &amp; b"), files),
        &["error condition-syntax apiproxy/proxies/default.xml:2:15 a single `&` is no operator; write `&&`"],
    );
    check(
        &proxy(&step("\n<![CDATA[a && = b]]>"), files),
        &[
            "error condition-syntax apiproxy/proxies/default.xml:2:15 `=` stands where a variable or value is expected",
        ],
    );
    check(
        &proxy(&step("\n(1=1"), files),
        &[
            "warning condition-odd apiproxy/proxies/default.xml:2:1 this parenthesis is not closed",
            "warning condition-odd apiproxy/proxies/default.xml:2:2 the left side of a comparison is a literal; a variable is expected there",
        ],
    );
    check(
        &proxy(&step("a"), files).replace("</Condition>", "</Condition><Condition>b</Condition>"),
        &[
            "warning duplicate-condition apiproxy/proxies/default.xml:1:94 this Step has a second condition, which is not read",
        ],
    );
}

#[test]
fn routes_and_targets_must_lead_somewhere() {
    let files = "//- /apiproxy/proxies/default.xml
<ProxyEndpoint name='default'>
<RouteRule name='a'><TargetEndpoint>absent</TargetEndpoint></RouteRule>
<RouteRule name='b'><TargetEndpoint>empty</TargetEndpoint></RouteRule>
<RouteRule name='c'><TargetEndpoint>node</TargetEndpoint></RouteRule>
<RouteRule name='d'><TargetEndpoint>none</TargetEndpoint></RouteRule>
<RouteRule name='e'><IntegrationEndpoint>i</IntegrationEndpoint></RouteRule>
</ProxyEndpoint>
//- /apiproxy/targets/empty.xml
<TargetEndpoint name='empty'><HTTPTargetConnection><LoadBalancer/></HTTPTargetConnection></TargetEndpoint>
//- /apiproxy/targets/node.xml
<TargetEndpoint name='node'><ScriptTarget/></TargetEndpoint>
//- /apiproxy/targets/none.xml
<TargetEndpoint name='none'/>
//- /apiproxy/targets/unused.xml
<TargetEndpoint name='unused'><HostedTarget/></TargetEndpoint>
";
    check(
        files,
        &[
            "error missing-target-endpoint apiproxy/proxies/default.xml:2:37 there is no target endpoint `absent`",
            "error unsupported-target apiproxy/proxies/default.xml:6:42 an integration endpoint runs only on Apigee",
            "error target-without-address apiproxy/targets/empty.xml:1:31 this connection has neither a URL nor a LoadBalancer with a server",
            "error unsupported-target apiproxy/targets/node.xml:1:30 a ScriptTarget runs only on Apigee",
            "error target-without-connection apiproxy/targets/none.xml:1:2 the target endpoint `none` has no connection",
            "warning unsupported-target apiproxy/targets/unused.xml:1:32 a HostedTarget runs only on Apigee",
        ],
    );
}

#[test]
fn base_paths_must_be_valid() {
    let with = |path: &str| {
        format!(
            "//- /apiproxy/proxies/default.xml\n<ProxyEndpoint name='d'><HTTPProxyConnection><BasePath>{path}</BasePath></HTTPProxyConnection></ProxyEndpoint>\n"
        )
    };
    for fine in ["/", "/a/*/b", "/a.b-c_d", ""] {
        check(&with(fine), &[]);
    }
    for (wrong, why) in [
        ("a", "does not begin with `/`"),
        ("/a/**", "holds `**`; only `*` for one segment is allowed"),
        ("/*/a", "begins with `*`; the first segment must be literal"),
        ("/a b", "holds a character that no base path may have"),
        ("/{a}", "holds a character that no base path may have"),
    ] {
        check(
            &with(wrong),
            &[&format!("error base-path apiproxy/proxies/default.xml:1:56 the base path `{wrong}` {why}")],
        );
    }
}

#[test]
fn bundles_share_neither_name_nor_base_path() {
    let files = "//- /x/apiproxy/a.xml\n<APIProxy name='p'/>\n//- /x/apiproxy/proxies/a.xml\n<ProxyEndpoint name='a'><HTTPProxyConnection><BasePath>/v1</BasePath></HTTPProxyConnection></ProxyEndpoint>\n\
        //- /y/apiproxy/a.xml\n<APIProxy name='p'/>\n//- /y/apiproxy/proxies/a.xml\n<ProxyEndpoint name='a'><HTTPProxyConnection><BasePath>/v1/</BasePath></HTTPProxyConnection></ProxyEndpoint>\n\
        //- /y/apiproxy/proxies/b.xml\n<ProxyEndpoint name='a'><HTTPProxyConnection><BasePath>/V1</BasePath></HTTPProxyConnection></ProxyEndpoint>\n";
    let fixture = Fixture::new(files);
    let at = |inside: &str, name: Option<&str>| {
        load(&BundleSource { name: name.map(str::to_owned), path: fixture.path().join(inside) }).0
    };
    let problems = diagnose(&[at("x", None), at("y", None)].concat());
    assert_eq!(
        fixture.shown(&problems),
        [
            "error duplicate-bundle - x and ".to_owned() + &fixture.path().join("y").display().to_string() + " are both deployed as `p`",
            "error duplicate-base-path y/apiproxy/proxies/a.xml:1:56 the base path `/v1/` is taken by x/apiproxy/proxies/a.xml:1:56".to_owned(),
            "error duplicate-endpoint y/apiproxy/proxies/b.xml:1:22 a second proxy endpoint with the name of the one in y/apiproxy/proxies/a.xml".to_owned(),
        ]
        .map(|line| line.replace(&format!("{}/", fixture.path().display()), ""))
    );
    let renamed = diagnose(&[at("x", None), at("y", Some("q"))].concat());
    assert!(renamed.iter().all(|problem| problem.code != "duplicate-bundle"));
}

#[test]
fn a_bundle_without_endpoint_cannot_run() {
    check(
        "//- /apiproxy/a.xml\n<APIProxy name='a'/>\n",
        &["error no-endpoint - a cannot run: proxies/ has no readable ProxyEndpoint"],
    );
    check(
        "//- /sharedflowbundle/a.xml\n<SharedFlowBundle name='a'/>\n",
        &["error no-endpoint - a cannot run: sharedflows/ has no readable SharedFlow"],
    );
}

#[test]
fn oauth_problems_are_warnings_if_no_flow_uses_the_policy() {
    let policy = "//- /apiproxy/policies/v.xml\n<OAuthV2 name='v'><Operation>Verify</Operation></OAuthV2>\n";
    check(
        &proxy("", policy),
        &[
            "warning invalid-operation apiproxy/policies/v.xml:1:30 there is no operation `Verify` (Apigee: InvalidOperation)",
        ],
    );
    check(
        &proxy("<Step><Name>v</Name></Step>", policy),
        &[
            "error invalid-operation apiproxy/policies/v.xml:1:30 there is no operation `Verify` (Apigee: InvalidOperation)",
        ],
    );
}
