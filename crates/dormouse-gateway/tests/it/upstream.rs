//! Servers that tests send requests to: each connection gets the answers of a script, and what arrived is kept.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A server on a free port of this machine. It ends with its runtime.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    /// Requests as they came, head and body.
    pub(crate) received: Arc<Mutex<Vec<String>>>,
    /// How many connections there were.
    pub(crate) connections: Arc<Mutex<usize>>,
}

/// What a server does when a request came.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Sends these bytes and waits for the next request.
    Keep(String),
    /// Sends these bytes and closes the connection.
    Close(String),
    /// Says nothing.
    Silence,
}

impl Upstream {
    /// A server whose connections give the answers in order, the last one again and again.
    pub(crate) async fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let upstream = Self {
            address: listener.local_addr().expect("an address"),
            received: Arc::default(),
            connections: Arc::default(),
        };
        let (received, connections) = (Arc::clone(&upstream.received), Arc::clone(&upstream.connections));
        let answers = answers.to_vec();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().expect("a lock") += 1;
                tokio::spawn(converse(stream, answers.clone(), Arc::clone(&received)));
            }
        });
        upstream
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().expect("a lock").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("a lock")
    }
}

async fn converse(mut stream: TcpStream, answers: Vec<Answer>, received: Arc<Mutex<Vec<String>>>) {
    let mut next = 0;
    while let Some(request) = read_request(&mut stream).await {
        received.lock().expect("a lock").push(request);
        let Some(answer) = answers.get(next).or(answers.last()) else { return };
        next += 1;
        match answer {
            Answer::Keep(bytes) => stream.write_all(bytes.as_bytes()).await.expect("a client"),
            Answer::Close(bytes) => {
                stream.write_all(bytes.as_bytes()).await.expect("a client");
                return;
            }
            Answer::Silence => std::future::pending().await,
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let size = stream.read(&mut buffer).await.ok().filter(|size| *size > 0)?;
        text.push_str(&String::from_utf8_lossy(buffer.get(..size)?));
    }
}

/// A whole response with a length.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}
