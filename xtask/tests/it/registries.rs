//! Every file of a registry's folder is registered, so that a new policy or command is one file and one line and is
//! never forgotten half-way.

use std::fs;

use anyhow::Context;

use crate::tree::{assert_none, assert_problems, root};

/// A folder of like things, and the file that lists them.
struct Registry {
    folder: &'static str,
    list: &'static str,
}

const REGISTRIES: &[Registry] = &[
    Registry {
        folder: "crates/dormouse-policy/src/policies",
        list: "crates/dormouse-policy/src/registry.rs",
    },
    Registry { folder: "crates/dormouse-lint/src/rules", list: "crates/dormouse-lint/src/registry.rs" },
    Registry {
        folder: "crates/dormouse-server/src/oauth/grant",
        list: "crates/dormouse-server/src/oauth/grant.rs",
    },
    Registry { folder: "crates/dormouse/src/command", list: "crates/dormouse/src/command.rs" },
    Registry { folder: "crates/dormouse-report/src/format", list: "crates/dormouse-report/src/format.rs" },
];

#[test]
fn every_file_is_registered() -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for registry in REGISTRIES {
        let list = fs::read_to_string(root().join(registry.list)).context(registry.list)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(root().join(registry.folder)).context(registry.folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        problems.extend(unregistered(registry, &names, &list));
    }
    assert_none(&problems);
    Ok(())
}

fn unregistered(registry: &Registry, names: &[String], list: &str) -> Vec<String> {
    let modules = names.iter().filter_map(|name| name.strip_suffix(".rs")).filter(|module| *module != "mod");
    let forgotten = modules.filter(|module| !is_named(module, list));
    forgotten.map(|it| format!("{}/{it}.rs: not registered in {}", registry.folder, registry.list)).collect()
}

/// Whether the code, comments apart, takes something out of the module: `module::`.
fn is_named(module: &str, list: &str) -> bool {
    let taken = format!("{module}::");
    list.lines().map(|line| line.split("//").next().unwrap_or_default()).any(|code| {
        code.match_indices(&taken).any(|(at, _)| {
            let before = code.get(..at).and_then(|text| text.chars().next_back());
            !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
        })
    })
}

#[track_caller]
fn check(names: &[&str], list: &str, expected: &[&str]) {
    let registry = Registry { folder: "policies", list: "registry.rs" };
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    assert_problems(&unregistered(&registry, &names, list), expected);
}

#[test]
fn registered_files_pass() {
    check(&["raise_fault.rs", "README.md"], "const ALL: &[Policy] = &[raise_fault::POLICY];", &[]);
    check(&["run.rs"], "    Command::Run(arguments) => run::run(arguments),", &[]);
    check(&["run.rs"], "    let command = command::run::parse();", &[]);
}

#[test]
fn a_forgotten_file_is_named() {
    check(
        &["raise_fault.rs"],
        "mod raise_fault;",
        &["policies/raise_fault.rs: not registered in registry.rs"],
    );
    check(&["raise_fault.rs"], "// raise_fault::POLICY", &["raise_fault"]);
    check(&["fault.rs"], "raise_fault::POLICY", &["fault.rs"]);
}
