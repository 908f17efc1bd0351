//! Messages on the wire: a head with the length, an empty line, JSON (LSP 3.17, base protocol).

use serde_json::Value;
use std::io::{self, BufRead, Read as _, Write};

/// The next message's text; `None` when the client has closed its end between two messages.
///
/// # Errors
/// A head without a usable length, a message beyond the limit, an input that ends too early.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = None;
    let mut head_left = HEAD_MAX_BYTES;
    loop {
        let mut line = Vec::new();
        let read = input.by_ref().take(head_left + 1).read_until(b'\n', &mut line)?;
        head_left =
            head_left.checked_sub(read as u64).ok_or_else(|| invalid("the head of a message is too long"))?;
        if read == 0 && length.is_none() && head_left == HEAD_MAX_BYTES {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the head of a message is cut off"));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(invalid("a line in the head of a message has no colon"));
        };
        if name.trim().eq_ignore_ascii_case("Content-Length") {
            length = value.trim().parse().ok().filter(|length| *length <= MESSAGE_MAX_BYTES);
        }
    }
    let length = length.ok_or_else(|| invalid("a message has no Content-Length, or one beyond the limit"))?;
    let mut text = Vec::new();
    if input.by_ref().take(length).read_to_end(&mut text)? as u64 != length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a message is cut off"));
    }
    Ok(Some(text))
}

/// Sends a message.
///
/// # Errors
/// The client is gone.
pub(super) fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

const HEAD_MAX_BYTES: u64 = 8 * 1024;
/// Clients send whole documents, and the largest file of a bundle has a sixteenth of this.
const MESSAGE_MAX_BYTES: u64 = 256 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &[&str]) {
        let mut input = input.as_bytes();
        for expected in expected {
            assert_eq!(read(&mut input).unwrap().as_deref(), Some(expected.as_bytes()));
        }
        assert_eq!(read(&mut input).unwrap(), None);
    }

    #[track_caller]
    fn check_error(input: &str, part: &str) {
        let error = read(&mut input.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn messages_follow_each_other() {
        check("", &[]);
        check(
            "Content-Length: 2\r\n\r\n{}content-length:3\r\nContent-Type: x; charset=utf-8\r\n\r\n[1]",
            &["{}", "[1]"],
        );
    }

    #[test]
    fn broken_heads_end_the_session() {
        check_error("\r\n", "no Content-Length");
        check_error("Content-Length: -1\r\n\r\n", "no Content-Length");
        check_error("Content-Length: 99999999999\r\n\r\n", "beyond the limit");
        check_error("Content-Length 2\r\n\r\n{}", "no colon");
        check_error("Content-Length: 2\r\n", "cut off");
        check_error("Content-Length: 2\r\n\r\n{", "cut off");
        check_error(&"x".repeat(9000), "too long");
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mut wire = Vec::new();
        write(&mut wire, &serde_json::json!({ "é": 1 })).unwrap();
        check(&String::from_utf8(wire).unwrap(), &[r#"{"é":1}"#]);
    }
}
