//! Where a response body ends, and taking it out of what was read (RFC 9112 §6, §7).

use bytes::{Buf as _, Bytes, BytesMut};
use dormouse_flow::{CallError, Headers};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

/// What is left of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Nothing.
    Done,
    /// This many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunk),
    /// Everything until the server closes the connection.
    UntilClose,
}

/// What comes next in a chunked body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// The line with the next chunk's size.
    Size,
    /// This many bytes of a chunk.
    Data(u64),
    /// The line end behind a chunk.
    End,
    /// Trailer lines, which are dropped; this many bytes of them are still allowed.
    Trailers(usize),
}

/// A step in taking a body out of its buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    Data(Bytes),
    NeedMore,
    End,
}

impl Framing {
    /// How the body of a final response is framed. `Ok` with `false` when the connection must not be used again because
    /// the head left doubt.
    pub(crate) fn of(status: u16, headers: &Headers, is_head: bool) -> Result<(Self, bool), CallError> {
        let length = content_length(headers)?;
        let codings: Vec<_> = headers.values(&TRANSFER_ENCODING).collect();
        if is_head || matches!(status, 204 | 304) {
            return Ok((Self::Done, true));
        }
        match codings.as_slice() {
            [] => Ok((length.map_or(Self::UntilClose, |length| Self::Length(length).or_done()), true)),
            // Of two framings, somebody on the way may have believed the other (RFC 9112 §6.3).
            [coding] if coding.eq_ignore_ascii_case("chunked") => {
                Ok((Self::Chunked(Chunk::Size), length.is_none()))
            }
            _ => Err(CallError::Malformed("a transfer coding other than chunked")),
        }
    }

    /// The size of the body where the head tells it.
    pub(crate) fn exact(&self) -> Option<u64> {
        match self {
            Self::Done => Some(0),
            Self::Length(length) => Some(*length),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// Takes the next piece of the body out of `input`.
    pub(crate) fn decode(&mut self, input: &mut BytesMut) -> Result<Decoded, CallError> {
        match self {
            Self::Done => Ok(Decoded::End),
            Self::UntilClose | Self::Length(_) if input.is_empty() => Ok(Decoded::NeedMore),
            Self::UntilClose => Ok(Decoded::Data(input.split().freeze())),
            Self::Length(left) => {
                let data = split_at_most(input, left);
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(Decoded::Data(data))
            }
            Self::Chunked(chunk) => {
                let decoded = chunk.decode(input)?;
                if decoded == Decoded::End {
                    *self = Self::Done;
                }
                Ok(decoded)
            }
        }
    }

    fn or_done(self) -> Self {
        if self == Self::Length(0) { Self::Done } else { self }
    }
}

impl Chunk {
    fn decode(&mut self, input: &mut BytesMut) -> Result<Decoded, CallError> {
        loop {
            match self {
                Self::Size => {
                    let Some(line) = take_line(input, CHUNK_LINE_BYTES_MAX)? else {
                        return Ok(Decoded::NeedMore);
                    };
                    *self = match chunk_size(&line)? {
                        0 => Self::Trailers(TRAILER_BYTES_MAX),
                        size => Self::Data(size),
                    };
                }
                Self::Data(0) => *self = Self::End,
                Self::Data(_) if input.is_empty() => return Ok(Decoded::NeedMore),
                Self::Data(left) => return Ok(Decoded::Data(split_at_most(input, left))),
                Self::End => match take_line(input, 0)? {
                    None => return Ok(Decoded::NeedMore),
                    Some(_) => *self = Self::Size,
                },
                Self::Trailers(left) => {
                    let Some(line) = take_line(input, *left)? else { return Ok(Decoded::NeedMore) };
                    if line.is_empty() {
                        return Ok(Decoded::End);
                    }
                    *left = left.saturating_sub(line.len() + 2);
                }
            }
        }
    }
}

/// A length that several lines or list members state must be one and the same.
fn content_length(headers: &Headers) -> Result<Option<u64>, CallError> {
    let mut length = None;
    for value in headers.values(&CONTENT_LENGTH) {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let parsed = if digits { value.parse().ok() } else { None };
        match (length, parsed) {
            (_, None) => return Err(CallError::Malformed("a content length that is no number")),
            (Some(earlier), Some(own)) if earlier != own => {
                return Err(CallError::Malformed("two content lengths"));
            }
            (_, own) => length = own,
        }
    }
    Ok(length)
}

/// A chunk's size; extensions are dropped.
fn chunk_size(line: &[u8]) -> Result<u64, CallError> {
    let end = line.iter().position(|byte| matches!(byte, b';' | b' ' | b'\t')).unwrap_or(line.len());
    let (digits, rest) = line.split_at_checked(end).unwrap_or((line, b""));
    let malformed = CallError::Malformed("a chunk without a size");
    if digits.is_empty() || digits.len() > 16 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(malformed);
    }
    let is_extension = rest.trim_ascii_start().first().is_none_or(|byte| *byte == b';');
    let size = std::str::from_utf8(digits).ok().and_then(|text| u64::from_str_radix(text, 16).ok());
    size.filter(|_| is_extension).ok_or(malformed)
}

/// A line without its end; `None` until it is whole. A line ends with CR and LF and nothing else.
fn take_line(input: &mut BytesMut, bytes_max: usize) -> Result<Option<BytesMut>, CallError> {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        return if input.len() > bytes_max + 1 { Err(MALFORMED_LINE) } else { Ok(None) };
    };
    let Some(end) = end.checked_sub(1).filter(|end| *end <= bytes_max && input.get(*end) == Some(&b'\r'))
    else {
        return Err(MALFORMED_LINE);
    };
    let line = input.split_to(end);
    input.advance(2);
    if line.contains(&b'\r') { Err(MALFORMED_LINE) } else { Ok(Some(line)) }
}

fn split_at_most(input: &mut BytesMut, left: &mut u64) -> Bytes {
    let size = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
    *left -= size as u64;
    input.split_to(size).freeze()
}

const MALFORMED_LINE: CallError = CallError::Malformed("a chunked body with a broken line");

const CHUNK_LINE_BYTES_MAX: usize = 1024;

const TRAILER_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_chunks(wire: &str, expected: &Result<(&str, &str), CallError>) {
        // In one piece, and byte by byte: where reads end must not matter.
        for size in [wire.len().max(1), 1] {
            let mut framing = Framing::Chunked(Chunk::Size);
            let (mut input, mut body, mut result) = (BytesMut::new(), Vec::new(), Ok(false));
            for piece in wire.as_bytes().chunks(size) {
                input.extend_from_slice(piece);
                result = drain(&mut framing, &mut input, &mut body);
                if result != Ok(false) && size == 1 {
                    break;
                }
            }
            let rest = if size == 1 { String::new() } else { String::from_utf8_lossy(&input).into_owned() };
            let actual = result.map(|done| {
                assert!(done, "{wire:?} ends too early");
                (String::from_utf8_lossy(&body).into_owned(), rest)
            });
            let actual = actual.as_ref().map(|(body, rest)| (body.as_str(), rest.as_str()));
            match (expected, size) {
                (Ok((body, _)), 1) => assert_eq!(actual.map(|(body, _)| body), Ok(*body), "{wire:?}"),
                (expected, _) => assert_eq!(actual.map_err(Clone::clone), expected.clone(), "{wire:?}"),
            }
        }
    }

    fn drain(framing: &mut Framing, input: &mut BytesMut, body: &mut Vec<u8>) -> Result<bool, CallError> {
        loop {
            match framing.decode(input)? {
                Decoded::Data(data) => body.extend_from_slice(&data),
                Decoded::NeedMore => return Ok(false),
                Decoded::End => return Ok(true),
            }
        }
    }

    #[test]
    fn chunks_are_joined() {
        check_chunks("0\r\n\r\n", &Ok(("", "")));
        check_chunks("3\r\nabc\r\n0\r\n\r\n", &Ok(("abc", "")));
        check_chunks(
            "A;x=y\r\n0123456789\r\n1 ; z\r\n!\r\n0\r\nT: 1\r\nU: 2\r\n\r\nHTTP",
            &Ok(("0123456789!", "HTTP")),
        );
        check_chunks("0000000000000001\r\na\r\n0\r\n\r\n", &Ok(("a", "")));
    }

    #[test]
    fn broken_chunks_are_refused() {
        let size = || Err(CallError::Malformed("a chunk without a size"));
        let line = || Err(MALFORMED_LINE);
        check_chunks("\r\n", &size());
        check_chunks("-1\r\n", &size());
        check_chunks("0x1\r\n", &size());
        check_chunks("1 x\r\na\r\n", &size());
        check_chunks("11111111111111111\r\n", &size());
        check_chunks("3\nabc", &line());
        check_chunks("3\r\nabcd\r\n0\r\n\r\n", &line());
        check_chunks("3\r\nabc\n0\r\n\r\n", &line());
        check_chunks("1;\rx\r\na\r\n", &line());
        check_chunks(&format!("1;{}\r\n", "x".repeat(2000)), &line());
        check_chunks(&format!("0\r\nT: {}\r\n\r\n", "x".repeat(20_000)), &line());
    }

    #[track_caller]
    fn check(status: u16, headers: &[(&str, &str)], expected: &Result<(Framing, bool), CallError>) {
        let mut own = Headers::default();
        for (name, value) in headers {
            own.add(name, value).expect("valid");
        }
        assert_eq!(Framing::of(status, &own, false), *expected, "{headers:?}");
    }

    #[test]
    fn the_head_frames_the_body() {
        check(200, &[], &Ok((Framing::UntilClose, true)));
        check(200, &[("Content-Length", "0")], &Ok((Framing::Done, true)));
        check(200, &[("Content-Length", "7"), ("content-length", "7")], &Ok((Framing::Length(7), true)));
        check(200, &[("Transfer-Encoding", "Chunked")], &Ok((Framing::Chunked(Chunk::Size), true)));
        let both = [("Transfer-Encoding", "chunked"), ("Content-Length", "3")];
        check(200, &both, &Ok((Framing::Chunked(Chunk::Size), false)));
        check(204, &[("Content-Length", "3")], &Ok((Framing::Done, true)));
        check(304, &[("Content-Length", "3")], &Ok((Framing::Done, true)));
        for lengths in [["7", "8"], ["+7", "+7"], ["", ""], ["0x7", "0x7"], ["7 7", "7 7"], ["7, 8", "7"]] {
            let headers = lengths.map(|length| ("Content-Length", length));
            assert!(Framing::of(200, &two(headers), false).is_err(), "{lengths:?}");
        }
        for coding in ["gzip", "gzip, chunked", "chunked, chunked", "xchunked", "identity"] {
            let expected = Err(CallError::Malformed("a transfer coding other than chunked"));
            check(200, &[("Transfer-Encoding", coding)], &expected);
        }
    }

    fn two(lines: [(&str, &str); 2]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.add(name, value).expect("valid");
        }
        headers
    }
}
