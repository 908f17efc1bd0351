//! The same binary as a child process, over real sockets.

use crate::client::{AdminClient, Trust};
use anyhow::{Context as _, anyhow, bail};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

/// A server that dies with this value.
pub(crate) struct Server {
    child: Child,
    /// `http://HOST:PORT/demo`
    pub(crate) proxy: String,
    pub(crate) admin: AdminClient,
}

impl Server {
    /// Starts a server on the bundle, entities and data of a directory and waits until it serves.
    pub(crate) fn start(directory: &Path) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("cannot find this program's own file")?;
        let mut child = Command::new(own)
            .arg("run")
            .arg(directory.join("apiproxy"))
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .arg("--entities")
            .arg(directory.join("entities"))
            .arg("--data")
            .arg(directory.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the server")?;
        let stderr = child.stderr.take().ok_or_else(|| anyhow!("the server has no standard error"))?;
        let mut lines = BufReader::new(stderr).lines();
        let (mut proxy, mut admin, mut said) = (None, None, String::new());
        while proxy.is_none() || admin.is_none() {
            let Some(line) = lines.next().transpose()? else {
                // Whatever it said is the reason.
                let _ = child.wait();
                bail!("the server did not start:\n{said}");
            };
            let url = line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
            match line.split_whitespace().next() {
                Some("demo") => proxy = url.or(proxy),
                Some("admin") => admin = url.or(admin),
                _ => {}
            }
            said.push_str(&line);
            said.push('\n');
        }
        // A full pipe would stop the server.
        thread::spawn(move || lines.for_each(drop));
        let token = directory.join("data").join("admin-token");
        let admin = AdminClient::new(&admin.unwrap_or_default(), Some(&token), &Trust::default())
            .map_err(|_| anyhow!("no admin address"))?;
        admin.text("/readyz").context("the server is not ready")?;
        Ok(Self { child, proxy: proxy.unwrap_or_default(), admin })
    }

    /// Ends it as a power cut ends a process: no signal handler runs.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().context("cannot kill the server")?;
        self.child.wait().context("cannot wait for the server")?;
        Ok(())
    }

    /// The value of a metric, by its name and labels as they stand in the exposition.
    pub(crate) fn metric(&self, name: &str) -> anyhow::Result<u64> {
        let exposition = self.admin.text("/metrics")?;
        let value = exposition.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).ok_or_else(|| anyhow!("the server has no metric {name}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
