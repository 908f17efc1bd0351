//! Load from this process: some keep-alive connections, each of which sends its next request when the answer is there.

use crate::ambient::instant;
use crate::bare::Answer;
use crate::machine::cores;
use anyhow::Context as _;
use bytes::Bytes;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// What to load, and how much.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
}

/// What came of it.
pub(crate) struct Served {
    pub(crate) requests: usize,
    pub(crate) elapsed: Duration,
    /// How long each request took, sorted.
    pub(crate) latencies: Vec<Duration>,
}

impl Served {
    /// Requests a second.
    #[expect(clippy::cast_precision_loss, reason = "no run has 2^52 requests")]
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }
}

/// Gives a connection its next request, from its number and the body of its last answer.
pub(crate) type NextRequest = Rc<dyn Fn(usize, Option<&str>) -> anyhow::Result<Bytes>>;

/// Loads a server. Any answer but 200 is an error.
pub(crate) fn load(load: Load, next: &NextRequest) -> anyhow::Result<Served> {
    stay_on_the_last_processor();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let started = instant();
    let mut latencies = LocalSet::new().block_on(&runtime, async {
        let connections = (0..load.connections).map(|number| connection(load, number, Rc::clone(next)));
        let connections: Vec<_> = connections.map(tokio::task::spawn_local).collect();
        let mut latencies = Vec::new();
        for connection in connections {
            latencies.append(&mut connection.await??);
        }
        anyhow::Ok(latencies)
    })?;
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    Ok(Served { requests: latencies.len(), elapsed, latencies })
}

/// Sends one request and returns its answer.
pub(crate) fn ask(address: SocketAddr, request: &Bytes) -> anyhow::Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut stream = TcpStream::connect(address).await?;
        let mut buffer = Vec::new();
        let read = exchange(&mut stream, request, &mut buffer).await?;
        let head = std::str::from_utf8(buffer.get(..read.head).unwrap_or_default())?;
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        Ok(Answer {
            status: read.status,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: read.body(&buffer)?.to_owned(),
        })
    })
}

/// Returns how long each request took.
async fn connection(load: Load, number: usize, next: NextRequest) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(load.address).await?;
    stream.set_nodelay(true)?;
    let (mut buffer, mut latencies, begun) = (Vec::with_capacity(4096), Vec::new(), instant());
    let mut request = next(number, None)?;
    loop {
        let sent = instant();
        let read = exchange(&mut stream, &request, &mut buffer).await?;
        let body = read.body(&buffer)?;
        anyhow::ensure!(read.status == 200, "answered {}: {body}", read.status);
        latencies.push(sent.elapsed());
        if begun.elapsed() >= load.time {
            return Ok(latencies);
        }
        request = next(number, Some(body))?;
    }
}

/// Where the parts of an answer are in the buffer.
struct Read {
    status: u16,
    head: usize,
    end: usize,
}

impl Read {
    fn body<'a>(&self, buffer: &'a [u8]) -> anyhow::Result<&'a str> {
        let body = buffer.get(self.head + 4..self.end).unwrap_or_default();
        Ok(std::str::from_utf8(body)?)
    }
}

/// Sends a request and reads its answer, which must have a Content-Length.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> anyhow::Result<Read> {
    stream.write_all(request).await?;
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            anyhow::bail!("the server closed the connection: {}", String::from_utf8_lossy(buffer));
        }
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(buffer.get(..head).unwrap_or_default())?;
        let status = text.get(9..12).context("a status line")?.parse()?;
        let mut lengths = text.lines().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let length = lengths.next_back().context("an answer with Content-Length")?;
        let end = head + 4 + length;
        while buffer.len() < end {
            anyhow::ensure!(stream.read_buf(buffer).await? != 0, "the server closed the connection early");
        }
        return Ok(Read { status, head, end });
    }
}

fn stay_on_the_last_processor() {
    if let Some(last) = cores().checked_sub(1).filter(|last| *last > 0) {
        let mut set = rustix::thread::CpuSet::new();
        set.set(last);
        // Without it the figures are only noisier.
        let _ = rustix::thread::sched_setaffinity(None, &set);
    }
}
