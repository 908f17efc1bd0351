//! A rule's page in Markdown, for viewers of reports and for editors.

use crate::finding::RuleInfo;

/// What is looked for, why, examples, when to suppress, and Apigee's page; the summary if there is no more.
pub fn rule_markdown(rule: &RuleInfo) -> String {
    let code = |text: &str| {
        if text.is_empty() { String::new() } else { fenced(text) }
    };
    let link = if rule.link.is_empty() { String::new() } else { format!("<{}>", rule.link) };
    let parts = [
        ("", escaped(rule.what)),
        ("### Why\n\n", escaped(rule.why)),
        ("### Bad\n\n", code(rule.bad)),
        ("### Good\n\n", code(rule.good)),
        ("### When to suppress\n\n", escaped(rule.when_to_suppress)),
        ("### See\n\n", link),
    ];
    let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
    let text: Vec<String> = parts.map(|(heading, text)| format!("{heading}{text}")).collect();
    if text.is_empty() { escaped(rule.summary) } else { text.join("\n\n") }
}

/// Plain text as Markdown that shows it unchanged; an element's name would vanish as a tag.
fn escaped(text: &str) -> String {
    let mut markdown = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\`*_[]<>&#".contains(character) {
            markdown.push('\\');
        }
        markdown.push(character);
    }
    markdown
}

/// Code in a fence that no line of it can close.
fn fenced(code: &str) -> String {
    let longest = code.split(|it| it != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}xml\n{}\n{fence}", code.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_shows_plain_text() {
        assert_eq!(escaped("<Operation> & a_b"), "\\<Operation\\> \\& a\\_b");
        assert_eq!(fenced("a ``` b\n"), "````xml\na ``` b\n````");
    }
}
