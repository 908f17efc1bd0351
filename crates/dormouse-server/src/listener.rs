//! Listening sockets: their address, whether TLS is spoken on them, and how several workers share one.

use crate::tls::Tls;
use socket2::{Domain, Protocol, Socket, Type};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Where to listen, and whether over TLS.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The address. Port 0 takes a free one.
    pub address: SocketAddr,
    /// The identity that is shown; none for plain HTTP.
    pub tls: Option<Tls>,
}

/// What a listener is reached under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The address.
    pub address: SocketAddr,
    /// Whether TLS is spoken there.
    pub is_secure: bool,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// A bound socket, and how its connections begin.
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) tls: Option<Tls>,
}

impl Listen {
    /// Plain HTTP on an address.
    pub const fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    /// Sockets for so many workers on one address: those after the first share the port that it got.
    pub(crate) fn bind(&self, workers: usize) -> Result<(Vec<Listener>, Origin), BindError> {
        let error = |source| BindError { address: self.address, source };
        let first = bind(self.address).map_err(error)?;
        let address = first.local_addr().map_err(error)?;
        let mut sockets = vec![first];
        for _ in 1..workers.max(1) {
            sockets.push(bind(address).map_err(error)?);
        }
        let listeners = sockets.into_iter().map(|socket| Listener { socket, tls: self.tls.clone() });
        Ok((listeners.collect(), Origin { address, is_secure: self.tls.is_some() }))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.address)
    }
}

/// Binds a socket that shares its address with those of the other workers.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Connections that the kernel holds for a busy worker.
const BACKLOG: i32 = 1024;
