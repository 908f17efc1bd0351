//! HTTPS listeners: certificates from files, which are read again when they change, and those that a session makes.

use crate::support::{Server, binary, files};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Writes a new pair and returns its certificate.
fn write_pair(directory: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    fs::write(directory.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(directory.join("tls.key"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(directory.join("tls.crt"), made.cert.pem()).unwrap();
    made.cert.pem()
}

/// What a client that trusts one certificate gets: the status and the body, or nothing when it does not trust the server.
fn get(url: &str, certificate: &str) -> Option<(u16, String)> {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(RootCerts::new_with_certs(&[Certificate::from_pem(certificate.as_bytes()).unwrap()]))
        .build();
    let config = ureq::Agent::config_builder().http_status_as_error(false).tls_config(tls).build();
    let mut response = ureq::Agent::from(config).get(url).call().ok()?;
    Some((response.status().as_u16(), response.body_mut().read_to_string().unwrap()))
}

fn serve(directory: &Path) -> Server {
    let entities = "entities = \"entities\"\ndata = \"state\"\n";
    let pair = "tls_certificate = \"tls.crt\"\ntls_key = \"tls.key\"\n";
    fs::write(directory.join("dormouse.toml"), format!("{entities}[oauth]\n{pair}[admin]\n{pair}")).unwrap();
    Server::spawn(binary().arg("serve").current_dir(directory))
}

#[test]
fn the_endpoints_and_administration_speak_tls_and_the_issuer_says_so() {
    let directory = files(include_str!("oauth.txt"));
    let certificate = write_pair(directory.path());
    let server = serve(directory.path());
    assert!(server.oauth.starts_with("https://") && server.admin.starts_with("https://"), "{}", server.oauth);
    let metadata = format!("{}/.well-known/oauth-authorization-server", server.oauth);
    let (status, body) = get(&metadata, &certificate).unwrap();
    assert_eq!(status, 200);
    assert!(body.contains(&format!(r#""issuer":"{}""#, server.oauth)), "{body}");
    let plain = server.oauth.replace("https://", "http://");
    assert!(get(&plain, &certificate).is_none(), "plain HTTP gets nothing from it");
    let audit = |more: &[&str]| {
        let token = directory.path().join("state/admin-token");
        binary()
            .args(["audit", "--admin", &server.admin, "--admin-token-file"])
            .arg(token)
            .args(more)
            .output()
            .unwrap()
    };
    let ca = directory.path().join("tls.crt").display().to_string();
    let trusted = audit(&["--ca", &ca]);
    assert!(trusted.status.success(), "{trusted:?}");
    assert_eq!(audit(&[]).status.code(), Some(1), "nobody else has signed it");
    assert_eq!(
        audit(&["--ca", &directory.path().join("tls.key").display().to_string()]).status.code(),
        Some(1)
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "files are looked at by the real clock")]
fn a_new_pair_is_taken_and_a_broken_one_is_not() {
    let directory = files(include_str!("oauth.txt"));
    let first = write_pair(directory.path());
    let server = serve(directory.path());
    let health = format!("{}/healthz", server.admin);
    assert_eq!(get(&health, &first).unwrap().0, 200);
    let second = write_pair(directory.path());
    let wait_for = |certificate: &str| {
        let began = Instant::now();
        while get(&health, certificate).is_none() {
            assert!(began.elapsed() < Duration::from_secs(20), "the new certificate is not taken");
        }
    };
    wait_for(&second);
    assert!(get(&health, &first).is_none(), "the old one is gone");
    fs::write(directory.path().join("tls.key"), "broken").unwrap();
    let third = write_pair(directory.path());
    wait_for(&third);
    fs::write(directory.path().join("tls.crt"), &first).unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        assert_eq!(
            get(&health, &third).map(|(status, _)| status),
            Some(200),
            "a broken pair changes nothing"
        );
    }
    let output = server.output();
    assert!(output.contains("the key does not belong to the certificate"), "{output}");
    assert!(!output.contains("PRIVATE"), "{output}");
}

#[test]
fn an_identity_that_cannot_be_used_is_no_start() {
    let directory = files(include_str!("oauth.txt"));
    write_pair(directory.path());
    let refused = |code: i32, toml: &str, says: &str| {
        fs::write(directory.path().join("dormouse.toml"), toml).unwrap();
        let output = binary().arg("serve").current_dir(directory.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(says), "{text}");
    };
    refused(2, "[oauth]\ntls_key = \"tls.key\"\n", "dormouse.toml:2:1: oauth.tls_key needs its certificate");
    refused(2, "[admin]\ntls_certificate = \"tls.crt\"\n", "dormouse.toml:2:1: admin.tls_certificate needs");
    let pair = "[oauth]\nlisten = \"127.0.0.1:0\"\ntls_certificate = \"tls.crt\"\ntls_key = \"tls.key\"\n";
    fs::set_permissions(directory.path().join("tls.key"), fs::Permissions::from_mode(0o644)).unwrap();
    refused(1, pair, "chmod 0640");
    fs::remove_file(directory.path().join("tls.key")).unwrap();
    refused(1, pair, "does not exist");
}

#[test]
fn a_session_makes_its_own_certificate() {
    let bundle = files(include_str!("shop.txt"));
    let path = bundle.path().join("own.pem");
    let shop = bundle.path().join("shop").display().to_string();
    let server = Server::start(&[&shop, &format!("--tls-self-signed={}", path.display())]);
    assert!(server.gateway.starts_with("https://"), "{}", server.gateway);
    let certificate = fs::read_to_string(&path).unwrap();
    assert_eq!(get(&format!("{}/shop/me", server.gateway), &certificate).unwrap().0, 401);
    let output = server.output();
    assert!(output.contains(&format!("--cacert '{}'", path.display())), "{output}");
}
