//! Certificates and private keys of the listeners: read from files and read again when those change, or made for a session.

mod self_signed;

use crate::exit::{Failure, OrFailure as _};
use anyhow::Context as _;
use dormouse_server::{Listen, Shutdown, Tls};
use dormouse_store::private_file;
use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Where to listen, and whose identity to show.
#[derive(Clone)]
pub(crate) struct ListenPlan {
    /// The address.
    pub(crate) address: SocketAddr,
    /// The identity; none for plain HTTP.
    pub(crate) tls: Option<TlsPlan>,
}

/// Where an identity comes from.
#[derive(Clone)]
pub(crate) enum TlsPlan {
    /// From files.
    Files(TlsFiles),
    /// It is made at the start, and its certificate written to a file: this one, or a temporary one.
    SelfSigned(Option<PathBuf>),
}

/// A chain of certificates and a private key, in PEM.
#[derive(Clone)]
pub(crate) struct TlsFiles {
    /// The server's certificate, then those that it was issued under.
    pub(crate) certificate: PathBuf,
    /// The private key, which nobody else may read.
    pub(crate) key: PathBuf,
}

/// Identities that were taken from files.
#[derive(Default)]
pub(crate) struct TlsWatch(Vec<Watched>);

/// The file that a session's own certificate was written to. A temporary one goes with this value.
pub(crate) enum CertificateFile {
    Named(PathBuf),
    Temporary(tempfile::TempPath),
}

struct Watched {
    name: &'static str,
    files: TlsFiles,
    tls: Tls,
    /// What the files looked like when they were last read, and when they were last looked at.
    read: Stamps,
    seen: Stamps,
}

/// What tells one content of a file from another: inode, length, and times of change; for the certificate and the key.
type Stamps = [Option<(u64, u64, [i64; 4])>; 2];

impl ListenPlan {
    /// Plain HTTP on an address.
    pub(crate) const fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    /// Opens the identity. One out of files is watched from [`TlsWatch::start`] on; of a self-signed one, the file of its
    /// certificate is returned.
    pub(crate) fn open(
        &self,
        name: &'static str,
        watch: &mut TlsWatch,
    ) -> Result<(Listen, Option<CertificateFile>), Failure> {
        match &self.tls {
            None => Ok((Listen::plain(self.address), None)),
            Some(TlsPlan::Files(files)) => {
                let seen = files.stamps();
                let tls = files.read().and_then(|(certificate, key)| Ok(Tls::from_pem(&certificate, &key)?));
                let tls =
                    tls.with_context(|| format!("the {name} listener has no TLS identity")).or_refused()?;
                let watched = Watched { name, files: files.clone(), tls: tls.clone(), read: seen, seen };
                watch.0.push(watched);
                Ok((Listen { address: self.address, tls: Some(tls) }, None))
            }
            Some(TlsPlan::SelfSigned(path)) => {
                let (tls, file) = self_signed::make(self.address.ip(), path.as_deref())?;
                Ok((Listen { address: self.address, tls: Some(tls) }, Some(file)))
            }
        }
    }
}

impl TlsFiles {
    fn read(&self) -> anyhow::Result<(Vec<u8>, zeroize::Zeroizing<Vec<u8>>)> {
        let key = private_file::read_configured(&self.key)?;
        let mut certificate = Vec::new();
        let read = File::open(&self.certificate)
            .and_then(|file| file.take(CERTIFICATE_BYTES_MAX).read_to_end(&mut certificate));
        read.with_context(|| format!("cannot read {}", self.certificate.display()))?;
        Ok((certificate, key))
    }

    fn stamps(&self) -> Stamps {
        [stamp(&self.certificate), stamp(&self.key)]
    }
}

impl TlsWatch {
    /// Reads files again when they have changed or SIGHUP arrives, on a thread of its own until a shutdown is requested.
    /// What cannot be used is told to the log, and the identity stays as it is.
    pub(crate) fn start(self, shutdown: &Shutdown) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        let shutdown = shutdown.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().or_internal()?;
        let hangup = {
            let _entered = runtime.enter();
            signal(SignalKind::hangup()).or_internal()?
        };
        let watching = move || runtime.block_on(self.watch(hangup, &shutdown));
        std::thread::Builder::new().name("tls".to_owned()).spawn(watching).or_internal()?;
        Ok(())
    }

    async fn watch(mut self, mut hangup: Signal, shutdown: &Shutdown) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            let told = tokio::select! {
                _ = every.tick() => false,
                _ = hangup.recv() => true,
                () = shutdown.requested() => return,
            };
            for watched in &mut self.0 {
                watched.look(told);
            }
        }
    }
}

impl Watched {
    /// Reads the files when told to, or when they have changed and then stayed as they are: a pair is often replaced one
    /// file after the other.
    fn look(&mut self, told: bool) {
        let now = self.files.stamps();
        let has_settled = std::mem::replace(&mut self.seen, now) == now;
        if !told && (now == self.read || !has_settled) {
            return;
        }
        self.read = now;
        let name = self.name;
        let replaced =
            self.files.read().and_then(|(certificate, key)| Ok(self.tls.replace(&certificate, &key)?));
        match replaced {
            Ok(()) => {
                tracing::info!(
                    "the {name} listener has taken its certificate and key from their files again"
                );
            }
            Err(error) => {
                tracing::error!(
                    "the {name} listener keeps its certificate and key, since the new ones fail: {error:#}"
                );
            }
        }
    }
}

impl CertificateFile {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(path) => path,
        }
    }
}

fn stamp(path: &Path) -> Option<(u64, u64, [i64; 4])> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.ino(), file.len(), [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()]))
}

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Hundreds of certificates.
const CERTIFICATE_BYTES_MAX: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn write(files: &TlsFiles, certificate: &str, key: &str) {
        std::fs::write(&files.certificate, certificate).unwrap();
        std::fs::write(&files.key, key).unwrap();
        std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    /// Files with a pair in them, and what watches them.
    fn watched() -> (tempfile::TempDir, Watched) {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let files = TlsFiles { certificate: at("cert.pem"), key: at("key.pem") };
        let (certificate, key) = pair();
        write(&files, &certificate, &key);
        let address = "127.0.0.1:0".parse().unwrap();
        let mut watch = TlsWatch::default();
        let plan = ListenPlan { address, tls: Some(TlsPlan::Files(files)) };
        assert!(plan.open("oauth", &mut watch).unwrap().1.is_none());
        (directory, watch.0.pop().unwrap())
    }

    #[test]
    fn a_change_is_read_once_it_has_settled_and_once() {
        let (_directory, mut watched) = watched();
        let first = watched.read;
        watched.look(false);
        assert_eq!(watched.read, first, "nothing has changed");
        let (certificate, key) = pair();
        write(&watched.files, &certificate, &key);
        watched.look(false);
        assert_eq!(watched.read, first, "it may be in the middle of a change");
        watched.look(false);
        assert_ne!(watched.read, first);
        assert_eq!(watched.read, watched.seen);
    }

    #[test]
    fn a_signal_does_not_wait() {
        let (_directory, mut watched) = watched();
        let first = watched.read;
        let (certificate, key) = pair();
        write(&watched.files, &certificate, &key);
        watched.look(true);
        assert_ne!(watched.read, first);
    }

    #[test]
    fn what_fails_is_not_read_again_until_it_changes() {
        let (_directory, mut watched) = watched();
        std::fs::remove_file(&watched.files.key).unwrap();
        watched.look(false);
        watched.look(false);
        assert_eq!(watched.read[1], None);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let (_directory, watched) = watched();
        std::fs::set_permissions(&watched.files.key, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = watched.files.read().map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("chmod 0640"), "{error}");
    }
}
