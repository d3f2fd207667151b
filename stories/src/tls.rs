//! A door of TLS before something that speaks none, with a certificate of its own making.

use anyhow::{Context as _, bail};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A certificate for 127.0.0.1 and its key, as files.
#[derive(Debug)]
pub struct Certificate {
    /// For those who are to believe it.
    pub file: PathBuf,
    key: PathBuf,
}

impl Certificate {
    /// Makes one in a folder.
    ///
    /// # Errors
    /// openssl is missing, or fails.
    pub fn new(dir: &Path) -> anyhow::Result<Certificate> {
        let made = Certificate { file: dir.join("certificate.pem"), key: dir.join("key.pem") };
        let out = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2", "-subj", "/CN=stories"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:TRUE"])
            .arg("-out")
            .arg(&made.file)
            .arg("-keyout")
            .arg(&made.key)
            .output()
            .context("openssl cannot be run")?;
        if !out.status.success() {
            bail!("openssl req: {}", String::from_utf8_lossy(&out.stderr));
        }
        Ok(made)
    }

    /// Opens the door; it closes with the runtime. Returns its address.
    ///
    /// # Errors
    /// The files, or the port.
    pub async fn before(&self, behind: SocketAddr) -> anyhow::Result<SocketAddr> {
        let chain = CertificateDer::pem_file_iter(&self.file)?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(&self.key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let acceptor = TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key)?));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut inside = TcpStream::connect(behind).await?;
                    let mut outside = acceptor.accept(client).await?;
                    copy_bidirectional(&mut outside, &mut inside).await
                });
            }
        });
        Ok(address)
    }
}
