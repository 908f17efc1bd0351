//! Workers: threads with a current-thread runtime and a listening socket each, on one address.

use crate::shutdown::Shutdown;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

/// Limits of a listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// Bytes of a request head.
    pub(crate) head_bytes: usize,
    /// Time for a request head.
    pub(crate) head_time: Duration,
    /// Time that open requests have to finish once a shutdown was requested.
    pub(crate) drain_time: Duration,
    /// Connections per worker; more wait in the backlog.
    pub(crate) connections: usize,
}

/// Binds a socket that shares its address with the other workers.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Serves connections on this thread until a shutdown was requested and the open requests are done.
pub(crate) fn serve<F, R>(
    listener: std::net::TcpListener,
    limits: ConnectionLimits,
    shutdown: &Shutdown,
    handle: F,
) -> io::Result<()>
where
    F: Fn(Request<Incoming>, SocketAddr) -> R + 'static,
    R: Future<Output = Response<Full<bytes::Bytes>>> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, accept(listener, limits, shutdown, Rc::new(handle)))
}

async fn accept<F, R>(
    listener: std::net::TcpListener,
    limits: ConnectionLimits,
    shutdown: &Shutdown,
    handle: Rc<F>,
) -> io::Result<()>
where
    F: Fn(Request<Incoming>, SocketAddr) -> R + 'static,
    R: Future<Output = Response<Full<bytes::Bytes>>> + 'static,
{
    let listener = TcpListener::from_std(listener)?;
    let graceful = GracefulShutdown::new();
    let open = Arc::new(tokio::sync::Semaphore::new(limits.connections));
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
        let (stream, peer) = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end rather than spin.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Small answers go out at once; a failure only costs latency.
        let _ = stream.set_nodelay(true);
        let handle = Rc::clone(&handle);
        let service = service_fn(move |request| {
            let response = handle(request, peer);
            async move { Ok::<_, std::convert::Infallible>(response.await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(limits.head_bytes)
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::task::spawn_local(async move {
            // Errors of connections are the clients' business: broken heads are answered, broken pipes cannot be.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits.drain_time, graceful.shutdown()).await;
    Ok(())
}

/// Connections that the kernel holds for a busy worker.
const BACKLOG: i32 = 1024;

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
