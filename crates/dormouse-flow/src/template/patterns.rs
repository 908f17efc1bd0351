//! Functions with Java regular expressions: `replaceAll`, `replaceFirst`, `xeger`.

use super::functions::{Arguments, Input, Prepared};
use dormouse_text::java_regex::{Error, Generator, Pattern, Replacement};
use dormouse_token::random;
use std::borrow::Cow;

/// Compiles a literal pattern, and tries a literal replacement.
pub(super) fn prepare_replace(arguments: &Arguments) -> Result<Prepared, String> {
    let Some(pattern) = arguments.literal(1) else { return Ok(Prepared::Nothing) };
    let pattern = Pattern::compile(pattern).map_err(|error| error.to_string())?;
    if let Some(replacement) = arguments.literal(2) {
        Replacement::parse(replacement, &pattern).map_err(|error| error.to_string())?;
    }
    Ok(Prepared::Pattern(Box::new(pattern)))
}

/// Compiles a literal pattern.
pub(super) fn prepare_xeger(arguments: &Arguments) -> Result<Prepared, String> {
    match arguments.literal(0) {
        Some(pattern) => {
            Generator::compile(pattern).map(Prepared::Generator).map_err(|error| error.to_string())
        }
        None => Ok(Prepared::Nothing),
    }
}

/// `replaceAll(text,pattern,replacement)`
pub(super) fn replace_all(input: &Input<'_>) -> Result<String, String> {
    replace(input, Pattern::replace_all)
}

/// `replaceFirst(text,pattern,replacement)`
pub(super) fn replace_first(input: &Input<'_>) -> Result<String, String> {
    replace(input, Pattern::replace_first)
}

/// `xeger(pattern)`: a random text that matches.
pub(super) fn xeger(input: &Input<'_>) -> Result<String, String> {
    let compiled;
    let generator = if let Prepared::Generator(generator) = input.prepared {
        generator
    } else {
        compiled = Generator::compile(input.text(0)).map_err(|error| error.to_string())?;
        &compiled
    };
    let mut next = || u64::from_be_bytes(random(&*input.host.entropy));
    generator.generate(&mut next).map_err(|error| error.to_string())
}

fn replace(
    input: &Input<'_>,
    apply: for<'t> fn(&Pattern, &'t str, &Replacement) -> Result<Cow<'t, str>, Error>,
) -> Result<String, String> {
    let compiled;
    let pattern = if let Prepared::Pattern(pattern) = input.prepared {
        pattern
    } else {
        compiled = Pattern::compile(input.text(1)).map_err(|error| error.to_string())?;
        &compiled
    };
    let replacement = Replacement::parse(input.text(2), pattern).map_err(|error| error.to_string())?;
    apply(pattern, input.text(0), &replacement).map(Cow::into_owned).map_err(|error| error.to_string())
}
