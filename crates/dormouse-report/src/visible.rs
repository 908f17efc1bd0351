//! Makes text from bundles safe to print on a terminal.

/// The text with control characters replaced, so that no file name or content can move the cursor, change
/// colours or begin a new line.
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|it| if it.is_control() || BIDIRECTIONAL.contains(&it) { '\u{fffd}' } else { it })
        .collect()
}

/// Characters that change the order in which a terminal shows the others (Unicode TR 36).
const BIDIRECTIONAL: [char; 9] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(visible("a\u{1b}[2J\nb\u{202e}é"), "a\u{fffd}[2J\u{fffd}b\u{fffd}é");
    }
}
