//! `\p{…}` of Java patterns: POSIX classes in ASCII, `java…` methods of `Character`, categories, scripts, binary
//! properties and the blocks that patterns use (Java SE 17, class `Pattern`).

use super::error::Error;
use super::escape::unsupported;
use super::parser::Parser;

/// Parses what follows `\p` or `\P`; the result is a bracketed class in the engines' syntax.
pub(super) fn parse(parser: &mut Parser, negated: bool) -> Result<String, Error> {
    let name = match parser.tokens.next_raw() {
        Some('{') => {
            let name = parser.tokens.take_while(|character| character != '}');
            if parser.tokens.next_raw() != Some('}') {
                return Err(parser.tokens.error("unclosed character family"));
            }
            name
        }
        Some(letter) => letter.to_string(),
        None => return Err(parser.tokens.error("illegal character family")),
    };
    let content = content(&name, parser.flags.case_insensitive)?;
    Ok(format!("[{}{content}]", if negated { "^" } else { "" }))
}

/// The content of the brackets.
fn content(name: &str, fold: bool) -> Result<String, Error> {
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" => Ok(format!(r"\p{{Script={value}}}")),
            "blk" | "block" => block(value),
            "gc" | "general_category" => category(value, fold).ok_or_else(|| unknown(name)),
            _ => Err(unknown(name)),
        };
    }
    if let Some(class) = ascii(name, fold).or_else(|| java(name)) {
        return Ok(class.to_owned());
    }
    if let Some(value) = name.strip_prefix("In") {
        return block(value);
    }
    if let Some(value) = name.strip_prefix("Is") {
        return Ok(category(value, fold).unwrap_or_else(|| unicode(value, fold)));
    }
    category(name, fold).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Error {
    unsupported(&format!("the character property {name:?}"))
}

/// POSIX classes, which are ASCII in Java. `(?i)` makes no difference between the cases.
fn ascii(name: &str, fold: bool) -> Option<&'static str> {
    Some(match name {
        "Lower" | "Upper" if fold => "a-zA-Z",
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x{0}-\x{7f}",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"\x{21}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7e}",
        "Graph" => r"\x{21}-\x{7e}",
        "Print" => r"\x{20}-\x{7e}",
        "Blank" => r"\x{20}\t",
        "Cntrl" => r"\x{0}-\x{1f}\x{7f}",
        "XDigit" => "0-9a-fA-F",
        "Space" => r"\x{20}\t\n\x{b}\x{c}\r",
        _ => return None,
    })
}

/// Methods of `java.lang.Character`.
fn java(name: &str) -> Option<&'static str> {
    Some(match name {
        "javaLowerCase" => r"\p{Lowercase}",
        "javaUpperCase" => r"\p{Uppercase}",
        "javaAlphabetic" => r"\p{Alphabetic}",
        "javaIdeographic" => r"\p{Ideographic}",
        "javaTitleCase" => r"\p{Lt}",
        "javaDigit" => r"\p{Nd}",
        "javaDefined" => r"\P{Cn}",
        "javaLetter" => r"\p{L}",
        "javaLetterOrDigit" => r"\p{L}\p{Nd}",
        "javaJavaIdentifierStart" => r"\p{L}\p{Nl}\p{Sc}\p{Pc}",
        "javaJavaIdentifierPart" => {
            r"\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mn}\p{Mc}\p{Cf}\x{0}-\x{8}\x{e}-\x{1b}\x{7f}-\x{9f}"
        }
        "javaUnicodeIdentifierStart" => r"\p{ID_Start}",
        "javaUnicodeIdentifierPart" => r"\p{ID_Continue}\p{Cf}\x{0}-\x{8}\x{e}-\x{1b}\x{7f}-\x{9f}",
        "javaIdentifierIgnorable" => r"\p{Cf}\x{0}-\x{8}\x{e}-\x{1b}\x{7f}-\x{9f}",
        "javaSpaceChar" => r"\p{Z}",
        "javaWhitespace" => {
            r"\t-\r\x{1c}-\x{20}\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}"
        }
        "javaISOControl" => r"\x{0}-\x{1f}\x{7f}-\x{9f}",
        _ => return None,
    })
}

/// General categories, and Java's three additions.
fn category(name: &str, fold: bool) -> Option<String> {
    Some(match name {
        "Lu" | "Ll" | "Lt" if fold => r"\p{Lu}\p{Ll}\p{Lt}".into(),
        "LC" => r"\p{Lu}\p{Ll}\p{Lt}".into(),
        "LD" => r"\p{L}\p{Nd}".into(),
        "L1" => r"\x{0}-\x{ff}".into(),
        "all" => r"\x{0}-\x{10ffff}".into(),
        name if CATEGORIES.contains(&name) => format!(r"\p{{{name}}}"),
        _ => return None,
    })
}

/// `Is…`: binary properties in any case, else a script. The engine refuses a name that it does not know.
fn unicode(name: &str, fold: bool) -> String {
    match name.to_ascii_lowercase().as_str() {
        "lowercase" | "uppercase" if fold => r"\p{Lowercase}\p{Uppercase}\p{Lt}".into(),
        "titlecase" => r"\p{Lt}".into(),
        "letter" => r"\p{L}".into(),
        "digit" => r"\p{Nd}".into(),
        "punctuation" => r"\p{P}".into(),
        "control" => r"\p{Cc}".into(),
        "assigned" => r"\P{Cn}".into(),
        "hex_digit" | "hexdigit" => {
            r"\p{Nd}0-9a-fA-F\x{ff10}-\x{ff19}\x{ff21}-\x{ff26}\x{ff41}-\x{ff46}".into()
        }
        _ => format!(r"\p{{{name}}}"),
    }
}

/// Blocks. The engines know none, so the ones that patterns use are listed.
fn block(name: &str) -> Result<String, Error> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let found = BLOCKS.iter().find(|(own, _)| *own == plain);
    found.map(|(_, range)| (*range).to_owned()).ok_or_else(|| unsupported(&format!("the block {name:?}")))
}

const CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Cn", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl",
    "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];

const BLOCKS: &[(&str, &str)] = &[
    ("arabic", r"\x{600}-\x{6ff}"),
    ("armenian", r"\x{530}-\x{58f}"),
    ("basiclatin", r"\x{0}-\x{7f}"),
    ("cjksymbolsandpunctuation", r"\x{3000}-\x{303f}"),
    ("cjkunifiedideographs", r"\x{4e00}-\x{9fff}"),
    ("combiningdiacriticalmarks", r"\x{300}-\x{36f}"),
    ("currencysymbols", r"\x{20a0}-\x{20cf}"),
    ("cyrillic", r"\x{400}-\x{4ff}"),
    ("devanagari", r"\x{900}-\x{97f}"),
    ("emoticons", r"\x{1f600}-\x{1f64f}"),
    ("generalpunctuation", r"\x{2000}-\x{206f}"),
    ("georgian", r"\x{10a0}-\x{10ff}"),
    ("greek", r"\x{370}-\x{3ff}"),
    ("greekandcoptic", r"\x{370}-\x{3ff}"),
    ("halfwidthandfullwidthforms", r"\x{ff00}-\x{ffef}"),
    ("hanguljamo", r"\x{1100}-\x{11ff}"),
    ("hangulsyllables", r"\x{ac00}-\x{d7af}"),
    ("hebrew", r"\x{590}-\x{5ff}"),
    ("hiragana", r"\x{3040}-\x{309f}"),
    ("katakana", r"\x{30a0}-\x{30ff}"),
    ("latin1supplement", r"\x{80}-\x{ff}"),
    ("latinextendeda", r"\x{100}-\x{17f}"),
    ("latinextendedb", r"\x{180}-\x{24f}"),
    ("thai", r"\x{e00}-\x{e7f}"),
];
