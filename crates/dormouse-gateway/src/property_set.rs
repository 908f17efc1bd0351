//! Property sets: resources in the format of `java.util.Properties` (Apigee: "Using property sets").

use dormouse_bundle::Bundle;
use dormouse_flow::{PropertySets, Text};
use std::collections::BTreeMap;

/// The property sets of a bundle, by file name without `.properties`.
pub(crate) fn property_sets(bundle: &Bundle) -> PropertySets {
    let sets = bundle.resources.iter().filter(|resource| resource.kind == "properties");
    sets.map(|resource| {
        let name = resource.name.strip_suffix(".properties").unwrap_or(&resource.name);
        (name.into(), parse(&String::from_utf8_lossy(&resource.bytes)))
    })
    .collect()
}

fn parse(text: &str) -> BTreeMap<Box<str>, Text> {
    let mut entries = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(first) = lines.next() {
        let mut line = first.trim_start().to_owned();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while continues(&line) {
            line.pop();
            line.push_str(lines.next().unwrap_or_default().trim_start());
        }
        let (key, value) = split(&line);
        entries.insert(unescaped(key).into(), unescaped(value).into());
    }
    entries
}

/// An odd number of backslashes at the end joins the next line.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Key and value stand apart by `=`, `:` or white space that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, character)| {
        let separates = !escaped && (matches!(character, '=' | ':') || character.is_whitespace());
        escaped = *character == '\\' && !escaped;
        separates
    });
    let Some((end, _)) = end else { return (line, "") };
    let (key, rest) = line.split_at(end);
    let rest = rest.trim_start();
    (key, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start())
}

fn unescaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            result.push(character);
            continue;
        }
        match rest.next() {
            Some('t') => result.push('\t'),
            Some('n') => result.push('\n'),
            Some('r') => result.push('\r'),
            Some('f') => result.push('\u{c}'),
            Some('u') => {
                let digits: String = rest.by_ref().take(4).collect();
                result.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some(other) => result.push(other),
            None => {}
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let entries = parse(text);
        let actual: Vec<_> = entries.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(actual, expected);
    }

    #[test]
    fn the_format_of_java() {
        check("a=1\n b : 2\nc 3\n# x=y\n!z\n\nd", &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "")]);
        check("long=one \\\n   two\\\\\nnext=3", &[("long", "one two\\"), ("next", "3")]);
        check("a\\ b=c\\td\nu=\\u00e4\nk\\=x=y", &[("a b", "c\td"), ("k=x", "y"), ("u", "ä")]);
        check("a=b=c:d", &[("a", "b=c:d")]);
        check("x=\\", &[("x", "")]);
    }
}
