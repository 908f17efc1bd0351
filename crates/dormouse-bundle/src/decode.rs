//! Bytes of a bundle's XML file to text. UTF-8 with or without byte order mark is read; another encoding is told
//! as one problem at the declaration or at the first byte that is not UTF-8.

use std::sync::Arc;

use crate::problem::Problem;
use crate::source::{SourceFile, Span};

/// The text of a file. `path` is what people are shown.
///
/// # Errors
/// The problem that makes the file unreadable: too large, or not UTF-8.
pub(crate) fn decode(path: &str, bytes: &[u8]) -> Result<Arc<SourceFile>, Problem> {
    if bytes.len() > FILE_MAX_BYTES {
        let file = SourceFile::new(path, "");
        let message = format!("the file has {} bytes; at most {FILE_MAX_BYTES} are read", bytes.len());
        return Err(Problem::error("file-too-large", message).at(Span::whole_file(&file)));
    }
    let bytes = bytes.strip_prefix(UTF_8_MARK).unwrap_or(bytes);
    if UTF_16_STARTS.iter().any(|start| bytes.starts_with(start)) {
        let file = SourceFile::new(path, "");
        let problem = Problem::error(ENCODING, "the file is encoded in UTF-16");
        return Err(problem.at(Span::whole_file(&file)).help(ENCODING_HELP));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Ok(SourceFile::new(path, text)),
        Ok(text) => declared_utf8(SourceFile::new(path, text)),
        Err(error) => Err(not_utf8(path, bytes, error.valid_up_to())),
    }
}

/// Text outside ASCII means something else if another encoding is declared.
fn declared_utf8(file: Arc<SourceFile>) -> Result<Arc<SourceFile>, Problem> {
    match declared_encoding(&file) {
        Some((name, span)) if !name.eq_ignore_ascii_case("utf-8") && !name.eq_ignore_ascii_case("utf8") => {
            let message = format!("the file is declared as {name} but its bytes are UTF-8");
            Err(Problem::error(ENCODING, message).at(span).help(ENCODING_HELP))
        }
        _ => Ok(file),
    }
}

fn not_utf8(path: &str, bytes: &[u8], valid: usize) -> Problem {
    let file = SourceFile::new(path, String::from_utf8_lossy(bytes));
    match declared_encoding(&file) {
        Some((name, span)) if !name.eq_ignore_ascii_case("utf-8") => {
            let message = format!("the file is encoded in {name}, of which only ASCII characters are read");
            Problem::error(ENCODING, message).at(span).help(ENCODING_HELP)
        }
        _ => {
            let span = Span::new(&file, valid..valid + char::REPLACEMENT_CHARACTER.len_utf8());
            Problem::error(ENCODING, "this byte is not UTF-8").at(span).help(ENCODING_HELP)
        }
    }
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
const UTF_16_STARTS: &[&[u8]] = &[b"\xFE\xFF", b"\xFF\xFE", b"<\0", b"\0<"];
const ENCODING: &str = "file-encoding";
const ENCODING_HELP: &str = "save the file as UTF-8 and declare it as such";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str) {
        assert_eq!(decode("a.xml", bytes).expect("readable").text, text);
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
    fn another_encoding_is_one_problem() {
        let utf16 = "the file is encoded in UTF-16";
        check_problem(b"\xFE\xFF\0<\0a", utf16, "a.xml:1:1");
        check_problem(b"<\0a\0", utf16, "a.xml:1:1");
        check_problem(
            b"<?xml version='1.0'\n encoding='ISO-8859-1'?><a>\xE9</a>",
            "the file is encoded in ISO-8859-1, of which only ASCII characters are read",
            "a.xml:2:12",
        );
        check_problem(
            "<?xml version='1.0' encoding='latin1'?><a>é</a>".as_bytes(),
            "the file is declared as latin1 but its bytes are UTF-8",
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
