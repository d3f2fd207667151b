//! Git LFS as far as downloading goes: let in over ssh, the batch API, and the objects themselves.

use crate::github::GitHub;
use crate::start::Standin;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// What there is of it.
#[derive(Default)]
pub(crate) struct Lfs {
    /// By repository and sum.
    objects: HashMap<(u64, String), Vec<u8>>,
    /// Which repository each opens.
    tokens: HashMap<String, u64>,
    downloads: usize,
}

#[derive(Deserialize)]
pub(crate) struct Batch {
    operation: String,
    objects: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Wanted {
    oid: String,
    size: u64,
}

impl Standin {
    /// Keeps a file of a repository in Git LFS; gives the pointer that is to be committed in its place.
    ///
    /// # Errors
    /// There is no such repository.
    pub fn add_lfs_object(&self, repository: &str, content: &[u8]) -> anyhow::Result<String> {
        let id = self.repository(repository)?.id;
        let oid: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {}\n", content.len());
        self.github.lfs().objects.insert((id, oid), content.to_vec());
        Ok(pointer)
    }

    /// How many objects of Git LFS were downloaded.
    #[must_use]
    pub fn lfs_downloads(&self) -> usize {
        self.github.lfs().downloads
    }
}

/// The answer of `git-lfs-authenticate`, for whoever may read the repository.
pub(crate) fn authenticate(github: &GitHub, repository: u64, path: &str) -> String {
    let token = uuid::Uuid::new_v4().simple().to_string();
    let answer = json!({
        "href": format!("{}/{}.git/info/lfs", github.links.web, path.trim_end_matches(".git")),
        "header": {"Authorization": format!("RemoteAuth {token}")},
        "expires_in": 600,
    });
    github.lfs().tokens.insert(token, repository);
    answer.to_string()
}

fn admit(github: &GitHub, headers: &HeaderMap) -> Option<u64> {
    let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("RemoteAuth ")?;
    github.lfs().tokens.get(token).copied()
}

/// `POST /{owner}/{repo}.git/info/lfs/objects/batch`.
pub(crate) async fn batch(
    State(github): State<Arc<GitHub>>,
    Path((owner, repo)): Path<(String, String)>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let Some(repository) = admit(&github, &headers) else { return StatusCode::UNAUTHORIZED.into_response() };
    let Ok(Batch { operation, objects }) = serde_json::from_slice(&body) else { return StatusCode::UNPROCESSABLE_ENTITY.into_response() };
    if operation != "download" {
        return StatusCode::FORBIDDEN.into_response();
    }
    let lfs = github.lfs();
    let found = objects.iter().map(|Wanted { oid, size }| {
        if !lfs.objects.contains_key(&(repository, oid.clone())) {
            return json!({"oid": oid, "size": size, "error": {"code": 404, "message": "Object does not exist on the server"}});
        }
        let href = format!("{}/{owner}/{repo}/lfs-objects/{oid}", github.links.web);
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        json!({"oid": oid, "size": size, "actions": {"download": {"href": href, "header": {"Authorization": authorization}}}})
    });
    let found: Vec<Value> = found.collect();
    let answer = json!({"transfer": "basic", "objects": found});
    ([(header::CONTENT_TYPE, "application/vnd.git-lfs+json")], answer.to_string()).into_response()
}

/// `GET /{owner}/{repo}.git/lfs-objects/{oid}`.
pub(crate) async fn object(
    State(github): State<Arc<GitHub>>,
    Path((_, _, oid)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(repository) = admit(&github, &headers) else { return StatusCode::UNAUTHORIZED.into_response() };
    let mut lfs = github.lfs();
    match lfs.objects.get(&(repository, oid)).cloned() {
        Some(content) => {
            lfs.downloads += 1;
            content.into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
