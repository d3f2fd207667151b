//! Pull requests: the form in lists, and the full one of `GET pulls/{number}` and of webhooks.

use serde_json::{Value, json};

use super::{node_id, repository, time, user};
use crate::links::Links;
use crate::pulls::Pull;
use crate::state::{Repository, Role, World};

/// What the full form says of the commits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) commits: usize,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
    pub(crate) files: usize,
}

/// `pull-request-simple`.
pub(crate) fn simple(links: &Links, world: &World, own: &Repository, pull: &Pull) -> Value {
    let (name, number) = (world.full_name(own), pull.number);
    let api = format!("{}/repos/{name}/pulls/{number}", links.api);
    let issue = format!("{}/repos/{name}/issues/{number}", links.api);
    let html = format!("{}/{name}/pull/{number}", links.web);
    let statuses = format!("{}/repos/{name}/statuses/{}", links.api, pull.head_sha);
    let link = |href: &str| json!({ "href": href });
    json!({
        "url": api,
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "html_url": html,
        "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"),
        "issue_url": issue,
        "number": number,
        "state": if pull.open { "open" } else { "closed" },
        "locked": false,
        "title": pull.title,
        "user": world.users.get(&pull.user).map(|found| user::simple(links, found)),
        "body": null,
        "created_at": time(&pull.created_at),
        "updated_at": time(&pull.updated_at),
        "closed_at": pull.closed_at.as_ref().map(time),
        "merged_at": pull.merged_at.as_ref().map(time),
        "merge_commit_sha": null,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": null,
        "draft": false,
        "commits_url": format!("{api}/commits"),
        "review_comments_url": format!("{api}/comments"),
        "review_comment_url": format!("{}/repos/{name}/pulls/comments{{/number}}", links.api),
        "comments_url": format!("{issue}/comments"),
        "statuses_url": statuses,
        "head": end(links, world, pull.head_repository, &pull.head_branch, &pull.head_sha),
        "base": end(links, world, own.id, &pull.base_branch, &pull.base_sha),
        "_links": {
            "self": link(&api),
            "html": link(&html),
            "issue": link(&issue),
            "comments": link(&format!("{issue}/comments")),
            "review_comments": link(&format!("{api}/comments")),
            "review_comment": link(&format!("{}/repos/{name}/pulls/comments{{/number}}", links.api)),
            "commits": link(&format!("{api}/commits")),
            "statuses": link(&statuses),
        },
        "author_association": association(own, world, pull.user),
        "auto_merge": null,
        "active_lock_reason": null,
    })
}

/// `pull-request`.
pub(crate) fn full(links: &Links, world: &World, own: &Repository, pull: &Pull, counted: &Counted) -> Value {
    let mut value = simple(links, world, own, pull);
    value["merged"] = json!(pull.merged_at.is_some());
    // GitHub tries the merge later.
    value["mergeable"] = Value::Null;
    value["rebaseable"] = Value::Null;
    value["mergeable_state"] = json!("unknown");
    value["merged_by"] = Value::Null;
    value["comments"] = json!(0);
    value["review_comments"] = json!(0);
    value["maintainer_can_modify"] = json!(false);
    value["commits"] = json!(counted.commits);
    value["additions"] = json!(counted.additions);
    value["deletions"] = json!(counted.deletions);
    value["changed_files"] = json!(counted.files);
    value
}

fn end(links: &Links, world: &World, repository: u64, branch: &str, sha: &str) -> Value {
    let own = world.repositories.get(&repository);
    let owner = own.and_then(|own| world.users.get(&own.owner));
    json!({
        "label": owner.map(|owner| format!("{}:{branch}", owner.login)),
        "ref": branch,
        "sha": sha,
        "user": owner.map(|owner| user::simple(links, owner)),
        "repo": own.map(|own| repository::base(links, world, own)),
    })
}

fn association(own: &Repository, world: &World, user: u64) -> &'static str {
    match world.role(own, Some(user)) {
        _ if own.owner == user => "OWNER",
        role if role > Role::Read => "COLLABORATOR",
        _ => "NONE",
    }
}
