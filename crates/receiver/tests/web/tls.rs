use std::path::PathBuf;
use std::sync::Arc;

use onair_receiver::tls::{Authority, machine_names};
use onair_receiver::{RegistryConfig, StreamRegistry, Web, WebServer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::client::within;

fn dir() -> PathBuf {
    std::env::temp_dir().join(format!("onair-web-tls-{}", std::process::id()))
}

fn trusting(certificate: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn who_trusts_the_authority_reads_the_page_under_each_of_the_machines_names() {
    let authority = Authority::open(&dir()).unwrap();
    let names = machine_names();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = WebServer::new(listener, Some(authority.server(&names).unwrap()));
    let address = server.local_addr().unwrap();
    let web =
        Web::new(StreamRegistry::new(RegistryConfig::default())).authority(authority.certificate());
    tokio::spawn(server.run(web));

    let connector = trusting(authority.certificate());
    for name in names {
        let stream = TcpStream::connect(address).await.unwrap();
        let server_name = ServerName::try_from(name.clone()).unwrap();
        let mut stream = within(connector.connect(server_name, stream))
            .await
            .expect(&name);
        // The certificate identifies the server; a proxy's name for it does not matter.
        let request = b"GET /ca.crt HTTP/1.1\r\nHost: proxy.example\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let _ = within(stream.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.ends_with(authority.certificate()),
            "the phone can have the authority"
        );
        assert!(!answer.contains("PRIVATE"));
    }
    let stream = TcpStream::connect(address).await.unwrap();
    let other = ServerName::try_from("other.example").unwrap();
    assert!(
        within(connector.connect(other, stream)).await.is_err(),
        "no other name is claimed"
    );
    std::fs::remove_dir_all(dir()).unwrap();
}
