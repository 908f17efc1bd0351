//! Random texts that match a pattern, as the template function `xeger` makes them (Apigee: "Message templates").

use super::emit::{Anchoring, emit};
use super::error::Error;
use super::{Pattern, parser};
use regex_syntax::hir::{Class, Hir, HirKind};

/// Makes texts that match one pattern.
#[derive(Clone)]
pub struct Generator(Hir);

impl Generator {
    /// Prepares a pattern.
    ///
    /// # Errors
    /// As for [`Pattern::compile`], and [`Error::Unsupported`] for look-around, back references and what else is not
    /// regular.
    pub fn compile(pattern: &str) -> Result<Self, Error> {
        Pattern::compile(pattern)?;
        let (node, _) = parser::parse(pattern)?;
        let emitted = emit(&node, Anchoring::Full);
        if emitted.needs_backtracking {
            return Err(Error::Unsupported {
                construct: "making a text from look-around or a back reference".into(),
            });
        }
        let tree = regex_syntax::parse(&emitted.pattern);
        tree.map(Self).map_err(|error| Error::Unsupported { construct: error.to_string() })
    }

    /// A text, made with numbers that are random over the whole range. Unbounded repetitions add at most ten.
    ///
    /// # Errors
    /// [`Error::ResultTooLong`] beyond 64 KiB; [`Error::Unsupported`] when an assertion inside the pattern
    /// contradicts what was made, or when nothing can match.
    pub fn generate(&self, random: &mut dyn FnMut() -> u64) -> Result<String, Error> {
        let mut made = Made { text: Vec::new(), steps: 0 };
        append(&self.0, random, &mut made)?;
        String::from_utf8(made.text)
            .map_err(|_| Error::Unsupported { construct: "a pattern of bytes".into() })
    }
}

/// What was made so far, and what it took: repeating nothing a million times makes no text either.
struct Made {
    text: Vec<u8>,
    steps: usize,
}

fn append(tree: &Hir, random: &mut dyn FnMut() -> u64, made: &mut Made) -> Result<(), Error> {
    made.steps += 1;
    if made.text.len() > TEXT_MAX_BYTES {
        return Err(Error::ResultTooLong { limit_bytes: TEXT_MAX_BYTES });
    }
    if made.steps > STEPS_MAX {
        return Err(Error::TooManySteps);
    }
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => made.text.extend_from_slice(&literal.0),
        HirKind::Class(class) => {
            let character = pick(class, random)
                .ok_or_else(|| Error::Unsupported { construct: "an empty class".into() })?;
            made.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(repetition.min.saturating_add(EXTRA_MAX)).max(repetition.min);
            let count = u64::from(repetition.min) + below(random, u64::from(most - repetition.min) + 1);
            for _ in 0..count {
                append(&repetition.sub, random, made)?;
            }
        }
        HirKind::Capture(capture) => append(&capture.sub, random, made)?,
        HirKind::Concat(parts) => {
            for part in parts {
                append(part, random, made)?;
            }
        }
        HirKind::Alternation(branches) => {
            let count = u64::try_from(branches.len()).unwrap_or(1);
            let index = usize::try_from(below(random, count)).unwrap_or(0);
            if let Some(branch) = branches.get(index) {
                append(branch, random, made)?;
            }
        }
    }
    Ok(())
}

/// A character of a class; printable ASCII where the class has some, as anybody expects of `.`.
fn pick(class: &Class, random: &mut dyn FnMut() -> u64) -> Option<char> {
    let mut ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            class.iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
        Class::Bytes(class) => class.iter().map(|range| (range.start().into(), range.end().into())).collect(),
    };
    let printable: Vec<_> =
        ranges.iter().map(|(first, last)| ((*first).max(0x20), (*last).min(0x7e))).collect();
    let printable: Vec<_> = printable.into_iter().filter(|(first, last)| first <= last).collect();
    if !printable.is_empty() {
        ranges = printable;
    }
    let total: u64 = ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum();
    if total == 0 {
        return None;
    }
    let mut index = below(random, total);
    for (first, last) in ranges {
        let size = u64::from(last - first) + 1;
        if index < size {
            // Surrogates lie between two ranges of a Unicode class, never inside one.
            return char::from_u32(first + u32::try_from(index).ok()?);
        }
        index -= size;
    }
    None
}

/// A number below `bound`; the tiny bias of the remainder does not matter here.
fn below(random: &mut dyn FnMut() -> u64, bound: u64) -> u64 {
    random() % bound.max(1)
}

/// What `*` and `+` add at most.
const EXTRA_MAX: u32 = 10;
const TEXT_MAX_BYTES: usize = 64 * 1024;
const STEPS_MAX: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str) {
        let generator = Generator::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let compiled = Pattern::compile(pattern).expect("valid");
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for _ in 0..100 {
            let text = generator.generate(&mut random).expect("a text");
            assert_eq!(compiled.is_full_match(&text), Ok(true), "{pattern} made {text:?}");
        }
    }

    #[test]
    fn made_texts_match() {
        for pattern in [
            "",
            "abc",
            "[a-f0-9]{8}-[A-Z]{2,4}",
            "(a|bc|d)*",
            ".+",
            r"\d{3}\w?\s*",
            "(?i)key",
            "[^a]",
            "^x$",
            "[é-ü]",
        ] {
            check(pattern);
        }
    }

    #[test]
    fn refused_and_bounded() {
        assert!(Generator::compile(r"(a)\1").is_err());
        assert!(Generator::compile("(").is_err());
        let long = Generator::compile("(?:(?:a*){100}){100}").expect("valid");
        assert_eq!(long.generate(&mut || 0), Ok(String::new()));
        assert!(matches!(long.generate(&mut || 10), Err(Error::ResultTooLong { .. })));
        if let Ok(empty) = Generator::compile("(?:(?:(?:b?){1000}){20}){50000}") {
            assert!(empty.generate(&mut || 0).is_err());
        }
    }
}
