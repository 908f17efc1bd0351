//! Which crate may use which: the layers of ARCHITECTURE.md, as a table that a manifest cannot disagree with.

use anyhow::Context;

use crate::manifests::{name, used};
use crate::tree::{assert_none, assert_problems, manifests};

#[test]
fn crates_use_only_what_stands_before_them() -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for file in manifests()? {
        problems.extend(layer_problems(&file.path, &file.text).with_context(|| file.path.clone())?);
    }
    assert_none(&problems);
    Ok(())
}

/// Development dependencies are free: tests of the engine run on a real store.
fn layer_problems(path: &str, text: &str) -> anyhow::Result<Vec<String>> {
    let manifest: toml::Table = text.parse()?;
    let user = name(&manifest);
    let Some(own_place) = place(user) else {
        return Ok(vec![format!(
            "{path}: `{user}` is in no layer; give it a place in LAYERS and in ARCHITECTURE.md"
        )]);
    };
    let mut problems = Vec::new();
    for used in used(&manifest) {
        if let Some(own) = OWNERS.iter().find(|own| own.used == used && !own.by.contains(&user)) {
            problems.push(format!(
                "{path}: `{used}` may be used only by {}: {}",
                own.by.join(", "),
                own.reason
            ));
        }
        let Some(used_place) = place(&used) else {
            continue;
        };
        if used_place >= own_place {
            problems
                .push(format!("{path}: `{user}` stands before `{used}` in the layers and must not use it"));
        }
        if let Some(narrow) =
            NARROW.iter().find(|narrow| narrow.user == user && !narrow.uses.contains(&used.as_str()))
        {
            problems.push(format!("{path}: `{user}` uses only {}, not `{used}`", narrow.uses.join(" and ")));
        }
    }
    Ok(problems)
}

fn place(name: &str) -> Option<usize> {
    LAYERS.iter().copied().flatten().position(|it| *it == name)
}

/// A dependency that only some crates may have.
struct Owners {
    used: &'static str,
    by: &'static [&'static str],
    reason: &'static str,
}

/// A crate that uses less than its place allows.
struct Narrow {
    user: &'static str,
    uses: &'static [&'static str],
}

/// A crate uses what stands in a layer before its own, or before itself in its own.
const LAYERS: &[&[&str]] = &[
    &["dormouse-token", "dormouse-entity", "dormouse-bundle", "dormouse-text"],
    &[
        "dormouse-engine",
        "dormouse-store",
        "dormouse-store-postgres",
        "dormouse-store-cassandra",
        "dormouse-store-conformance",
        "dormouse-flow",
        "dormouse-audit",
        "dormouse-report",
        "dormouse-jose",
        "dormouse-net",
        "dormouse-script",
    ],
    &["dormouse-policy"],
    &["dormouse-gateway", "dormouse-lint"],
    &["dormouse-server", "dormouse-ext-authz"],
    &["dormouse", "xtask", "benches"],
];

const NARROW: &[Narrow] = &[Narrow { user: "dormouse-lint", uses: &["dormouse-bundle", "dormouse-report"] }];

const OWNERS: &[Owners] = &[
    Owners { used: "dormouse-store", by: BINARIES, reason: PICKS_A_BACKEND },
    Owners { used: "dormouse-store-postgres", by: BINARIES, reason: PICKS_A_BACKEND },
    Owners { used: "dormouse-store-cassandra", by: BINARIES, reason: PICKS_A_BACKEND },
    Owners {
        used: "redb",
        by: &["dormouse-store", "benches"],
        reason: "a database's name stays in its backend",
    },
    Owners {
        used: "tokio-postgres",
        by: &["dormouse-store-postgres"],
        reason: "a database's name stays in its backend",
    },
    Owners {
        used: "scylla",
        by: &["dormouse-store-cassandra"],
        reason: "a database's name stays in its backend",
    },
    Owners { used: "hyper", by: SOCKETS, reason: "sockets belong to the servers and the HTTP client" },
    Owners { used: "hyper-util", by: SOCKETS, reason: "sockets belong to the servers and the HTTP client" },
    Owners {
        used: "anyhow",
        by: &["dormouse", "xtask", "benches"],
        reason: "libraries have closed error enums",
    },
    Owners { used: "clap", by: &["dormouse", "benches"], reason: "only the binary reads arguments" },
];

const BINARIES: &[&str] = &["dormouse", "benches"];
const SOCKETS: &[&str] = &["dormouse-net", "dormouse-server", "dormouse-ext-authz", "dormouse", "benches"];
const PICKS_A_BACKEND: &str = "only the binary picks a backend";

#[track_caller]
fn check(name: &str, dependencies: &str, expected: &[&str]) {
    let text = format!("package.name = '{name}'\n{dependencies}");
    let problems = layer_problems("Cargo.toml", &text).unwrap_or_else(|error| vec![error.to_string()]);
    assert_problems(&problems, expected);
}

#[test]
fn earlier_layers_and_earlier_places_may_be_used() {
    check("dormouse-policy", "dependencies.dormouse-token.workspace = true", &[]);
    check("dormouse-flow", "dependencies.dormouse-engine.workspace = true", &[]);
    check("dormouse-engine", "dev-dependencies.dormouse-store.workspace = true", &[]);
    check("dormouse", "dependencies.dormouse-store.workspace = true", &[]);
}

#[test]
fn later_layers_and_later_places_may_not() {
    check("dormouse-token", "dependencies.dormouse-engine.workspace = true", &["stands before"]);
    check("dormouse-engine", "dependencies.dormouse-flow.workspace = true", &["stands before"]);
    check("dormouse-policy", "build-dependencies.dormouse-gateway.workspace = true", &["stands before"]);
    check(
        "dormouse-net",
        "target.'cfg(unix)'.dependencies.dormouse-server.workspace = true",
        &["stands before"],
    );
    check("dormouse-token", "dependencies.dormouse-token.workspace = true", &["stands before"]);
}

#[test]
fn a_crate_without_a_place_is_named() {
    check("dormouse-extra", "", &["`dormouse-extra` is in no layer"]);
}

#[test]
fn backends_sockets_and_arguments_have_owners() {
    check(
        "dormouse-gateway",
        "dependencies.dormouse-store.workspace = true",
        &["only the binary picks a backend"],
    );
    check("dormouse-gateway", "dependencies.hyper.workspace = true", &["sockets belong"]);
    check("dormouse-server", "dependencies.hyper.workspace = true", &[]);
    check("dormouse-server", "dependencies.redb.workspace = true", &["a database's name"]);
    check("dormouse-token", "dependencies.anyhow.workspace = true", &["closed error enums"]);
}

#[test]
fn the_linter_stays_narrow() {
    check("dormouse-lint", "dependencies.dormouse-report.workspace = true", &[]);
    check("dormouse-lint", "dependencies.dormouse-engine.workspace = true", &["uses only"]);
}
