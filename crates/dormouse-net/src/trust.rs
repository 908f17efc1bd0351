//! Whom TLS connections trust: the system's authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` (RFC 9325).

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::{Arc, OnceLock};

/// TLS configurations, made when the first connection needs them: reading the system's authorities takes a while.
#[derive(Default)]
pub(crate) struct Trust {
    checked: OnceLock<Result<Arc<ClientConfig>, String>>,
    unchecked: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Trust {
    /// The configuration that verifies certificates, or the one that does not.
    pub(crate) fn config(&self, ignores_validation_errors: bool) -> Result<Arc<ClientConfig>, String> {
        if ignores_validation_errors {
            self.unchecked.get_or_init(unchecked).clone()
        } else {
            self.checked.get_or_init(checked).clone()
        }
    }
}

fn checked() -> Result<Arc<ClientConfig>, String> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate authority cannot be read and is not trusted");
    }
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(added, ignored, "certificate authorities of the system");
    let builder = builder()?.with_root_certificates(roots);
    Ok(with_http1(builder.with_no_client_auth()))
}

fn unchecked() -> Result<Arc<ClientConfig>, String> {
    let verifier = Arc::new(AnyCertificate(provider()));
    let builder = builder()?.dangerous().with_custom_certificate_verifier(verifier);
    Ok(with_http1(builder.with_no_client_auth()))
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, String> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn with_http1(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Accepts any certificate, but still checks that the server holds its key (`IgnoreValidationErrors`).
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
