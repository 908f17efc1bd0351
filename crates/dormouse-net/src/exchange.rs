//! One request and its response on one connection. Writing goes on while reading: a server may answer before it has read
//! everything, and one that waits for its answer to be read must not be waited for (RFC 9112 §9.3).

use crate::request::{Outgoing, OutgoingBody};
use crate::stream::Stream;
use bytes::{Buf as _, Bytes, BytesMut};
use dormouse_flow::{CallError, StreamedBody};
use hyper::body::Body as _;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWrite as _};
use tokio::time::{Instant, Sleep};

/// A connection with a request to write and a response to read.
pub(crate) struct Exchange {
    pub(crate) stream: Stream,
    /// What was read and not taken yet.
    pub(crate) input: BytesMut,
    /// Whether anything at all came back.
    pub(crate) has_received: bool,
    output: Output,
    silence: Silence,
}

impl Exchange {
    /// Begins. `io_time_max` bounds how long nothing may move in either direction.
    pub(crate) fn new(stream: Stream, request: Outgoing, io_time_max: Duration) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            has_received: false,
            output: Output::new(request),
            silence: Silence::new(io_time_max),
        }
    }

    /// Whether the whole request was written.
    pub(crate) fn is_written(&self) -> bool {
        matches!(self.output.next, Next::Done)
    }

    /// Reads more into `input`; zero bytes mean that the server closed its side.
    pub(crate) async fn fill(&mut self) -> Result<usize, CallError> {
        std::future::poll_fn(|context| self.poll_fill(context)).await
    }

    /// See [`Exchange::fill`].
    pub(crate) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<usize, CallError>> {
        if let Poll::Ready(Err(error)) = self.output.poll(&mut self.stream, context, &mut self.silence) {
            return Poll::Ready(Err(error));
        }
        self.input.reserve(READ_CAPACITY);
        let read = pin!(self.stream.read_buf(&mut self.input)).poll(context);
        match read {
            Poll::Ready(Ok(size)) => {
                self.silence.broken();
                self.has_received |= size > 0;
                Poll::Ready(Ok(size))
            }
            // Whatever the system calls it, the connection ended where it should not.
            Poll::Ready(Err(_)) => Poll::Ready(Err(CallError::ClosedEarly)),
            Poll::Pending => self.silence.poll(context).map(|()| Err(CallError::Timeout)),
        }
    }
}

/// What is still to be written.
struct Output {
    /// The piece that is being written.
    piece: Bytes,
    next: Next,
}

/// What comes after the piece.
enum Next {
    Whole(Bytes),
    Stream {
        stream: Box<StreamedBody>,
        chunked: bool,
    },
    Flush,
    Done,
    /// The server takes no more; it may have answered all the same.
    Failed,
}

impl Output {
    fn new(request: Outgoing) -> Self {
        let (piece, next) = match request.body {
            OutgoingBody::Streamed { stream, chunked } => (request.head, Next::Stream { stream, chunked }),
            // A small request is one write and, most often, one packet.
            OutgoingBody::Whole(body) if !body.is_empty() && body.len() <= JOINED_BODY_BYTES_MAX => {
                ([&*request.head, &*body].concat().into(), Next::Flush)
            }
            OutgoingBody::Whole(body) => (request.head, Next::Whole(body)),
        };
        Self { piece, next }
    }

    /// Writes what can be written now. Only a request whose own body breaks off is an error.
    fn poll(
        &mut self,
        stream: &mut Stream,
        context: &mut Context<'_>,
        silence: &mut Silence,
    ) -> Poll<Result<(), CallError>> {
        loop {
            while !self.piece.is_empty() {
                match ready!(Pin::new(&mut *stream).poll_write(context, &self.piece)) {
                    Ok(size) if size > 0 => {
                        silence.broken();
                        self.piece.advance(size);
                    }
                    _ => {
                        self.piece.clear();
                        self.next = Next::Failed;
                    }
                }
            }
            match &mut self.next {
                Next::Whole(body) => (self.piece, self.next) = (std::mem::take(body), Next::Flush),
                Next::Stream { stream: body, chunked } => {
                    let Poll::Ready(frame) = Pin::new(&mut **body).poll_frame(context) else {
                        // What is written so far must not wait for what is still to come.
                        let _ = Pin::new(&mut *stream).poll_flush(context);
                        return Poll::Pending;
                    };
                    let frame = frame.transpose().map_err(|_| REQUEST_BROKE_OFF)?;
                    let chunked = *chunked;
                    match frame {
                        Some(frame) => self.piece = encoded(frame.into_data().unwrap_or_default(), chunked),
                        None if chunked => {
                            (self.piece, self.next) = (Bytes::from_static(LAST_CHUNK), Next::Flush);
                        }
                        None => self.next = Next::Flush,
                    }
                }
                Next::Flush => {
                    let flushed = ready!(Pin::new(&mut *stream).poll_flush(context));
                    self.next = if flushed.is_ok() { Next::Done } else { Next::Failed };
                }
                Next::Done | Next::Failed => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// An empty chunk would end the body.
fn encoded(data: Bytes, chunked: bool) -> Bytes {
    if !chunked || data.is_empty() {
        return data;
    }
    [format!("{:x}\r\n", data.len()).as_bytes(), &*data, b"\r\n"].concat().into()
}

/// How long nothing has moved.
struct Silence {
    time_max: Duration,
    since: Instant,
    /// Armed when there is something to wait for.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    fn new(time_max: Duration) -> Self {
        Self { time_max, since: Instant::now(), alarm: None }
    }

    fn broken(&mut self) {
        self.since = Instant::now();
    }

    /// Ready when it has lasted too long. The alarm is moved only when it goes off, for it seldom does.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let end = self.since + self.time_max;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        loop {
            ready!(alarm.as_mut().poll(context));
            if Instant::now() >= end {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(end);
        }
    }
}

const REQUEST_BROKE_OFF: CallError = CallError::InvalidRequest("its body broke off");

const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Up to here a copy costs less than a second write.
const JOINED_BODY_BYTES_MAX: usize = 16 * 1024;

const READ_CAPACITY: usize = 8 * 1024;
