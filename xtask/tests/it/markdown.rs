//! Rules for pages: one title, no trailing spaces, and links inside the repository that lead somewhere.

use std::collections::BTreeMap;

use crate::tree::{assert_none, assert_problems, files, root};

#[test]
fn pages_have_one_title_and_no_trailing_spaces() -> anyhow::Result<()> {
    assert_none(
        &files("md")?.iter().flat_map(|file| form_problems(&file.path, &file.text)).collect::<Vec<_>>(),
    );
    Ok(())
}

#[test]
fn links_lead_somewhere() -> anyhow::Result<()> {
    let files = files("md")?;
    let pages: BTreeMap<&str, &str> =
        files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    let exists = |path: &str| root().join(path).exists();
    assert_none(&pages.keys().flat_map(|path| link_problems(path, &pages, &exists)).collect::<Vec<_>>());
    Ok(())
}

fn form_problems(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !text.starts_with("# ") {
        problems.push(format!("{path}:1: does not open with a title, `# ...`"));
    }
    let titles = prose(text).into_iter().filter(|(_, line)| line.starts_with("# "));
    problems.extend(titles.skip(1).map(|(number, _)| format!("{path}:{number}: a second title")));
    let trailing = text.lines().zip(1..).filter(|(line, _): &(&str, usize)| line.ends_with([' ', '\t']));
    problems.extend(trailing.map(|(_, number)| format!("{path}:{number}: ends in a space")));
    problems
}

fn link_problems(path: &str, pages: &BTreeMap<&str, &str>, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let text = pages.get(path).copied().unwrap_or_default();
    let mut problems = Vec::new();
    for (number, line) in prose(text) {
        for target in targets(&line).filter(|target| !is_elsewhere(target)) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.to_owned() } else { resolve(path, file) };
            if !exists(&file) {
                problems.push(format!("{path}:{number}: there is no `{file}`"));
            } else if !anchor.is_empty()
                && !pages.get(file.as_str()).is_some_and(|page| has_anchor(page, anchor))
            {
                problems.push(format!("{path}:{number}: `{file}` has no heading `#{anchor}`"));
            }
        }
    }
    problems
}

/// The numbered lines outside of fenced code, with what stands in backticks taken out.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((number, line.split('`').step_by(2).collect()));
        }
    }
    lines
}

/// What the line links to: `[text](target)`, `[text](target "title")` and `[name]: target`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let defined =
        line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target.trim());
    inline.chain(defined)
}

fn is_elsewhere(target: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme))
}

/// The target from the repository's root, `.` and `..` followed.
fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn has_anchor(text: &str, anchor: &str) -> bool {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| slug(line.trim_start_matches('#').trim())).any(|slug| slug == anchor)
}

/// The anchor that code hosts give a heading: small letters, digits, `-` and `_`, with `-` for each space.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|it| if it == ' ' { '-' } else { it }).collect()
}

#[track_caller]
fn check_form(text: &str, expected: &[&str]) {
    assert_problems(&form_problems("page.md", text), expected);
}

#[track_caller]
fn check_link(line: &str, expected: &[&str]) {
    let page = format!("# Page\n\n{line}\n");
    let pages =
        BTreeMap::from([("docs/page.md", page.as_str()), ("README.md", "# Dormouse\n\n## A & B, `c`_d\n")]);
    let exists = |path: &str| pages.contains_key(path) || path == "docs/adr";
    assert_problems(&link_problems("docs/page.md", &pages, &exists), expected);
}

#[test]
fn a_page_has_one_title() {
    check_form("# Title\n\n## Part\n```\n# a shell comment\n```\n", &[]);
    check_form("Title\n", &["page.md:1: does not open"]);
    check_form("", &["page.md:1: does not open"]);
    check_form("# Title\n\n# Another\n", &["page.md:3: a second title"]);
}

#[test]
fn a_trailing_space_is_named_with_its_line() {
    check_form("# Title\n\ntext \n", &["page.md:3: ends in a space"]);
    check_form("# Title\n```\ncode\t\n```\n", &["page.md:3: ends in a space"]);
}

#[test]
fn links_that_lead_somewhere_pass() {
    check_link("[a](../README.md), [b](./page.md \"title\"), [c](#page), [d](adr)", &[]);
    check_link("[a](../README.md#a--b-c_d)", &[]);
    check_link("[a]: ../README.md", &[]);
    check_link("[a](https://example.com/x.md) and `[b](nowhere.md)`", &[]);
}

#[test]
fn links_that_lead_nowhere_are_named() {
    check_link("[a](README.md)", &["docs/page.md:3: there is no `docs/README.md`"]);
    check_link("[a](../README.md#c)", &["`README.md` has no heading `#c`"]);
    check_link("[a](#part)", &["no heading `#part`"]);
    check_link("[a]: nowhere.md", &["there is no `docs/nowhere.md`"]);
}
