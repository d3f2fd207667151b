//! A Git LFS server: asked over ssh who it is and what it takes to be let in, then over https for objects.
//!
//! `git-lfs-authenticate` and the batch API are those of the Git LFS specification (docs/api/server-discovery.md and
//! docs/api/batch.md there), with its basic transfer.

use super::pointer::Object;
use crate::source::git::ssh;
use crate::source::mirror::Key;
use crate::source::words;
use dockercise_pipeline::wire::Source;
use futures_util::StreamExt as _;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use tempfile::NamedTempFile;

const MEDIA: &str = "application/vnd.git-lfs+json";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// So long nothing may come.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest answer that is not an object, in bytes.
const LONGEST: usize = 4 << 20;
const MOST_REDIRECTS: usize = 5;
/// Objects asked for at once.
pub const BATCH: usize = 100;

/// A server that lets us in.
pub struct Server {
    http: Client,
    way: Way,
}

/// An address, and what is to be said there.
#[derive(Deserialize)]
struct Way {
    href: String,
    #[serde(default)]
    header: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Ask<'a> {
    operation: &'a str,
    transfers: [&'a str; 1],
    objects: &'a [Object],
}

#[derive(Deserialize)]
struct Answer {
    objects: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    oid: String,
    #[serde(default)]
    actions: Actions,
    error: Option<Missing>,
}

#[derive(Deserialize, Default)]
struct Actions {
    download: Option<Way>,
}

#[derive(Deserialize)]
struct Missing {
    message: String,
}

/// Why something is not to be had.
#[derive(Debug)]
pub struct Failed {
    /// In words.
    pub words: String,
    /// Only the way there failed, or the server for a moment: it may be asked again.
    pub passing: bool,
}

impl From<String> for Failed {
    fn from(words: String) -> Failed {
        Failed { words, passing: false }
    }
}

impl Server {
    /// Asks the repository's server over ssh, with its key.
    ///
    /// # Errors
    /// In words: there is no such server, or it refuses.
    pub async fn of(source: &Source, tmp: &Path) -> Result<Server, String> {
        let key = Key::write(source, tmp)?;
        let said = ssh(key.path(), &source.url, "git-lfs-authenticate", "download").await?;
        let way: Way = serde_json::from_str(&said).map_err(|_| "the server does not say where its Git LFS is".to_owned())?;
        // One provider for the process; whoever was first is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = Client::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).redirect(Policy::custom(|attempt| {
            if attempt.previous().len() > MOST_REDIRECTS || !is_safe(attempt.url()) { attempt.stop() } else { attempt.follow() }
        }));
        if address(&way)?.scheme() == "http" {
            // This very machine is never behind a proxy.
            http = http.no_proxy();
        }
        Ok(Server { http: http.build().map_err(|e| e.to_string())?, way })
    }

    /// Fetches objects, at most [`BATCH`] of them, and hands over each as a file whose content is what it should be.
    ///
    /// # Errors
    /// In words, with what the server says.
    pub async fn fetch(
        &self,
        objects: &[Object],
        tmp: &Path,
        mut take: impl FnMut(&Object, NamedTempFile) -> Result<(), String>,
    ) -> Result<(), Failed> {
        let batch = Way { href: format!("{}/objects/batch", self.way.href.trim_end_matches('/')), header: self.way.header.clone() };
        let ask = serde_json::to_vec(&Ask { operation: "download", transfers: ["basic"], objects }).map_err(|e| e.to_string())?;
        let request = self.http.post(address(&batch)?).header(ACCEPT, MEDIA).header(CONTENT_TYPE, MEDIA).body(ask);
        let answer: Answer = serde_json::from_slice(&whole(sent(with(request, &batch)).await?).await?)
            .map_err(|e| format!("the Git LFS server is not understood: {e}"))?;
        for object in objects {
            let found = answer.objects.iter().find(|found| found.oid == object.oid);
            let way = match found {
                Some(Found { error: Some(error), .. }) => Err(error.message.escape_debug().to_string().into()),
                Some(Found { actions: Actions { download: Some(way) }, .. }) => Ok(way),
                _ => Err("the Git LFS server has no such file".to_owned().into()),
            };
            let file = match way {
                Ok(way) => self.download(object, way, tmp).await,
                Err(failed) => Err(failed),
            };
            take(object, file.map_err(|failed: Failed| Failed { words: format!("{}: {}", object.oid, failed.words), ..failed })?)?;
        }
        Ok(())
    }

    async fn download(&self, object: &Object, way: &Way, tmp: &Path) -> Result<NamedTempFile, Failed> {
        let mut file = tempfile::Builder::new().prefix("lfs-").tempfile_in(tmp).map_err(|e| words::disk(tmp, &e))?;
        let mut content = sent(with(self.http.get(address(way)?), way)).await?.bytes_stream();
        let (mut sum, mut length) = (Sha256::new(), 0);
        while let Some(piece) = content.next().await {
            let piece = piece.map_err(|e| said(&e.without_url()))?;
            length += piece.len() as u64;
            if length > object.size {
                break;
            }
            sum.update(&piece);
            file.write_all(&piece).map_err(|e| words::disk(tmp, &e))?;
        }
        let sum: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if length == object.size && sum == object.oid { Ok(file) } else { Err("what came is not that file".to_owned().into()) }
    }
}

/// May this be asked? Tokens and files do not cross a network in the open.
fn is_safe(url: &Url) -> bool {
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

fn address(way: &Way) -> Result<Url, String> {
    let url = Url::parse(&way.href).ok().filter(is_safe);
    url.ok_or_else(|| "the Git LFS server names an address that is not https".to_owned())
}

fn with(request: RequestBuilder, way: &Way) -> RequestBuilder {
    way.header.iter().fold(request, |request, (name, value)| request.header(name, value))
}

async fn sent(request: RequestBuilder) -> Result<Response, Failed> {
    let response = request.send().await.map_err(|e| said(&e.without_url()))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    Err(Failed { words: format!("the Git LFS server answers {status}"), passing })
}

/// An error with its causes, without the address, which may hold a token.
fn said(error: &reqwest::Error) -> Failed {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    Failed { words: format!("the Git LFS server cannot be reached: {words}"), passing: !error.is_builder() && !error.is_redirect() }
}

async fn whole(response: Response) -> Result<Vec<u8>, Failed> {
    let (mut bytes, mut stream) = (Vec::new(), response.bytes_stream());
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.map_err(|e| said(&e.without_url()))?);
        if bytes.len() > LONGEST {
            return Err("the Git LFS server's answer is too long".to_owned().into());
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn nothing_is_fetched_in_the_open_but_from_this_machine() {
        for good in ["https://lfs.example.org/x", "http://127.0.0.1:8080/x", "http://[::1]/x"] {
            assert!(is_safe(&Url::parse(good).unwrap()), "{good}");
        }
        for bad in ["http://lfs.example.org/x", "http://127.0.0.1.example.org/", "file:///etc/passwd", "ftp://127.0.0.1/"] {
            assert!(!is_safe(&Url::parse(bad).unwrap()), "{bad}");
        }
    }
}
