//! Commits, comparisons, and what hangs below `commits/{ref}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use super::paging::Paging;
use super::statuses;
use crate::git::Git;
use crate::github::GitHub;
use crate::json::{commit as shown, node_id};

/// A comparison lists so many files and no more.
const MAX_FILES: usize = 300;

/// A repository the caller may read, with its contents.
pub(crate) struct Readable {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) git: Git,
}

/// Opens a repository for reading.
pub(crate) fn open(github: &GitHub, caller: &Caller, path: (&str, &str)) -> ApiResult<Readable> {
    let world = github.world();
    let seen = caller.sees(github, &world, path)?;
    Ok(Readable { id: seen.repository.id, git: github.git(seen.repository.id), name: seen.name })
}

/// The commit that `name` means, or GitHub's 422 (409 in an empty repository).
pub(crate) async fn resolve(git: &Git, name: &str) -> ApiResult<String> {
    match git.resolve_commit(name).await? {
        Some(sha) => Ok(sha),
        None if git.refs().await?.is_empty() => Err(ApiError::conflict("Git Repository is empty.")),
        None => Err(ApiError::unprocessable(&format!("No commit found for SHA: {name}"))),
    }
}

/// `commits/{ref}`, and below it `status` and `statuses`: a ref may have slashes, so the end decides.
pub(crate) async fn get(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, reference)): Path<(String, String, String)>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> ApiResult {
    let readable = open(&github, &caller, (&owner, &name))?;
    if let Some(reference) = reference.strip_suffix("/statuses") {
        return statuses::list(&github, &readable, reference, &paging, &uri).await;
    }
    if let Some(reference) = reference.strip_suffix("/status") {
        return statuses::combined(&github, &readable, reference, &paging).await;
    }
    let sha = resolve(&readable.git, &reference).await?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.starts_with("application/vnd.github") && accept.contains(".sha") {
        let kind = [(header::CONTENT_TYPE, "application/vnd.github.sha; charset=utf-8")];
        return Ok((kind, sha).into_response());
    }
    let commit = readable.git.commit(&sha).await?;
    let files = readable.git.diff(commit.parents.first().map(String::as_str), &sha).await?;
    let additions: u64 = files.iter().map(|file| file.additions).sum();
    let deletions: u64 = files.iter().map(|file| file.deletions).sum();
    let mut value = shown::rest(&github.links, &github.world(), &readable.name, &commit);
    value["stats"] = json!({ "additions": additions, "deletions": deletions, "total": additions + deletions });
    value["files"] = Value::Array(shown::files(&github.links, &readable.name, &sha, &files));
    Ok(Json(value).into_response())
}

/// The commit as a git object.
pub(crate) async fn git_commit(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, sha)): Path<(String, String, String)>,
) -> ApiResult {
    let readable = open(&github, &caller, (&owner, &name))?;
    let sha = readable.git.resolve_commit(&sha).await?.ok_or_else(ApiError::not_found)?;
    let commit = readable.git.commit(&sha).await?;
    let rest = shown::rest(&github.links, &github.world(), &readable.name, &commit);
    let inner = &rest["commit"];
    let body = json!({
        "sha": sha,
        "node_id": node_id("Commit", &sha),
        "url": inner["url"],
        "html_url": rest["html_url"],
        "author": inner["author"],
        "committer": inner["committer"],
        "tree": inner["tree"],
        "message": inner["message"],
        "parents": rest["parents"],
        "verification": inner["verification"],
    });
    Ok(Json(body).into_response())
}

/// `compare/{base}...{head}`.
pub(crate) async fn compare(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, basehead)): Path<(String, String, String)>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult<Response> {
    let readable = open(&github, &caller, (&owner, &name))?;
    let git = &readable.git;
    let (base, head) = basehead.split_once("...").ok_or_else(ApiError::not_found)?;
    let base_sha = git.resolve_commit(base).await?.ok_or_else(ApiError::not_found)?;
    let head_sha = git.resolve_commit(head).await?.ok_or_else(ApiError::not_found)?;
    let merge_base = git
        .merge_base(&base_sha, &head_sha)
        .await?
        .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, &format!("No common ancestor between {base} and {head}.")))?;
    let ahead = git.commits_between(&head_sha, [base_sha.as_str()]).await?;
    let behind = git.commits_between(&base_sha, [head_sha.as_str()]).await?.len();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let mut files = git.diff(Some(&merge_base), &head_sha).await?;
    files.truncate(MAX_FILES);
    let (base_commit, merge_commit) = (git.commit(&base_sha).await?, git.commit(&merge_base).await?);
    let mut commits = Vec::new();
    for sha in &ahead {
        commits.push(git.commit(sha).await?);
    }
    let world = github.world();
    let show = |commit| shown::rest(&github.links, &world, &readable.name, commit);
    let html = format!("{}/{}/compare/{base}...{head}", github.links.web, readable.name);
    let list: Vec<_> = commits.iter().map(show).collect();
    // GitHub pages the commits only when asked to.
    let list = if uri.query().is_some_and(|query| query.contains("page=")) {
        list.into_iter().take(paging.size()).collect()
    } else {
        list.into_iter().take(250).collect::<Vec<_>>()
    };
    let body = json!({
        "url": format!("{}/repos/{}/compare/{base}...{head}", github.links.api, readable.name),
        "html_url": html,
        "permalink_url": format!("{}/{}/compare/{base_sha}...{head_sha}", github.links.web, readable.name),
        "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"),
        "base_commit": show(&base_commit),
        "merge_base_commit": show(&merge_commit),
        "status": status,
        "ahead_by": ahead.len(),
        "behind_by": behind,
        "total_commits": ahead.len(),
        "commits": list,
        "files": shown::files(&github.links, &readable.name, &head_sha, &files),
    });
    Ok(Json(body).into_response())
}
