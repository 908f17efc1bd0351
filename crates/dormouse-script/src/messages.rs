//! The texts of errors: QuickJS's in the words of Rhino where fault rules and people know those, and the place of an
//! error from the stack that QuickJS notes down.

/// The text of an uncaught error: `ReferenceError: "x" is not defined. (file.js:6)`.
pub(crate) fn describe(name_and_message: &str, stack: &str, files: &[&str]) -> String {
    let text = in_rhinos_words(name_and_message);
    match place(stack, files) {
        Some((file, line, _)) => format!("{text} ({file}:{line})"),
        None => text,
    }
}

/// File, line and column of the innermost frame that is in one of the files.
pub(crate) fn place<'a>(stack: &str, files: &[&'a str]) -> Option<(&'a str, usize, usize)> {
    stack.lines().find_map(|frame| {
        let frame = frame.trim().trim_end_matches(')');
        let (rest, column) = frame.rsplit_once(':')?;
        let (rest, line) = rest.rsplit_once(':')?;
        let (line, column) = (line.parse().ok()?, column.parse().ok()?);
        let is_in = |file: &str| {
            rest.strip_suffix(file).is_some_and(|before| before.is_empty() || before.ends_with(['(', ' ']))
        };
        files.iter().find(|file| is_in(file)).map(|file| (*file, line, column))
    })
}

fn in_rhinos_words(text: &str) -> String {
    if let Some(name) = between(text, "ReferenceError: ", " is not defined") {
        let name = name.trim_matches('\'');
        return format!("ReferenceError: \"{name}\" is not defined.");
    }
    for (verb, of) in [("read", "from"), ("set", "of")] {
        let start = format!("TypeError: cannot {verb} property '");
        if let Some((property, owner)) = text.strip_prefix(&start).and_then(|rest| rest.rsplit_once("' of "))
        {
            return format!("TypeError: Cannot {verb} property \"{property}\" {of} {owner}");
        }
    }
    text.to_owned()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.strip_prefix(start)?.strip_suffix(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, stack: &str, expected: &str) {
        assert_eq!(describe(text, stack, &["a b.js", "lib.js"]), expected);
    }

    #[test]
    fn texts_and_places() {
        check(
            "ReferenceError: price is not defined",
            "    at f (lib.js:3:5)\n    at <eval> (a b.js:1:1)\n",
            "ReferenceError: \"price\" is not defined. (lib.js:3)",
        );
        check("Error: boom", "    at join (native)\n    at <eval> (a b.js:7:1)\n", "Error: boom (a b.js:7)");
        check(
            "TypeError: cannot read property 'x' of undefined",
            "",
            "TypeError: Cannot read property \"x\" from undefined",
        );
        check("Error: x", "    at f (other lib.js:x)\n    at g (notlib.js:1:1)", "Error: x");
    }
}
