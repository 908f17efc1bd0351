//! What compiling reports, and what a program does that has errors.

use crate::support::{body, get, program, status};
use dormouse_bundle::Level;

#[test]
fn every_problem_has_level_code_and_place() {
    let (_, problems) = program(&["problems"]);
    let mut found: Vec<_> = problems
        .iter()
        .map(|problem| {
            let file = problem.span.as_ref().map(|span| span.file.path.clone()).unwrap_or_default();
            let file = file.rsplit('/').next().unwrap_or_default().to_owned();
            (file, problem.code, problem.level)
        })
        .collect();
    found.sort();
    let expected = [
        ("Index.xml", "invalid-index", Level::Error),
        ("Index.xml", "invalid-index", Level::Error),
        ("Names.xml", "invalid-header-name", Level::Warning),
        ("Names.xml", "invalid-payload", Level::Error),
        ("Names.xml", "invalid-status-code", Level::Warning),
        ("Names.xml", "invalid-variable-name", Level::Error),
        ("Nowhere.xml", "shared-flow-required", Level::Error),
        ("Script-Continue.xml", "unsupported-policy", Level::Warning),
        ("Script.xml", "unsupported-policy", Level::Warning),
        ("Unused-Broken.xml", "invalid-index", Level::Warning),
        ("Unused.xml", "unsupported-policy", Level::Info),
        ("default.xml", "condition-pattern", Level::Error),
    ];
    let found: Vec<_> = found.iter().map(|(file, code, level)| (file.as_str(), *code, *level)).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn check(path: &str, expected: (u16, &str)) {
    let (program, _) = program(&["problems"]);
    let reply = get(&program, &format!("/problems{path}"));
    assert_eq!(status(&reply), expected.0, "{path}");
    assert!(body(&reply).contains(expected.1), "{path}: {}", body(&reply));
}

#[test]
fn a_program_with_problems_answers_with_faults() {
    check("/script", (500, "The policy Script of type JavaCallout is not supported"));
    check("/continue", (200, ""));
    check("/query", (500, "the template function jsonPath failed"));
    check("/nowhere", (500, "The policy Nowhere is not configured correctly"));
    check("/absent", (500, "The policy Absent does not exist"));
    check("/other", (200, ""));
}
