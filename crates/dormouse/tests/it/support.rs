//! A server of the binary under test, and clients that talk to it as anybody would.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// The binary under test.
pub(crate) fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_dormouse"))
}

/// A running server. It is killed when the value is dropped.
pub(crate) struct Server {
    child: Child,
    /// `http://HOST:PORT` of the gateway; empty when there is none.
    pub(crate) gateway: String,
    /// `http://HOST:PORT` of the native OAuth endpoints; empty when there are none.
    pub(crate) oauth: String,
    /// `http://HOST:PORT` of the admin listener.
    pub(crate) admin: String,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts `dormouse run` with arguments, on free ports, and waits until it serves.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(binary().arg("run").args(arguments))
    }

    /// Starts `dormouse serve` likewise.
    pub(crate) fn serve(arguments: &[&str]) -> Self {
        Self::spawn(binary().arg("serve").args(arguments))
    }

    /// Starts a command on free ports and waits until it serves.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .env("DORMOUSE_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = Arc::new(Mutex::new(String::new()));
        let stdout = drain(child.stdout.take().unwrap(), Arc::clone(&output));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut gateway, mut oauth, mut admin) = (None, None, None);
        while admin.is_none() {
            let Some(Ok(line)) = lines.next() else {
                panic!("the server did not start:\n{}", output.lock().unwrap());
            };
            let origin = line
                .split_whitespace()
                .find_map(|word| word.split_once("://").filter(|(scheme, _)| scheme.starts_with("http")))
                .map(|(scheme, rest)| format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()));
            if line.trim_start().starts_with("admin ") {
                admin = origin;
            } else if line.trim_start().starts_with("oauth ") {
                oauth = origin;
            } else if gateway.is_none() && line.starts_with("  ") {
                gateway = origin;
            }
            append(&output, &line);
        }
        let rest = Arc::clone(&output);
        let stderr =
            std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| append(&rest, &line)));
        Self {
            child,
            gateway: gateway.unwrap_or_default(),
            oauth: oauth.unwrap_or_default(),
            admin: admin.unwrap(),
            output,
            readers: vec![stdout, stderr],
        }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, then the exit status.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// Everything that it has printed, once it has ended.
    pub(crate) fn output(mut self) -> String {
        self.kill();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let output = self.output.lock().unwrap();
        output.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn append(output: &Mutex<String>, line: &str) {
    let mut output = output.lock().unwrap();
    output.push_str(line);
    output.push('\n');
}

fn drain(stream: impl std::io::Read + Send + 'static, output: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        BufReader::new(stream).lines().map_while(Result::ok).for_each(|line| append(&output, &line));
    })
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// A member of a JSON answer, as text.
    #[track_caller]
    pub(crate) fn text(&self, member: &str) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"));
        json[member].as_str().unwrap_or_else(|| panic!("no {member}: {self:?}")).to_owned()
    }
}

/// An HTTP client.
pub(crate) struct Caller(ureq::Agent);

impl Caller {
    pub(crate) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Self(config.into())
    }

    pub(crate) fn post(&self, url: &str, form: &[(&str, &str)]) -> Answer {
        self.try_post(url, form).unwrap()
    }

    /// Fails where the connection does, as when the server is killed.
    pub(crate) fn try_post(&self, url: &str, form: &[(&str, &str)]) -> Result<Answer, ureq::Error> {
        let mut response = self.0.post(url).send_form(form.iter().copied())?;
        Ok(Answer { status: response.status().as_u16(), body: response.body_mut().read_to_string()? })
    }

    pub(crate) fn get(&self, url: &str, bearer: Option<&str>) -> Answer {
        let mut request = self.0.get(url);
        if let Some(token) = bearer {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().unwrap();
        Answer { status: response.status().as_u16(), body: response.body_mut().read_to_string().unwrap() }
    }
}

/// Writes files separated by `//- name` lines into a new temporary directory.
pub(crate) fn files(text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for part in text.split("//- ").skip(1) {
        let (name, content) = part.split_once('\n').unwrap();
        let path: PathBuf = directory.path().join(name.trim());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    directory
}

/// The bundle and the entities that most tests use: password grant, codes, refresh, revocation, edits, verification.
pub(crate) fn shop() -> tempfile::TempDir {
    files(SHOP)
}

/// Arguments that serve [`shop`].
pub(crate) fn shop_arguments(directory: &Path) -> Vec<String> {
    let at = |name: &str| directory.join(name).display().to_string();
    vec![at("shop"), "--entities".to_owned(), at("entities")]
}

/// Client credentials of [`shop`], by rotation policy.
pub(crate) fn client(policy: &str) -> [(&'static str, &str); 2] {
    [("client_id", policy), ("client_secret", "shop-secret-0123456789")]
}

const SHOP: &str = include_str!("shop.txt");

/// Reads a whole stream, for raw sockets.
pub(crate) fn read_all(stream: &mut std::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
