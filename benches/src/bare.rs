//! The baseline of everything that is served: a bare hyper server that reads the body and answers the same bytes.

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use tokio::task::LocalSet;

/// What the bare server answers to every request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    fn response(&self) -> anyhow::Result<Response<Full<Bytes>>> {
        let mut response = Response::new(Full::new(Bytes::from(self.body.clone())));
        *response.status_mut() = http::StatusCode::from_u16(self.status)?;
        for (name, value) in &self.headers {
            // Hyper computes these, for the measured server as well.
            if !["content-length", "date", "connection"].contains(&name.to_ascii_lowercase().as_str()) {
                let name = HeaderName::from_bytes(name.as_bytes())?;
                response.headers_mut().append(name, HeaderValue::from_str(value)?);
            }
        }
        Ok(response)
    }
}

/// Serves the answer in a file on a free port, which it prints, until the process is killed.
pub(crate) fn serve(answer: &Path, workers: usize) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(answer).with_context(|| answer.display().to_string())?;
    let answer: Answer = serde_json::from_str(&text)?;
    let first = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..workers {
        listeners.push(listen(address)?);
    }
    writeln!(std::io::stderr(), "  bare          http://{address}")?;
    let workers: Vec<_> = listeners
        .into_iter()
        .map(|listener| {
            let response = answer.response();
            std::thread::spawn(move || worker(listener, response?))
        })
        .collect();
    for worker in workers {
        worker.join().map_err(|_| anyhow::anyhow!("a worker of the bare server failed"))??;
    }
    Ok(())
}

fn listen(address: SocketAddr) -> anyhow::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}

fn worker(listener: std::net::TcpListener, response: Response<Full<Bytes>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let response = Rc::new(response);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let response = Rc::clone(&response);
            let service = service_fn(move |request: Request<Incoming>| {
                let response = Rc::clone(&response);
                async move {
                    request.into_body().collect().await?;
                    Ok::<_, hyper::Error>(Response::clone(&response))
                }
            });
            tokio::task::spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}
