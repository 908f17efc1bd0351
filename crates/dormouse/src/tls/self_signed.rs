//! A certificate that the server signs itself, for one session on a developer's machine. Its private key never leaves the
//! process.

use crate::exit::{Failure, OrFailure as _};
use crate::process::SystemClock;
use crate::tls::CertificateFile;
use anyhow::{Context as _, anyhow};
use dormouse_server::Tls;
use dormouse_token::Clock as _;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;
use zeroize::Zeroizing;

/// An identity for this machine and the address that is listened on. Its certificate is written to a file, since a client
/// has to be told to trust it.
pub(super) fn make(address: IpAddr, path: Option<&Path>) -> Result<(Tls, CertificateFile), Failure> {
    let (certificate, key) = generate(address).context("cannot make a certificate").or_internal()?;
    let tls = Tls::from_pem(certificate.as_bytes(), key.as_bytes()).or_internal()?;
    let file = write(&certificate, path).or_refused()?;
    Ok((tls, file))
}

fn generate(address: IpAddr) -> anyhow::Result<(String, Zeroizing<String>)> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let own = rustix::system::uname();
    names.extend(own.nodename().to_str().ok().filter(|name| is_host_name(name)).map(str::to_owned));
    names
        .extend(Some(address).filter(|address| !address.is_unspecified()).map(|address| address.to_string()));
    names.sort();
    names.dedup();
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "Dormouse, self-signed");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let (yesterday, end) = (day(-1)?, day(DAYS)?);
    parameters.not_before = date_time_ymd(yesterday.0, yesterday.1, yesterday.2);
    parameters.not_after = date_time_ymd(end.0, end.1, end.2);
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    Ok((certificate.pem(), Zeroizing::new(key.serialize_pem())))
}

/// Year, month and day so many days from now.
fn day(days: i64) -> anyhow::Result<(i32, u8, u8)> {
    let seconds = i64::try_from(SystemClock::new().now().as_ms() / 1000)? + days * 86_400;
    let date = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::from_second(seconds)?).date();
    Ok((date.year().into(), u8::try_from(date.month())?, u8::try_from(date.day())?))
}

fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.split('.').all(is_label)
}

fn write(certificate: &str, path: Option<&Path>) -> anyhow::Result<CertificateFile> {
    let Some(path) = path else {
        let mut file = tempfile::Builder::new().prefix("dormouse-").suffix(".pem").tempfile()?;
        file.write_all(certificate.as_bytes())?;
        return Ok(CertificateFile::Temporary(file.into_temp_path()));
    };
    std::fs::write(path, certificate).map_err(|error| anyhow!("cannot write {}: {error}", path.display()))?;
    Ok(CertificateFile::Named(path.to_owned()))
}

/// Browsers refuse certificates that live much longer.
const DAYS: i64 = 365;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_is_written_and_the_key_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("own.pem");
        let (_, file) = make("192.0.2.1".parse().unwrap(), Some(&path)).unwrap();
        assert_eq!(file.path(), path);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("BEGIN CERTIFICATE") && !text.contains("PRIVATE"), "{text}");
    }

    #[test]
    fn without_a_name_the_file_goes_with_the_session() {
        let (_, file) = make("0.0.0.0".parse().unwrap(), None).unwrap();
        let path = file.path().to_owned();
        assert!(path.exists());
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn host_names_are_told_from_other_texts() {
        assert!(is_host_name("build-7.example"));
        assert!(!is_host_name("") && !is_host_name("a_b") && !is_host_name("a..b"));
    }
}
