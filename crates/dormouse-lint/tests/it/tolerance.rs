//! No input makes the linter panic, take long or lose what it could read.

use crate::support::{FILES, write, write_proxy};
use dormouse_lint::{Settings, gather, lint};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

fn codes(path: &Path) -> Vec<&'static str> {
    let input = gather(&[path.to_owned()]).unwrap();
    lint(&input, &Settings::default()).findings.iter().map(|finding| finding.rule.code).collect()
}

#[test]
fn a_broken_file_costs_only_itself() {
    let directory = tempfile::tempdir().unwrap();
    let path = write_proxy(directory.path());
    write(
        &path,
        &[
            ("apiproxy/policies/Broken.xml", b"<AssignMessage name='x'>"),
            ("apiproxy/policies/Odd.xml", b"\xff\xfe"),
        ],
    );
    let codes = codes(&path);
    assert_eq!(codes.iter().filter(|code| **code == "LNT001").count(), 2, "{codes:?}");
    assert!(codes.contains(&"OAU002b"), "{codes:?}");
}

#[test]
fn many_flows_and_long_conditions_take_no_long() {
    let mut flows = String::new();
    for number in 0..300 {
        let condition = (0..20).map(|part| format!("a{part} = \"{number}\" or b{part} = \"{number}\""));
        let condition = format!("({})", condition.collect::<Vec<_>>().join(") and ("));
        let step = "<Step><Name>Token</Name></Step>";
        write!(flows, "<Flow name=\"f\"><Condition>{condition}</Condition><Request>{step}</Request><Response>{step}</Response></Flow>")
            .unwrap();
    }
    let endpoint = format!("<ProxyEndpoint name=\"default\"><Flows>{flows}</Flows></ProxyEndpoint>");
    let directory = tempfile::tempdir().unwrap();
    let path = write_proxy(directory.path());
    write(&path, &[("apiproxy/proxies/default.xml", endpoint.as_bytes())]);
    assert!(codes(&path).contains(&"OAU001"));
}

#[test]
fn shared_flows_that_call_each_other_end() {
    let shared = |calls: &str| {
        format!(
            "<SharedFlow name=\"default\">{}</SharedFlow>",
            format!("<Step><Name>{calls}</Name></Step>").repeat(20)
        )
    };
    let call = |name: &str| {
        format!("<FlowCallout name=\"Call\"><SharedFlowBundle>{name}</SharedFlowBundle></FlowCallout>")
    };
    let directory = tempfile::tempdir().unwrap();
    let path = write_proxy(directory.path());
    for (name, next) in [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "a")] {
        let folder = format!("{name}/sharedflowbundle");
        let manifest = format!("<SharedFlowBundle name=\"{name}\"/>");
        write(
            &path,
            &[
                (&format!("{folder}/{name}.xml"), manifest.as_bytes()),
                (&format!("{folder}/sharedflows/default.xml"), shared("Call").as_bytes()),
                (&format!("{folder}/policies/Call.xml"), call(next).as_bytes()),
            ],
        );
    }
    let endpoint = "<ProxyEndpoint name=\"default\"><PreFlow><Request><Step><Name>Call</Name></Step></Request></PreFlow></ProxyEndpoint>";
    write(
        &path,
        &[
            ("apiproxy/proxies/default.xml", endpoint.as_bytes()),
            ("apiproxy/policies/Call.xml", call("a").as_bytes()),
        ],
    );
    codes(&path);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes of a good bundle are cut, replaced and repeated.
    #[test]
    fn no_change_of_a_bundle_makes_it_panic(
        which in 0..FILES.len(),
        at in 0.0..1.0_f64,
        length in 0_usize..40,
        replacement in "[<>&\"'a-z=()!~/{}\u{0}\u{e9} \n-]{0,12}",
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = write_proxy(directory.path());
        let (name, text) = FILES[which];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
        let start = (text.len() as f64 * at) as usize;
        let end = (start + length).min(text.len());
        let changed = [&text.as_bytes()[..start], replacement.as_bytes(), &text.as_bytes()[end..]].concat();
        write(&path, &[(name, &changed)]);
        codes(&path);
    }

    /// A refresh flow behind any condition is either reached or told to be shadowed, and never crashes.
    #[test]
    fn no_condition_makes_it_panic(condition in "[()!a-c=~/|\"* .0-9-]{0,30}") {
        let directory = tempfile::tempdir().unwrap();
        let path = write_proxy(directory.path());
        let endpoint = FILES[1].1.replace("proxy.pathsuffix MatchesPath \"/token\"</", &format!("{condition}</"));
        write(&path, &[(FILES[1].0, endpoint.as_bytes())]);
        codes(&path);
    }
}
