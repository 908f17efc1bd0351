//! Functions of text: case, parts, base64, and escaping for JSON, XML and HTML.

use super::functions::Input;
use crate::fault::json_string;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

/// `encodeBase64(text)`
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn encode_base64(input: &Input<'_>) -> Result<String, String> {
    Ok(STANDARD.encode(input.text(0)))
}

/// `decodeBase64(text)`: nothing when the text is not in the standard alphabet.
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn decode_base64(input: &Input<'_>) -> Result<String, String> {
    let bytes = LENIENT.decode(input.text(0)).unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `toUpperCase(text)`
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn to_upper_case(input: &Input<'_>) -> Result<String, String> {
    Ok(input.text(0).to_uppercase())
}

/// `toLowerCase(text)`
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn to_lower_case(input: &Input<'_>) -> Result<String, String> {
    Ok(input.text(0).to_lowercase())
}

/// `substring(text,start[,end])`: negative positions count from the end; positions outside the text are its ends.
pub(super) fn substring(input: &Input<'_>) -> Result<String, String> {
    let text = input.text(0);
    let length = text.chars().count();
    let position = |number: i64| {
        let distance = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        if number < 0 { length.saturating_sub(distance) } else { distance.min(length) }
    };
    let start = position(input.number(1)?.unwrap_or(0));
    let end = input.number(2)?.map_or(length, position);
    Ok(text.chars().skip(start).take(end.saturating_sub(start)).collect())
}

/// `escapeJSON(text)`: the inside of a JSON string.
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn escape_json(input: &Input<'_>) -> Result<String, String> {
    let quoted = json_string(input.text(0));
    Ok(quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned())
}

/// `escapeXML(text)`: characters that XML 1.0 cannot hold are left out.
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn escape_xml(input: &Input<'_>) -> Result<String, String> {
    Ok(escape(input.text(0), |character| match character {
        '\'' => Escaped::As("&apos;"),
        '\t' | '\n' | '\r' => Escaped::Itself,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => Escaped::Nothing,
        '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' => Escaped::Number,
        _ => Escaped::Itself,
    }))
}

/// `escapeXML11(text)`: controls become numeric references, which XML 1.1 allows.
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn escape_xml_11(input: &Input<'_>) -> Result<String, String> {
    Ok(escape(input.text(0), |character| match character {
        '\'' => Escaped::As("&apos;"),
        '\t' | '\n' | '\r' => Escaped::Itself,
        '\0' | '\u{fffe}' | '\u{ffff}' => Escaped::Nothing,
        '\u{1}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' => Escaped::Number,
        _ => Escaped::Itself,
    }))
}

/// `encodeHTML(text)`
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn encode_html(input: &Input<'_>) -> Result<String, String> {
    Ok(escape(input.text(0), |character| match character {
        '\'' => Escaped::As("&#39;"),
        _ => Escaped::Itself,
    }))
}

enum Escaped {
    As(&'static str),
    Itself,
    Nothing,
    Number,
}

/// Escapes what all markup escapes, and the rest by `other`.
fn escape(text: &str, other: impl Fn(char) -> Escaped) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '&' => result.push_str("&amp;"),
            '"' => result.push_str("&quot;"),
            character => match other(character) {
                Escaped::As(entity) => result.push_str(entity),
                Escaped::Itself => result.push(character),
                Escaped::Nothing => {}
                Escaped::Number => result.extend(["&#", &u32::from(character).to_string(), ";"]),
            },
        }
    }
    result
}

/// Java's decoder does not insist on padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
