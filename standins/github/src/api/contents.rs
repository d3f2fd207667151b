//! `GET .../contents/{path}`: files, directories, links and submodules at a ref.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use crate::git::{Entry, Git};
use crate::github::GitHub;
use crate::json::content::Place;

/// A directory shows so many entries at most.
const MAX_ENTRIES: usize = 1000;
/// Above this GitHub shows a file in no form, in bytes.
const MAX_FILE: u64 = 100 * 1024 * 1024;

/// At which ref; the default branch when not named.
#[derive(Debug, Deserialize)]
pub(crate) struct At {
    #[serde(rename = "ref")]
    reference: Option<String>,
}

/// What the caller accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Raw,
    Object,
}

impl Form {
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let named = |kind: &str| {
            accept.split(',').any(|one| {
                let one = one.trim().split(';').next().unwrap_or_default().trim_end_matches("+json");
                one.starts_with("application/vnd.github") && one.ends_with(kind)
            })
        };
        if named(".raw") {
            Self::Raw
        } else if named(".object") {
            Self::Object
        } else {
            Self::Json
        }
    }
}

/// Bytes of a file as they are.
pub(crate) fn raw(bytes: Vec<u8>) -> Response {
    let kind: (HeaderName, &str) = (header::CONTENT_TYPE, "application/vnd.github.raw+json; charset=utf-8");
    ([kind], bytes).into_response()
}

pub(crate) async fn root(
    github: State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    at: Query<At>,
    headers: HeaderMap,
) -> ApiResult {
    get(github, caller, Path((owner, name, String::new())), at, headers).await
}

pub(crate) async fn get(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, path)): Path<(String, String, String)>,
    Query(at): Query<At>,
    headers: HeaderMap,
) -> ApiResult {
    let (repository, full_name, default) = {
        let world = github.world();
        let seen = caller.sees(&github, &world, (&owner, &name))?;
        (seen.repository.id, seen.name, seen.repository.default_branch.clone())
    };
    let git = github.git(repository);
    let reference = at.reference.filter(|name| !name.is_empty()).unwrap_or(default);
    let missing = || match reference.len() {
        0 => ApiError::not_found(),
        _ => ApiError::new(StatusCode::NOT_FOUND, &format!("No commit found for the ref {reference}")),
    };
    let commit = match git.resolve_commit(&reference).await? {
        Some(commit) => commit,
        None if git.refs().await?.is_empty() => {
            return Err(ApiError::new(StatusCode::NOT_FOUND, "This repository is empty."));
        }
        None => return Err(missing()),
    };
    let place = Place { links: &github.links, repository: &full_name, reference: &reference };
    let form = Form::wanted(&headers);
    let path = path.trim_matches('/').to_owned();
    if path.is_empty() {
        let root = Entry {
            mode: "040000".to_owned(),
            kind: "tree".to_owned(),
            sha: git.resolve(&commit, "tree").await?.unwrap_or_default(),
            size: None,
            path: String::new(),
        };
        return directory(&git, &place, &path, &root, form).await;
    }
    let entry = git.entry(&commit, &path).await?.ok_or_else(ApiError::not_found)?;
    match entry.content_type() {
        "dir" => directory(&git, &place, &path, &entry, form).await,
        "submodule" => {
            let mut value = place.entry(&path, &entry);
            value["submodule_git_url"] = json!(submodule_url(&git, &commit, &path).await?);
            Ok(Json(value).into_response())
        }
        "symlink" => symlink(&git, &place, &commit, (&path, &entry), form).await,
        _ => file(&git, &place, (&path, &entry), &entry, form).await,
    }
}

/// `entry` names it, `content` holds its bytes: the same but for a link that was followed.
async fn file(git: &Git, place: &Place<'_>, (path, entry): (&str, &Entry), content: &Entry, form: Form) -> ApiResult {
    if content.size.unwrap_or(0) > MAX_FILE {
        return Err(ApiError::forbidden("This API returns blobs up to 100 MB in size."));
    }
    let bytes = git.blob(&content.sha).await?;
    match form {
        Form::Raw => Ok(raw(bytes)),
        _ => {
            let entry = Entry { size: content.size, ..entry.clone() };
            Ok(Json(place.file(path, &entry, &bytes)).into_response())
        }
    }
}

async fn directory(git: &Git, place: &Place<'_>, path: &str, own: &Entry, form: Form) -> ApiResult {
    let mut entries = git.tree(&own.sha, false).await?;
    entries.truncate(MAX_ENTRIES);
    let below: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let full = if path.is_empty() { entry.path.clone() } else { format!("{path}/{}", entry.path) };
            let mut value = place.entry(&full, entry);
            // In listings GitHub calls a submodule a file, of size 0.
            if entry.content_type() == "submodule" {
                value["type"] = json!("file");
            }
            value
        })
        .collect();
    if form != Form::Object {
        return Ok(Json(below).into_response());
    }
    let mut value = place.entry(path, own);
    value["entries"] = Value::Array(below);
    Ok(Json(value).into_response())
}

/// A link to a file of the repository shows that file; any other link shows itself.
async fn symlink(git: &Git, place: &Place<'_>, commit: &str, (path, entry): (&str, &Entry), form: Form) -> ApiResult {
    let target = String::from_utf8_lossy(&git.blob(&entry.sha).await?).into_owned();
    if let Some(full) = follow(path, &target)
        && let Some(found) = git.entry(commit, &full).await?
        && found.content_type() == "file"
    {
        return file(git, place, (path, entry), &found, form).await;
    }
    if form == Form::Raw {
        return Ok(raw(target.into_bytes()));
    }
    let mut value = place.entry(path, entry);
    value["target"] = json!(target);
    Ok(Json(value).into_response())
}

/// Where a link at `path` leads inside the repository.
fn follow(path: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        return None;
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The address of the submodule at `path`, from `.gitmodules`.
async fn submodule_url(git: &Git, commit: &str, path: &str) -> Result<Option<String>, ApiError> {
    let blob = format!("{commit}:.gitmodules");
    let Some(out) = git.ask(&["config", "--blob", &blob, "--null", "--list"]).await? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&out).into_owned();
    let values: Vec<_> = text.split('\0').filter_map(|entry| entry.split_once('\n')).collect();
    let section = values.iter().find_map(|(key, value)| key.strip_suffix(".path").filter(|_| *value == path));
    Ok(section.and_then(|section| {
        let key = format!("{section}.url");
        values.iter().find(|(name, _)| *name == key).map(|(_, url)| (*url).to_owned())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_inside_the_repository_only() {
        assert_eq!(follow("a/b/link", "../c.txt").as_deref(), Some("a/c.txt"));
        assert_eq!(follow("link", "../c.txt"), None);
        assert_eq!(follow("link", "/etc/passwd"), None);
    }

    #[test]
    fn the_raw_form_is_known_by_all_its_names() {
        for name in ["application/vnd.github.raw", "application/vnd.github.v3.raw", "application/vnd.github.raw+json"] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, name.parse().unwrap_or_else(|_| unreachable!()))]);
            assert_eq!(Form::wanted(&headers), Form::Raw, "{name}");
        }
        assert_eq!(Form::wanted(&HeaderMap::new()), Form::Json);
    }
}
