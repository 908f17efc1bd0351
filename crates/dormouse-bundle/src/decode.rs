//! Bytes of a bundle's XML file to text (XML 1.0 §4.3.3). UTF-8 with or without byte order mark is what there should
//! be; UTF-16, and the Latin encodings where the file declares them, are read with one problem that says so. In any
//! other encoding a file is unreadable.

use std::sync::Arc;

use crate::problem::Problem;
use crate::source::{SourceFile, Span};

/// The text of a file, with a problem if it is not in UTF-8. `path` is what people are shown.
///
/// # Errors
/// The problem that makes the file unreadable: too large, or in no known encoding.
pub(crate) fn decode(path: &str, bytes: &[u8]) -> Result<(Arc<SourceFile>, Option<Problem>), Problem> {
    if bytes.len() > FILE_MAX_BYTES {
        let file = SourceFile::new(path, "");
        let message = format!("the file has {} bytes; at most {FILE_MAX_BYTES} are read", bytes.len());
        return Err(Problem::error("file-too-large", message).at(Span::whole_file(&file)));
    }
    let bytes = bytes.strip_prefix(UTF_8_MARK).unwrap_or(bytes);
    if let Some((_, read)) = UTF_16_STARTS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return utf16(path, bytes, *read);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let file = SourceFile::new(path, text);
            let problem = if text.is_ascii() { None } else { misdeclared(&file) };
            Ok((file, problem))
        }
        Err(error) => latin(path, bytes, error.valid_up_to()),
    }
}

/// What a file begins with, and how to read its pairs of bytes.
type Utf16Start = (&'static [u8], fn([u8; 2]) -> u16);

fn utf16(
    path: &str,
    bytes: &[u8],
    read: fn([u8; 2]) -> u16,
) -> Result<(Arc<SourceFile>, Option<Problem>), Problem> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| read(*pair))).collect();
    let Some(text) = text.ok().filter(|_| rest.is_empty()) else {
        let file = SourceFile::new(path, "");
        let problem = Problem::error(ENCODING, "the file is encoded in UTF-16, and broken");
        return Err(problem.at(Span::whole_file(&file)).help(ENCODING_HELP));
    };
    let file = SourceFile::new(path, text.strip_prefix('\u{feff}').unwrap_or(&text));
    let start = file.text.chars().next().map_or(0, char::len_utf8);
    let problem = Problem::warning(ENCODING, "the file is encoded in UTF-16").at(Span::new(&file, 0..start));
    Ok((file, Some(problem.help(ENCODING_HELP))))
}

/// Text outside ASCII means something else if another encoding is declared.
fn misdeclared(file: &Arc<SourceFile>) -> Option<Problem> {
    let (name, span) = declared_encoding(file)?;
    let is_right = ["utf-8", "utf8"].iter().any(|right| name.eq_ignore_ascii_case(right));
    let message = format!("the file is declared as {name} but its bytes are UTF-8");
    (!is_right).then(|| Problem::warning(ENCODING, message).at(span).help(ENCODING_HELP))
}

/// A file that is not UTF-8: one byte is one character where the declaration says so.
fn latin(path: &str, bytes: &[u8], valid: usize) -> Result<(Arc<SourceFile>, Option<Problem>), Problem> {
    let lossy = SourceFile::new(path, String::from_utf8_lossy(bytes));
    match declared_encoding(&lossy) {
        Some((name, _)) if LATIN.iter().any(|latin| name.eq_ignore_ascii_case(latin)) => {
            let file = SourceFile::new(path, bytes.iter().copied().map(character).collect::<String>());
            let span = declared_encoding(&file).map_or_else(|| Span::whole_file(&file), |(_, span)| span);
            let problem = Problem::warning(ENCODING, format!("the file is encoded in {name}")).at(span);
            Ok((file, Some(problem.help(ENCODING_HELP))))
        }
        Some((name, span)) if !name.eq_ignore_ascii_case("utf-8") => {
            let message = format!("the file is encoded in {name}, of which only ASCII characters are read");
            Err(Problem::error(ENCODING, message).at(span).help(ENCODING_HELP))
        }
        _ => {
            let span = Span::new(&lossy, valid..valid + char::REPLACEMENT_CHARACTER.len_utf8());
            Err(Problem::error(ENCODING, "this byte is not UTF-8").at(span).help(ENCODING_HELP))
        }
    }
}

/// Windows' superset of Latin-1, which is what people have who declare Latin-1.
fn character(byte: u8) -> char {
    let above = byte.checked_sub(0x80).and_then(|above| WINDOWS_1252.chars().nth(usize::from(above)));
    above.filter(|found| *found != UNUSED).unwrap_or(char::from(byte))
}

/// The encoding that the XML declaration names, and where.
fn declared_encoding(file: &Arc<SourceFile>) -> Option<(String, Span)> {
    let declaration = file.text.strip_prefix("<?xml")?.split("?>").next()?;
    let (before, rest) = declaration.split_once("encoding")?;
    let rest_start = "<?xml".len() + before.len() + "encoding".len();
    let open = rest.find(['"', '\''])?;
    let value = rest.get(open + 1..)?;
    let name = value.get(..value.find(['"', '\''])?)?;
    let start = rest_start + open + 1;
    Some((name.to_owned(), Span::new(file, start..start + name.len())))
}

/// No file that a person wrote is anywhere near.
pub(crate) const FILE_MAX_BYTES: usize = 1024 * 1024;
const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Byte order marks, and `<?` without one.
const UTF_16_STARTS: &[Utf16Start] = &[
    (b"\xFE\xFF", u16::from_be_bytes),
    (b"\xFF\xFE", u16::from_le_bytes),
    (b"<\0", u16::from_le_bytes),
    (b"\0<", u16::from_be_bytes),
];
const LATIN: [&str; 6] = ["cp1252", "iso-8859-1", "iso-8859-15", "iso8859-1", "latin1", "windows-1252"];
/// The characters 0x80 to 0x9F.
const WINDOWS_1252: &str = "€?‚ƒ„…†‡ˆ‰Š‹Œ?Ž??‘’“”•–—˜™š›œ?žŸ";
const UNUSED: char = '?';
const ENCODING: &str = "file-encoding";
const ENCODING_HELP: &str = "save the file as UTF-8 and declare it as such";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str) {
        let (file, problem) = decode("a.xml", bytes).expect("readable");
        assert_eq!((file.text.as_str(), problem.is_none()), (text, true), "{problem:?}");
    }

    /// A file that is read with a problem.
    #[track_caller]
    fn check_odd(bytes: &[u8], text: &str, message: &str, place: &str) {
        let (file, problem) = decode("a.xml", bytes).expect("readable");
        let problem = problem.expect("a problem");
        assert_eq!((file.text.as_str(), problem.message.as_str()), (text, message));
        assert_eq!(problem.span.expect("a place").to_string(), place);
    }

    #[track_caller]
    fn check_problem(bytes: &[u8], message: &str, place: &str) {
        let problem = decode("a.xml", bytes).expect_err("unreadable");
        assert_eq!(problem.message, message);
        assert_eq!(problem.span.expect("a place").to_string(), place);
    }

    #[test]
    fn utf8_is_read_with_and_without_mark() {
        check("<a>é</a>".as_bytes(), "<a>é</a>");
        check("\u{feff}<a/>".as_bytes(), "<a/>");
        check(
            "<?xml version='1.0' encoding='utf-8'?><a>é</a>".as_bytes(),
            "<?xml version='1.0' encoding='utf-8'?><a>é</a>",
        );
        check(b"", "");
    }

    #[test]
    fn ascii_is_read_whatever_is_declared() {
        let text = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>";
        check(text.as_bytes(), text);
    }

    #[test]
    fn some_other_encodings_are_read_with_a_problem() {
        let utf16 = "the file is encoded in UTF-16";
        check_odd(b"\xFE\xFF\0<\0a\0/\0>", "<a/>", utf16, "a.xml:1:1");
        check_odd(b"<\0a\0/\0>\0", "<a/>", utf16, "a.xml:1:1");
        check_odd(
            b"<?xml version='1.0'\n encoding='ISO-8859-1'?><a>\xE9\x80</a>",
            "<?xml version='1.0'\n encoding='ISO-8859-1'?><a>é€</a>",
            "the file is encoded in ISO-8859-1",
            "a.xml:2:12",
        );
        let wrong = "<?xml version='1.0' encoding='latin1'?><a>é</a>";
        let told = "the file is declared as latin1 but its bytes are UTF-8";
        check_odd(wrong.as_bytes(), wrong, told, "a.xml:1:31");
        assert_eq!(WINDOWS_1252.chars().count(), 32);
    }

    #[test]
    fn another_encoding_is_one_problem() {
        check_problem(b"\xFE\xFF\0<\0", "the file is encoded in UTF-16, and broken", "a.xml:1:1");
        check_problem(b"<\0\0\xD8", "the file is encoded in UTF-16, and broken", "a.xml:1:1");
        check_problem(
            b"<?xml version='1.0' encoding='Shift_JIS'?><a>\xE9</a>",
            "the file is encoded in Shift_JIS, of which only ASCII characters are read",
            "a.xml:1:31",
        );
        check_problem(b"<a>\n  \xE9</a>", "this byte is not UTF-8", "a.xml:2:3");
    }

    #[test]
    fn a_large_file_is_refused() {
        let bytes = vec![b' '; FILE_MAX_BYTES + 1];
        check_problem(&bytes, "the file has 1048577 bytes; at most 1048576 are read", "a.xml:1:1");
        assert!(decode("a.xml", &bytes[1..]).is_ok());
    }
}
