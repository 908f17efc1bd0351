//! TLS of a listener (RFC 8446, RFC 5246): one identity, which can be replaced while connections are open. Connections that
//! have begun keep the identity that they began with.

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// The identity of a listener. Clones share it.
#[derive(Clone)]
pub struct Tls(Arc<ArcSwap<ServerConfig>>);

/// Why a certificate and a key are no identity. The texts follow "the certificate" or "the key", and hold nothing of either.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Not one certificate in PEM.
    #[error("the certificate's file holds no certificate in PEM")]
    NoCertificate,
    /// Not one private key in PEM that can be read without a password.
    #[error("the key's file holds no private key in PEM; an encrypted one must be decrypted first")]
    NoKey,
    /// The key is not the certificate's.
    #[error("the key does not belong to the certificate")]
    KeyDiffers,
    /// What is wrong with either.
    #[error("the certificate and the key cannot be used: {0}")]
    Unusable(rustls::Error),
}

impl Tls {
    /// An identity out of a chain of certificates, the server's own first, and its private key, both in PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(ArcSwap::new(config(certificates, key)?))))
    }

    /// Takes another identity for connections to come. In an error the old one stays.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn replace(&self, certificates: &[u8], key: &[u8]) -> Result<(), TlsError> {
        self.0.store(config(certificates, key)?);
        Ok(())
    }

    /// What begins a connection now.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.load_full())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

fn config(certificates: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::KeyDiffers,
            error => TlsError::Unusable(error),
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Sessions are resumed from what the client keeps, so that their number costs no memory here.
    config.ticketer = Ticketer::new().map_err(TlsError::Unusable)?;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[track_caller]
    fn check(certificates: &str, key: &str, expected: &str) {
        let error = Tls::from_pem(certificates.as_bytes(), key.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("PRIVATE"), "{error}");
    }

    #[test]
    fn a_pair_is_an_identity_whatever_stands_around_it() {
        let (certificate, key) = pair();
        assert!(Tls::from_pem(certificate.as_bytes(), key.as_bytes()).is_ok());
        let both = format!("# a comment\n{key}{certificate}");
        assert!(Tls::from_pem(both.as_bytes(), both.as_bytes()).is_ok(), "both in one file");
    }

    #[test]
    fn what_is_no_pair_is_named() {
        let ((certificate, key), (_, other)) = (pair(), pair());
        check("", &key, "no certificate in PEM");
        check(&key, &key, "no certificate in PEM");
        check(&certificate, "", "no private key in PEM");
        check(&certificate, &certificate, "no private key in PEM");
        check(&certificate, &key.replace("PRIVATE", "ENCRYPTED PRIVATE"), "must be decrypted first");
        check(&certificate, &other, "does not belong to the certificate");
        check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key, "cannot be used");
        check("-----BEGIN CERTIFICATE-----\n!!\n", &key, "no certificate in PEM");
        check(
            &certificate,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "cannot be used",
        );
    }

    #[test]
    fn a_wrong_pair_does_not_replace_a_right_one() {
        let ((certificate, key), (next, next_key)) = (pair(), pair());
        let tls = Tls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
        let before = tls.0.load_full();
        assert!(tls.replace(next.as_bytes(), key.as_bytes()).is_err());
        assert!(Arc::ptr_eq(&before, &tls.0.load()));
        tls.replace(next.as_bytes(), next_key.as_bytes()).unwrap();
        assert!(!Arc::ptr_eq(&before, &tls.0.load()));
    }
}
