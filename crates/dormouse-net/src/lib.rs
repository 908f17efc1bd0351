//! The HTTP/1.1 client behind [`dormouse_flow::HttpClient`] (RFC 9110, RFC 9112): pooled connections, TLS, limits of time
//! and size. It is a client of its own, because a gateway's callers expect header lines to keep their order, spelling and
//! repetition in both directions, and because it must know whether a connection died before a byte of a response came.
//!
//! Invariants: nothing is read without a limit of size and time; a connection is reused only after a response that left
//! no doubt where it ends; a request is sent again only when that cannot repeat an effect.

mod body;
mod client;
mod connect;
mod exchange;
mod framing;
mod pool;
mod request;
mod response;
mod stream;
mod trust;

pub use client::Client;
