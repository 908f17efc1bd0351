//! A server in a process of its own, on processors of its own where the machine has enough of them.

use crate::ambient::{instant, pause};
use crate::bare::Answer;
use crate::machine::cores;
use anyhow::Context as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server. It is killed when the value is dropped.
pub(crate) struct Server {
    child: Child,
    /// Addresses by the first word of the line that announces them.
    addresses: Vec<(String, SocketAddr)>,
    /// From the start of the process until it said that it serves.
    pub(crate) start: Duration,
}

impl Server {
    /// Starts `dormouse serve` with arguments, on free ports.
    pub(crate) fn dormouse(binary: &Path, arguments: &[&str], workers: usize) -> anyhow::Result<Self> {
        let mut command = pinned(binary, workers);
        command.args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.args(["--workers", &workers.to_string()]).args(arguments);
        Self::spawn(command, "admin")
    }

    /// Starts the bare server with an answer.
    pub(crate) fn bare(answer: &Answer, scratch: &Path, workers: usize) -> anyhow::Result<Self> {
        let file = scratch.join("answer.json");
        fs::write(&file, serde_json::to_vec(answer)?)?;
        let mut command = pinned(&std::env::current_exe()?, workers);
        command.arg("--bare").arg(&file).args(["--workers", &workers.to_string()]);
        Self::spawn(command, "bare")
    }

    /// Waits for the line that announces `last`.
    fn spawn(mut command: Command, last: &str) -> anyhow::Result<Self> {
        let started = instant();
        let mut child = command
            .env("DORMOUSE_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?} does not start"))?;
        let errors = child.stderr.take().context("standard error is a pipe")?;
        let mut server = Self { child, addresses: Vec::new(), start: Duration::ZERO };
        let mut lines = BufReader::new(errors).lines();
        let mut said = String::new();
        while !server.addresses.iter().any(|(name, _)| name == last) {
            let line = lines.next().with_context(|| format!("the server ended:\n{said}"))??;
            said.push_str(&line);
            said.push('\n');
            server.addresses.extend(announced(&line));
        }
        server.start = started.elapsed();
        // A pipe that nobody reads would stop the server.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(server)
    }

    /// Where a listener is.
    pub(crate) fn address(&self, name: &str) -> anyhow::Result<SocketAddr> {
        let found = self.addresses.iter().find(|(own, _)| own == name);
        Ok(found.with_context(|| format!("the server announced no {name}"))?.1)
    }

    /// Processor time that the process has used.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold blanks; user and system time are the 14th and 15th field of all.
        let (_, fields) = stat.rsplit_once(") ").context("a line of /proc/PID/stat")?;
        let ticks: u64 =
            fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Waits until the process has used no processor time for a moment: what it does at a start is done.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        let begun: Instant = instant();
        let mut before = self.cpu_time()?;
        while begun.elapsed() < SETTLED_AT_LATEST {
            pause(Duration::from_millis(500));
            let now = self.cpu_time()?;
            if now.saturating_sub(before) < Duration::from_millis(20) {
                return Ok(());
            }
            before = now;
        }
        anyhow::bail!("the server does not come to rest")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command on the first processors, as many as it has workers, if one is left for the load.
fn pinned(binary: &Path, workers: usize) -> Command {
    if workers >= cores() {
        return Command::new(binary);
    }
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &format!("0-{}", workers - 1)]).arg(binary);
    command
}

/// `  NAME   http://ADDRESS…`
fn announced(line: &str) -> Option<(String, SocketAddr)> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let address = words.next()?.strip_prefix("http://")?.split('/').next()?;
    Some((name.to_owned(), address.parse().ok()?))
}

/// `USER_HZ`, the unit of /proc, is 100 on every Linux architecture of today.
const TICKS_PER_SECOND: u64 = 100;
const SETTLED_AT_LATEST: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements() {
        let address = |text: &str| text.parse().unwrap();
        assert_eq!(
            announced("  oauth         http://127.0.0.1:81  (issuer http://x)"),
            Some(("oauth".to_owned(), address("127.0.0.1:81")))
        );
        assert_eq!(
            announced("  orders        http://127.0.0.1:82/orders"),
            Some(("orders".to_owned(), address("127.0.0.1:82")))
        );
        assert_eq!(announced("dormouse 0.1.0 serves"), None);
    }
}
