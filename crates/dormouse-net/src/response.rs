//! The head of a response (RFC 9112 §4, §5), its header lines as they came.

use bytes::{Bytes, BytesMut};
use dormouse_flow::{CallError, Headers, Message};
use http::StatusCode;
use std::mem::MaybeUninit;

/// Takes a response head out of what was read; `None` when it is not whole yet.
pub(crate) fn take_head(input: &mut BytesMut) -> Result<Option<Message>, CallError> {
    let Some(end) = head_end(input) else {
        return if input.len() > HEAD_BYTES_MAX { Err(CallError::HeadTooLarge) } else { Ok(None) };
    };
    if end > HEAD_BYTES_MAX {
        return Err(CallError::HeadTooLarge);
    }
    parse(&input.split_to(end).freeze()).map(Some)
}

fn parse(head: &Bytes) -> Result<Message, CallError> {
    let mut lines = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut []);
    let parsed =
        httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut response, head, &mut lines);
    match parsed {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(CallError::Malformed("its head ends too early")),
        Err(httparse::Error::TooManyHeaders) => return Err(CallError::HeadTooLarge),
        Err(_) => return Err(CallError::Malformed("it is no HTTP response")),
    }
    let status = response.code.unwrap_or_default();
    if status < 100 {
        return Err(CallError::Malformed("its status is no status"));
    }
    let mut message = Message::response(status);
    if response.version == Some(0) {
        message.set_version("1.0");
    }
    let usual = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    if let Some(reason) = response.reason.filter(|reason| !reason.is_empty() && Some(*reason) != usual) {
        message.set_reason(reason);
    }
    *message.headers_mut() = headers(response.headers, head)?;
    Ok(message)
}

fn headers(lines: &[httparse::Header<'_>], head: &Bytes) -> Result<Headers, CallError> {
    let mut headers = Headers::default();
    for line in lines {
        headers
            .push_received(line.name.as_bytes(), head.slice_ref(line.value))
            .map_err(|_| CallError::Malformed("a header that is none"))?;
    }
    Ok(headers)
}

/// The length of the head: up to the first empty line.
fn head_end(input: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = input.get(from..)?.iter().position(|byte| *byte == b'\n') {
        from += at + 1;
        match input.get(from..)? {
            [b'\n', ..] => return Some(from + 1),
            [b'\r', b'\n', ..] => return Some(from + 2),
            _ => {}
        }
    }
    None
}

/// As large as a request's head may be.
const HEAD_BYTES_MAX: usize = 64 * 1024;

const HEADERS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wire: &str, expected: Result<Option<(u16, &str, &str)>, CallError>) {
        let mut input = BytesMut::from(wire);
        let head = take_head(&mut input);
        let shown = |message: Message| {
            let lines: Vec<_> = message
                .headers()
                .iter()
                .map(|(name, value)| format!("{name}={}", value.to_str().unwrap_or("?")))
                .collect();
            (message.status().unwrap_or(0), message.reason().unwrap_or("").to_owned(), lines.join(" "))
        };
        let actual = head.map(|head| head.map(shown));
        let expected = expected
            .map(|head| head.map(|(status, reason, lines)| (status, reason.to_owned(), lines.to_owned())));
        assert_eq!(actual, expected, "{wire:?}");
    }

    #[test]
    fn heads_keep_their_lines() {
        check("HTTP/1.1 200 OK\r\n\r\nbody", Ok(Some((200, "OK", ""))));
        check(
            "HTTP/1.1 299 Fine\r\nx-B: 2\r\nA:1 \r\nX-b: 3\r\n\r\n",
            Ok(Some((299, "Fine", "x-B=2 A=1 X-b=3"))),
        );
        check("HTTP/1.0 404\nA: \n\n", Ok(Some((404, "Not Found", "A="))));
        check("HTTP/1.1 200 OK\r\nA: 1\r\n", Ok(None));
        check("", Ok(None));
    }

    #[test]
    fn what_is_no_head() {
        let none = || Err(CallError::Malformed("it is no HTTP response"));
        check("SSH-2.0-x\r\n\r\n", none());
        check("HTTP/2 200\r\n\r\n", none());
        check("HTTP/1.1 2000 OK\r\n\r\n", none());
        check("HTTP/1.1 200 OK\r\nA : 1\r\n\r\n", none());
        check("HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\n\r\n", none());
        check("HTTP/1.1 200 OK\r\nA: \u{1}\r\n\r\n", none());
        check("HTTP/1.1 099 Low\r\n\r\n", Err(CallError::Malformed("its status is no status")));
        check(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(300)), Err(CallError::HeadTooLarge));
        check(&format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(70_000)), Err(CallError::HeadTooLarge));
        check(&format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(70_000)), Err(CallError::HeadTooLarge));
    }
}
