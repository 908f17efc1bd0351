//! No dead files: each source file is declared by the module above it. The compiler does not see a file that nobody names.

use std::collections::BTreeMap;

use crate::tree::{assert_none, assert_problems, files};

#[test]
fn every_file_is_a_module() -> anyhow::Result<()> {
    let files = files("rs")?;
    let texts: BTreeMap<&str, &str> =
        files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    assert_none(&dead_files(&texts));
    Ok(())
}

#[test]
fn a_crate_has_one_test_binary() -> anyhow::Result<()> {
    let files = files("rs")?;
    assert_none(&files.iter().filter_map(|file| extra_binary(&file.path)).collect::<Vec<_>>());
    Ok(())
}

/// Each binary links the crate again, and helpers cannot be shared between them.
fn extra_binary(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.rsplit('/').collect();
    let extra = matches!(parts.as_slice(), [_, "tests", folder, ..] if *folder != "src");
    extra.then(|| format!("{path}: a test binary of its own; make it a module under tests/it"))
}

fn dead_files(texts: &BTreeMap<&str, &str>) -> Vec<String> {
    let dead = texts.keys().filter(|path| !is_root(path) && !is_declared(path, texts));
    dead.map(|path| format!("{path}: no module above it declares it")).collect()
}

/// Files that cargo finds by itself.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.rsplit('/').collect();
    match parts.as_slice() {
        ["lib.rs" | "main.rs", ..] | [_, "bin" | "tests" | "benches" | "examples" | "fuzz_targets", ..] => {
            true
        }
        ["build.rs", rest @ ..] => !rest.contains(&"src"),
        _ => false,
    }
}

fn is_declared(path: &str, texts: &BTreeMap<&str, &str>) -> bool {
    let Some((folder, file)) = path.rsplit_once('/') else {
        return false;
    };
    let (folder, module) = match file.strip_suffix(".rs") {
        Some("mod") => folder.rsplit_once('/').unwrap_or_default(),
        module => (folder, module.unwrap_or_default()),
    };
    let above = [
        format!("{folder}.rs"),
        format!("{folder}/mod.rs"),
        format!("{folder}/lib.rs"),
        format!("{folder}/main.rs"),
    ];
    let declarations = [format!("{module};"), format!("r#{module};")];
    let lines = above.iter().filter_map(|path| texts.get(path.as_str())).flat_map(|text| text.lines());
    lines.filter_map(|line| line.split("//").next()).any(|code| {
        let words: Vec<&str> = code.split_whitespace().collect();
        declarations.iter().any(|declaration| words.ends_with(&["mod", declaration]))
    })
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    assert_problems(&dead_files(&files.iter().copied().collect()), expected);
}

#[test]
fn declared_files_and_roots_pass() {
    check(
        &[("a/src/lib.rs", "pub mod seal;\n"), ("a/src/seal.rs", "mod key;\n"), ("a/src/seal/key.rs", "")],
        &[],
    );
    check(&[("a/src/lib.rs", "mod r#type; // Reserved word."), ("a/src/type.rs", "")], &[]);
    check(&[("a/tests/it/main.rs", "mod api;"), ("a/tests/it/api.rs", ""), ("a/build.rs", "")], &[]);
    check(
        &[("a/src/main.rs", "mod seal;"), ("a/src/seal/mod.rs", "mod key;"), ("a/src/seal/key.rs", "")],
        &[],
    );
}

#[test]
fn a_file_that_nobody_declares_is_named() {
    check(&[("a/src/lib.rs", ""), ("a/src/seal.rs", "")], &["a/src/seal.rs"]);
    check(&[("a/src/lib.rs", "// mod seal;"), ("a/src/seal.rs", "")], &["a/src/seal.rs"]);
    check(&[("a/src/lib.rs", "mod unseal;"), ("a/src/seal.rs", "")], &["a/src/seal.rs"]);
    check(&[("a/src/lib.rs", "mod key;"), ("a/src/seal/key.rs", "")], &["a/src/seal/key.rs"]);
}

#[test]
fn a_second_test_binary_is_named() {
    assert_problems(
        &extra_binary("crates/a/tests/api.rs").into_iter().collect::<Vec<_>>(),
        &["a/tests/api.rs"],
    );
    assert_problems(&extra_binary("crates/a/tests/it/api.rs").into_iter().collect::<Vec<_>>(), &[]);
    assert_problems(&extra_binary("crates/a/src/tests/api.rs").into_iter().collect::<Vec<_>>(), &[]);
}
