//! TLS: certificates that are not trusted, and bundles that accept any.

use dormouse_flow::{CallError, CallLimits, Destination, HttpClient, Message, OutgoingCall, Tls};
use dormouse_net::Client;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server with a certificate of its own making; its port.
async fn server() -> u16 {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.expect("a request") > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret").await.expect("a client");
            stream.flush().await.expect("a client");
        }
    });
    port
}

async fn call(client: &Client, port: u16, ignores_validation_errors: bool) -> Result<Message, CallError> {
    let tls = Some(Tls { ignores_validation_errors });
    let destination = Destination { host: "localhost".into(), port, tls };
    let request = Message::request("GET", "/");
    let limits = CallLimits::default();
    client.send(OutgoingCall { request, destination, limits, streams_response: false }).await
}

#[test]
fn a_certificate_must_be_trusted_unless_any_is_accepted() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, port) = (Client::default(), server().await);
        let refused = call(&client, port, false).await.err().expect("nobody vouches for it");
        assert!(matches!(refused, CallError::TlsHandshake(_)), "{refused}");
        let accepted = call(&client, port, true).await.expect("an answer");
        assert_eq!((accepted.status(), &**accepted.body()), (Some(200), b"secret".as_slice()));
        // A connection whose server was not checked must not serve a call that wants it checked.
        assert!(call(&client, port, false).await.is_err());
    });
}
