//! Commits: as the REST API shows them and as a push event lists them.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{node_id, time, user};
use crate::git::{ChangedPaths, Commit, FileChange, Ident};
use crate::links::{Links, encode_path};
use crate::state::World;

fn git_user(ident: &Ident) -> Value {
    json!({ "name": ident.name, "email": ident.email, "date": time(&ident.time) })
}

fn account(links: &Links, world: &World, ident: &Ident) -> Value {
    world.user_by_email(&ident.email).map_or(Value::Null, |found| user::simple(links, found))
}

/// `commit` without stats and files; `name` is the repository's `owner/name`.
pub(crate) fn rest(links: &Links, world: &World, name: &str, commit: &Commit) -> Value {
    let sha = &commit.sha;
    let api = format!("{}/repos/{name}", links.api);
    let html = format!("{}/{name}/commit", links.web);
    let parents: Vec<_> = commit
        .parents
        .iter()
        .map(|parent| {
            json!({
                "sha": parent,
                "url": format!("{api}/commits/{parent}"),
                "html_url": format!("{html}/{parent}"),
            })
        })
        .collect();
    json!({
        "sha": sha,
        "node_id": node_id("Commit", sha),
        "commit": {
            "author": git_user(&commit.author),
            "committer": git_user(&commit.committer),
            "message": commit.message,
            "tree": { "sha": commit.tree, "url": format!("{api}/git/trees/{}", commit.tree) },
            "url": format!("{api}/git/commits/{sha}"),
            "comment_count": 0,
            "verification": {
                "verified": false, "reason": "unsigned", "signature": null, "payload": null,
                "verified_at": null,
            },
        },
        "url": format!("{api}/commits/{sha}"),
        "html_url": format!("{html}/{sha}"),
        "comments_url": format!("{api}/commits/{sha}/comments"),
        "author": account(links, world, &commit.author),
        "committer": account(links, world, &commit.committer),
        "parents": parents,
    })
}

/// `diff-entry`s of `files` at commit `sha`.
pub(crate) fn files(links: &Links, name: &str, sha: &str, files: &[FileChange]) -> Vec<Value> {
    files
        .iter()
        .map(|file| {
            let path = encode_path(file.path.as_bytes());
            let mut value = json!({
                "sha": file.sha,
                "filename": file.path,
                "status": file.status,
                "additions": file.additions,
                "deletions": file.deletions,
                "changes": file.additions + file.deletions,
                "blob_url": format!("{}/{name}/blob/{sha}/{path}", links.web),
                "raw_url": format!("{}/{name}/raw/{sha}/{path}", links.web),
                "contents_url": format!("{}/repos/{name}/contents/{path}?ref={sha}", links.api),
            });
            if let Some(previous) = &file.previous {
                value["previous_filename"] = json!(previous);
            }
            value
        })
        .collect()
}

/// A commit in a push event.
pub(crate) fn pushed(links: &Links, world: &World, name: &str, commit: &Commit, paths: &ChangedPaths, distinct: bool) -> Value {
    let person = |ident: &Ident| {
        let mut value = json!({
            "name": ident.name,
            "email": ident.email,
            "date": ident.time.to_rfc3339_opts(SecondsFormat::Secs, true),
        });
        if let Some(user) = world.user_by_email(&ident.email) {
            value["username"] = json!(user.login);
        }
        value
    };
    json!({
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": distinct,
        "message": commit.message,
        "timestamp": commit.committer.time.to_rfc3339_opts(SecondsFormat::Secs, true),
        "url": format!("{}/{name}/commit/{}", links.web, commit.sha),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "added": paths.added,
        "removed": paths.removed,
        "modified": paths.modified,
    })
}
