//! No idle dependencies: what a manifest lists, the crate's sources name.

use anyhow::Context;

use crate::manifests::{ALL_KINDS, dependencies};
use crate::sources::has_word;
use crate::tree::{File, assert_none, assert_problems, files, manifests};

#[test]
fn every_dependency_is_named_in_the_sources() -> anyhow::Result<()> {
    let sources = files("rs")?;
    let mut problems = Vec::new();
    for file in manifests()? {
        let folder = file.path.trim_end_matches("Cargo.toml");
        let own: Vec<&File> = sources.iter().filter(|source| source.path.starts_with(folder)).collect();
        problems.extend(idle_dependencies(&file, &own).with_context(|| file.path.clone())?);
    }
    assert_none(&problems);
    Ok(())
}

fn idle_dependencies(manifest: &File, sources: &[&File]) -> anyhow::Result<Vec<String>> {
    let names = dependencies(&manifest.text.parse()?, ALL_KINDS).into_iter().map(|(name, _)| name);
    let idle = names.filter(|name| {
        let module = name.replace('-', "_");
        !sources.iter().any(|source| has_word(&source.text, &module))
    });
    Ok(idle.map(|name| format!("{}: no source file names `{name}`", manifest.path)).collect())
}

#[track_caller]
fn check(dependency: &str, source: &str, expected: &[&str]) {
    let manifest =
        File { path: "a/Cargo.toml".to_owned(), text: format!("dependencies.{dependency}.workspace = true") };
    let source = File { path: "a/src/lib.rs".to_owned(), text: source.to_owned() };
    let problems = idle_dependencies(&manifest, &[&source]).unwrap_or_else(|error| vec![error.to_string()]);
    assert_problems(&problems, expected);
}

#[test]
fn a_named_dependency_passes() {
    check("hyper-util", "use hyper_util::rt::TokioIo;", &[]);
    check("serde", "#[derive(serde::Deserialize)]", &[]);
}

#[test]
fn an_idle_dependency_is_named() {
    check("serde", "use serde_json::Value;", &["a/Cargo.toml: no source file names `serde`"]);
    check("hyper-util", "", &["`hyper-util`"]);
}
