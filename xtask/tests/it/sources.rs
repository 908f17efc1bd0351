//! Rules for source files: they open with their documentation, stay short, and hold no leftovers.

use crate::tree::{File, assert_none, assert_problems, files};

#[test]
fn sources_open_with_their_documentation() -> anyhow::Result<()> {
    assert_none(&files("rs")?.iter().filter_map(header_problems).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn sources_are_short() -> anyhow::Result<()> {
    assert_none(&files("rs")?.iter().filter_map(length_problems).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn nothing_is_left_over() -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for extension in ["rs", "md", "toml"] {
        problems.extend(files(extension)?.iter().flat_map(leftover_problems));
    }
    assert_none(&problems);
    Ok(())
}

fn header_problems(file: &File) -> Option<String> {
    let documented = file.text.strip_prefix("//! ").and_then(|rest| rest.lines().next());
    let empty = documented.is_none_or(|line| line.trim().is_empty());
    empty.then(|| format!("{}:1: does not open with `//! ` and what the file is", file.path))
}

fn length_problems(file: &File) -> Option<String> {
    let (lines, lines_max) = if is_test(&file.path) {
        (file.text.lines().count(), TEST_LINES_MAX)
    } else {
        (lines_before_tests(&file.text), LINES_MAX)
    };
    (lines > lines_max).then(|| format!("{}: {lines} lines, {lines_max} allowed: it is two files", file.path))
}

/// Integration tests, and unit tests that have a file of their own.
fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Only tests that close the file are not counted: what follows them is code again.
fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.windows(2).rposition(|pair| {
        matches!(pair, [attribute, module] if attribute.trim_end() == "#[cfg(test)]" && module.starts_with("mod tests"))
    });
    let Some(start) = start else {
        return lines.len();
    };
    let module_end = lines.iter().skip(start).position(|line| *line == "}" || line.starts_with("mod tests;"));
    let closes =
        module_end.is_none_or(|end| lines.iter().skip(start + end + 1).all(|line| line.trim().is_empty()));
    if closes { start } else { lines.len() }
}

fn leftover_problems(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (line, number) in file.text.lines().zip(1..) {
        for leftover in LEFTOVERS.iter().filter(|leftover| has_word(line, leftover)) {
            problems.push(format!("{}:{number}: `{leftover}` is left over", file.path));
        }
    }
    problems
}

/// Whether the word stands in the text with no letter, digit or `_` beside it.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The budget of a file, its closing `mod tests` not counted.
const LINES_MAX: usize = 400;
/// A file of nothing but tests may be longer: cases are flat.
const TEST_LINES_MAX: usize = 600;
/// Written in two halves, for this file is read too.
const LEFTOVERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
];

#[track_caller]
fn check<I: IntoIterator<Item = String>>(rule: fn(&File) -> I, path: &str, text: &str, expected: &[&str]) {
    let file = File { path: path.to_owned(), text: text.to_owned() };
    assert_problems(&rule(&file).into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_file_without_documentation_is_named() {
    check(header_problems, "a.rs", "//! Seals tokens.\nfn seal() {}", &[]);
    check(header_problems, "a.rs", "", &["a.rs:1"]);
    check(header_problems, "a.rs", "//!\nfn seal() {}", &["a.rs:1"]);
    check(header_problems, "a.rs", "use std::fs;\n//! Late.", &["a.rs:1"]);
    check(header_problems, "a.rs", "\n//! Late.", &["a.rs:1"]);
}

#[test]
fn a_long_file_is_named_but_its_tests_are_free() {
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    // case\n".repeat(500));
    check(length_problems, "a/src/b.rs", &"line\n".repeat(400), &[]);
    check(length_problems, "a/src/b.rs", &"line\n".repeat(401), &["401 lines, 400 allowed"]);
    check(length_problems, "a/src/b.rs", &("line\n".repeat(400) + &tests), &[]);
    check(length_problems, "a/src/b.rs", &("line\n".repeat(401) + &tests), &["401 lines"]);
    check(length_problems, "a/src/b.rs", &(tests + "line\n"), &["504 lines"]);
}

#[test]
fn a_file_of_tests_has_a_limit_of_its_own() {
    check(length_problems, "a/tests/it/b.rs", &"line\n".repeat(600), &[]);
    check(length_problems, "a/tests/it/b.rs", &"line\n".repeat(601), &["601 lines, 600 allowed"]);
    check(length_problems, "a/src/b/tests.rs", &"line\n".repeat(601), &["601 lines, 600 allowed"]);
}

#[test]
fn a_leftover_is_named_with_its_line() {
    for leftover in LEFTOVERS {
        check(leftover_problems, "a.rs", &format!("\n    {leftover}"), &["a.rs:2"]);
        check(leftover_problems, "a.rs", &format!("x{leftover}"), &[]);
    }
    check(leftover_problems, "a.md", "nothing to do here", &[]);
}
