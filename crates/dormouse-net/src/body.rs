//! The body of a response, read whole or passed on as it arrives. Whoever reads it to its end gives the connection back.

use crate::exchange::Exchange;
use crate::framing::{Decoded, Framing};
use crate::pool;
use bytes::{Bytes, BytesMut};
use dormouse_flow::{CallError, Destination};
use hyper::body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A body on its connection.
pub(crate) struct ResponseBody {
    /// Gone when the body has ended.
    exchange: Option<Exchange>,
    framing: Framing,
    /// Where the connection goes afterwards; `None` when it must not be used again.
    reuse: Option<Reuse>,
}

/// The pool's place for a connection, and how long it may wait there.
pub(crate) struct Reuse {
    pub(crate) destination: Destination,
    pub(crate) idle_time_max: Duration,
}

impl ResponseBody {
    pub(crate) fn new(exchange: Exchange, framing: Framing, reuse: Option<Reuse>) -> Self {
        Self { exchange: Some(exchange), framing, reuse }
    }

    /// Reads a body of at most `bytes_max` to its end. One that is announced to be larger is not waited for.
    pub(crate) async fn whole(mut self, bytes_max: usize) -> Result<Bytes, CallError> {
        if self.framing.exact().is_some_and(|size| size > bytes_max as u64) {
            return Err(CallError::BodyTooLarge);
        }
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        // Most bodies are one piece, which needs no copy.
        let Some(second) = self.next().await? else {
            return if first.len() > bytes_max { Err(CallError::BodyTooLarge) } else { Ok(first) };
        };
        let mut whole = BytesMut::from(first);
        let mut piece = Some(second);
        while let Some(data) = piece {
            if whole.len() + data.len() > bytes_max {
                return Err(CallError::BodyTooLarge);
            }
            whole.extend_from_slice(&data);
            piece = self.next().await?;
        }
        Ok(whole.freeze())
    }

    async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, CallError>> {
        loop {
            let Some(exchange) = &mut self.exchange else { return Poll::Ready(Ok(None)) };
            match self.framing.decode(&mut exchange.input)? {
                Decoded::Data(data) => {
                    // Known to be the last piece: the connection need not wait for somebody to ask for more.
                    if self.framing == Framing::Done {
                        self.finish();
                    }
                    return Poll::Ready(Ok(Some(data)));
                }
                Decoded::End => {
                    self.finish();
                    return Poll::Ready(Ok(None));
                }
                Decoded::NeedMore => {}
            }
            if ready!(exchange.poll_fill(context))? == 0 {
                self.exchange = None;
                let ended =
                    if self.framing == Framing::UntilClose { Ok(None) } else { Err(CallError::ClosedEarly) };
                return Poll::Ready(ended);
            }
        }
    }

    /// Gives the connection back if nothing is left on it in either direction.
    fn finish(&mut self) {
        if let (Some(exchange), Some(reuse)) = (self.exchange.take(), self.reuse.take())
            && exchange.is_written()
            && exchange.input.is_empty()
        {
            pool::put(reuse.destination, exchange.stream, reuse.idle_time_max);
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let next = ready!(self.get_mut().poll_next(context)).transpose();
        Poll::Ready(next.map(|data| data.map(Frame::data).map_err(io::Error::other)))
    }

    fn is_end_stream(&self) -> bool {
        self.exchange.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.framing.exact().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
