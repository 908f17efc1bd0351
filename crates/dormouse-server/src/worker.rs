//! Workers: threads with a current-thread runtime and a listening socket each, on one address. Every listener is served by
//! this code, with the same limits on time and connections.

use crate::listener::Listener;
use crate::shutdown::Shutdown;
use crate::tls::Tls;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

/// Limits of a listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// Bytes of a request head.
    pub(crate) head_bytes: usize,
    /// Time for a request head.
    pub(crate) head_time: Duration,
    /// Time for a TLS handshake.
    pub(crate) handshake_time: Duration,
    /// Time that open requests have to finish once a shutdown was requested.
    pub(crate) drain_time: Duration,
    /// Connections per worker; more wait in the backlog.
    pub(crate) connections: usize,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Its address.
    pub(crate) address: SocketAddr,
    /// Whether it speaks TLS.
    pub(crate) is_secure: bool,
}

/// What every connection of a worker is served with.
struct Connections<F> {
    tls: Option<Tls>,
    limits: ConnectionLimits,
    handle: F,
}

/// Serves connections on this thread until a shutdown was requested and the open requests are done.
pub(crate) fn serve<F, R, B>(
    listener: Listener,
    limits: ConnectionLimits,
    shutdown: &Shutdown,
    handle: F,
) -> io::Result<()>
where
    F: Fn(Request<Incoming>, Peer) -> R + 'static,
    R: Future<Output = Response<B>> + 'static,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let connections = Rc::new(Connections { tls: listener.tls, limits, handle });
    LocalSet::new().block_on(&runtime, accept(listener.socket, connections, shutdown))
}

async fn accept<F, R, B>(
    socket: std::net::TcpListener,
    connections: Rc<Connections<F>>,
    shutdown: &Shutdown,
) -> io::Result<()>
where
    F: Fn(Request<Incoming>, Peer) -> R + 'static,
    R: Future<Output = Response<B>> + 'static,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let listener = TcpListener::from_std(socket)?;
    let limits = connections.limits;
    let graceful = GracefulShutdown::new();
    let open = Arc::new(Semaphore::new(limits.connections));
    let stop = shutdown.requested();
    tokio::pin!(stop);
    loop {
        let next = async {
            let permit = Arc::clone(&open).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let (stream, address) = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end rather than spin.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (connections, watcher) = (Rc::clone(&connections), graceful.watcher());
        tokio::task::spawn_local(async move {
            begin(connections, stream, address, watcher).await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits.drain_time, graceful.shutdown()).await;
    Ok(())
}

/// Shakes hands where the listener speaks TLS, then serves requests. A peer that does not get so far has closed, is too
/// slow, or speaks something else: nothing of ours is wrong.
async fn begin<F, R, B>(
    connections: Rc<Connections<F>>,
    stream: TcpStream,
    address: SocketAddr,
    watcher: Watcher,
) where
    F: Fn(Request<Incoming>, Peer) -> R + 'static,
    R: Future<Output = Response<B>> + 'static,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    // Small answers go out at once; a failure only costs latency.
    let _ = stream.set_nodelay(true);
    let Some(tls) = &connections.tls else {
        return requests(connections, stream, Peer { address, is_secure: false }, watcher).await;
    };
    let handshake = tls.acceptor().accept(stream);
    match tokio::time::timeout(connections.limits.handshake_time, handshake).await {
        Ok(Ok(stream)) => requests(connections, stream, Peer { address, is_secure: true }, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn requests<S, F, R, B>(connections: Rc<Connections<F>>, stream: S, peer: Peer, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    F: Fn(Request<Incoming>, Peer) -> R + 'static,
    R: Future<Output = Response<B>> + 'static,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let limits = connections.limits;
    let service = service_fn(move |request| {
        let response = (connections.handle)(request, peer);
        async move { Ok::<_, Infallible>(response.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head_bytes)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    // Errors of connections are the clients' business: broken heads are answered, broken pipes cannot be.
    let _ = watcher.watch(connection).await;
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
