//! New connections: the system resolves the name, each address gets its share of the time, then TLS shakes hands
//! (RFC 8446, RFC 6066 §3).

use crate::stream::Stream;
use crate::trust::Trust;
use dormouse_flow::{CallError, Destination, Tls};
use rustls::pki_types::ServerName;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// Connects within a time.
pub(crate) async fn connect(
    destination: &Destination,
    trust: &Trust,
    time_max: Duration,
) -> Result<Stream, CallError> {
    let deadline = Instant::now() + time_max;
    let late = |_| CallError::ConnectTimeout;
    let addresses = timeout_at(deadline, resolve(destination)).await.map_err(late)??;
    let stream = dial(&addresses, deadline).await?;
    // Small requests go out at once; a failure only costs latency.
    let _ = stream.set_nodelay(true);
    match destination.tls {
        None => Ok(Stream::Plain(stream)),
        Some(tls) => {
            timeout_at(deadline, shake_hands(destination, tls, trust, stream)).await.map_err(late)?
        }
    }
}

/// An address needs no resolver; a name is the system's to resolve, `/etc/hosts` included.
async fn resolve(destination: &Destination) -> Result<Vec<SocketAddr>, CallError> {
    if let Ok(address) = destination.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, destination.port)]);
    }
    let unresolved = || CallError::Unresolved(destination.host.clone());
    let found = lookup_host((&*destination.host, destination.port)).await.map_err(|_| unresolved())?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() { Err(unresolved()) } else { Ok(addresses) }
}

/// The addresses in the resolver's order. One that does not answer leaves time for the others.
async fn dial(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, CallError> {
    let mut failure = CallError::ConnectTimeout;
    for (left, address) in (1..=addresses.len()).rev().zip(addresses) {
        let now = Instant::now();
        let share = deadline.saturating_duration_since(now) / u32::try_from(left).unwrap_or(u32::MAX);
        failure = match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => CallError::ConnectTimeout,
            Ok(Err(error)) => CallError::Unreachable(error.kind()),
            Err(_) => CallError::ConnectTimeout,
        };
    }
    Err(failure)
}

async fn shake_hands(
    destination: &Destination,
    tls: Tls,
    trust: &Trust,
    stream: TcpStream,
) -> Result<Stream, CallError> {
    let config = trust.config(tls.ignores_validation_errors).map_err(CallError::TlsHandshake)?;
    let name = ServerName::try_from(destination.host.to_string());
    let name =
        name.map_err(|_| CallError::TlsHandshake("the host is no name that TLS can ask for".into()))?;
    let handshake = TlsConnector::from(config).connect(name, stream).await;
    let stream = handshake.map_err(|error| CallError::TlsHandshake(error.to_string()))?;
    Ok(Stream::Tls(Box::new(stream)))
}
