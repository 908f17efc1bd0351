//! What every manifest holds, and that each dependency of the workspace has a reason and a user.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Context;

use crate::tree::{assert_none, assert_problems, manifests, root};

/// The package's name; empty without one.
pub(crate) fn name(manifest: &toml::Table) -> &str {
    field(manifest, &["package", "name"]).and_then(toml::Value::as_str).unwrap_or_default()
}

/// The names of what a package needs to be built, on any platform, for itself or for its build script.
pub(crate) fn used(manifest: &toml::Table) -> Vec<String> {
    dependencies(manifest, &["dependencies", "build-dependencies"])
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn manifests_are_complete() -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for file in manifests()? {
        problems.extend(manifest_problems(&file.path, &file.text).with_context(|| file.path.clone())?);
    }
    assert_none(&problems);
    Ok(())
}

#[test]
fn workspace_dependencies_have_a_reason_and_a_user() -> anyhow::Result<()> {
    let text = fs::read_to_string(root().join("Cargo.toml"))?;
    let mut users = BTreeSet::new();
    for file in manifests()? {
        let manifest: toml::Table = file.text.parse().with_context(|| file.path.clone())?;
        users.extend(dependencies(&manifest, ALL_KINDS).into_iter().map(|(name, _)| name));
    }
    assert_none(&workspace_problems(&text, &users)?);
    Ok(())
}

fn manifest_problems(path: &str, text: &str) -> anyhow::Result<Vec<String>> {
    let manifest: toml::Table = text.parse()?;
    let mut problems = Vec::new();
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    if name(&manifest) != folder {
        problems.push(format!("{path}: the package is not named after its folder, `{folder}`"));
    }
    let description = field(&manifest, &["package", "description"]).and_then(toml::Value::as_str);
    if description.unwrap_or_default().trim().is_empty() {
        problems.push(format!("{path}: without a `description`"));
    }
    for inherited in INHERITED {
        if field(&manifest, inherited).and_then(toml::Value::as_bool) != Some(true) {
            problems.push(format!("{path}: without `{} = true`", inherited.join(".")));
        }
    }
    for (name, value) in dependencies(&manifest, ALL_KINDS) {
        if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
            problems.push(format!("{path}: `{name}` is not taken from the workspace's dependencies"));
        }
    }
    if manifest.contains_key("features") {
        problems.push(format!("{path}: has features; a heavy part is a crate of its own"));
    }
    Ok(problems)
}

fn workspace_problems(text: &str, users: &BTreeSet<String>) -> anyhow::Result<Vec<String>> {
    let manifest: toml::Table = text.parse()?;
    let declared = field(&manifest, &["workspace", "dependencies"]).and_then(toml::Value::as_table);
    let mut problems = Vec::new();
    for (name, value) in declared.into_iter().flatten() {
        if !users.contains(name) {
            problems.push(format!("Cargo.toml: no crate uses `{name}`"));
        }
        let own_crate = value.get("path").is_some();
        if !own_crate && !has_reason(text, name) {
            problems.push(format!("Cargo.toml: no comment above `{name}` says what it is for"));
        }
    }
    Ok(problems)
}

fn has_reason(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    lines.windows(2).any(|pair| {
        let [above, line] = pair else { return false };
        let key = line.split(['=', '.']).next().unwrap_or_default().trim();
        key == name && above.strip_prefix("# ").is_some_and(|reason| !reason.trim().is_empty())
    })
}

/// Name and value of each dependency of these kinds, those of single platforms included.
pub(crate) fn dependencies(manifest: &toml::Table, kinds: &[&str]) -> Vec<(String, toml::Value)> {
    let platforms = manifest.get("target").and_then(toml::Value::as_table);
    let tables = platforms.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(tables) {
        for kind in kinds {
            let entries = table.get(*kind).and_then(toml::Value::as_table);
            found.extend(entries.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    found
}

fn field<'a>(manifest: &'a toml::Table, path: &[&str]) -> Option<&'a toml::Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(manifest.get(*first)?, |value, key| value.get(*key))
}

pub(crate) const ALL_KINDS: &[&str] = &["dependencies", "build-dependencies", "dev-dependencies"];

const INHERITED: &[&[&str]] = &[
    &["package", "version", "workspace"],
    &["package", "edition", "workspace"],
    &["package", "rust-version", "workspace"],
    &["package", "license", "workspace"],
    &["package", "publish", "workspace"],
    &["lints", "workspace"],
];

const GOOD: &str = "
[package]
name = 'dormouse-token'
description = 'Tokens'
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true
[lints]
workspace = true
";

#[track_caller]
fn check_manifest(text: &str, expected: &[&str]) {
    let problems = manifest_problems("crates/dormouse-token/Cargo.toml", text);
    assert_problems(&problems.unwrap_or_else(|error| vec![error.to_string()]), expected);
}

#[track_caller]
fn check_workspace(dependencies: &str, expected: &[&str]) {
    let text = format!("[workspace.dependencies]\n{dependencies}");
    let users = BTreeSet::from(["serde".to_owned(), "dormouse-token".to_owned()]);
    assert_problems(
        &workspace_problems(&text, &users).unwrap_or_else(|error| vec![error.to_string()]),
        expected,
    );
}

#[test]
fn a_complete_manifest_passes() {
    check_manifest(GOOD, &[]);
}

#[test]
fn what_a_manifest_lacks_is_named() {
    check_manifest(&GOOD.replace("[lints]\nworkspace = true", ""), &["`lints.workspace = true`"]);
    check_manifest(&GOOD.replace("publish.workspace = true\n", ""), &["`package.publish.workspace = true`"]);
    check_manifest(&GOOD.replace("'Tokens'", "' '"), &["`description`"]);
    check_manifest(&GOOD.replace("'dormouse-token'", "'tokens'"), &["named after its folder"]);
    check_manifest(&format!("{GOOD}[features]\nx = []"), &["has features"]);
}

#[test]
fn versions_live_in_the_workspace_only() {
    check_manifest(&format!("{GOOD}[dev-dependencies]\nserde = '1'"), &["`serde` is not taken"]);
    check_manifest(&format!("{GOOD}[dev-dependencies]\nserde.workspace = true"), &[]);
    check_manifest(
        &format!("{GOOD}[target.'cfg(unix)'.dependencies]\nlibc = '0.2'"),
        &["`libc` is not taken"],
    );
}

#[test]
fn a_dependency_needs_its_own_comment() {
    check_workspace("# Derives the forms of entities.\nserde = '1'", &[]);
    check_workspace("serde = '1'", &["no comment above `serde`"]);
    check_workspace("# \nserde = '1'", &["no comment above `serde`"]);
    check_workspace("# Something else.\n\nserde = '1'", &["no comment above `serde`"]);
    check_workspace("dormouse-token = { path = 'crates/dormouse-token' }", &[]);
}

#[test]
fn a_dependency_needs_a_user() {
    check_workspace("# Nobody knows.\nsled = '0.34'", &["no crate uses `sled`"]);
}
