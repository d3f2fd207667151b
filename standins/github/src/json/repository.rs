//! Repositories: the form that hangs on webhooks, the full one, and the push event's own.

use serde_json::{Value, json};

use super::{node_id, time, user};
use crate::links::Links;
use crate::state::{Repository, Role, World};

/// `repository-webhooks`, and all of `repository` but permissions.
pub(crate) fn base(links: &Links, world: &World, repository: &Repository) -> Value {
    let full_name = world.full_name(repository);
    let mut value = json!({
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": full_name,
        "private": repository.private,
        "owner": world.users.get(&repository.owner).map(|owner| user::simple(links, owner)),
        "html_url": format!("{}/{full_name}", links.web),
        "description": repository.description,
        "fork": false,
        "created_at": time(&repository.created_at),
        "updated_at": time(&repository.updated_at),
        // GitHub counts the making as the first push.
        "pushed_at": time(&repository.pushed_at.unwrap_or(repository.created_at)),
        "git_url": format!("git://{}/{full_name}.git", links.web.trim_start_matches("http://")),
        "ssh_url": links.ssh_url(&full_name),
        "clone_url": format!("{}/{full_name}.git", links.web),
        "svn_url": format!("{}/{full_name}", links.web),
        "homepage": Value::Null,
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": Value::Null,
        "has_issues": true,
        "has_projects": true,
        "has_downloads": true,
        "has_wiki": true,
        "has_pages": false,
        "has_discussions": false,
        "forks_count": 0,
        "mirror_url": Value::Null,
        "archived": repository.archived,
        "disabled": false,
        "open_issues_count": 0,
        "license": Value::Null,
        "allow_forking": true,
        "is_template": false,
        "web_commit_signoff_required": false,
        "topics": [],
        "visibility": if repository.private { "private" } else { "public" },
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "default_branch": repository.default_branch,
    });
    let api = format!("{}/repos/{full_name}", links.api);
    value["url"] = json!(api);
    for (name, tail) in URLS {
        value[*name] = json!(format!("{api}{tail}"));
    }
    value
}

/// The templates of a repository's other addresses.
const URLS: &[(&str, &str)] = &[
    ("forks_url", "/forks"),
    ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"),
    ("hooks_url", "/hooks"),
    ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"),
    ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"),
    ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"),
    ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"),
];

/// `repository`, as lists have it: with what the caller may do.
pub(crate) fn listed(links: &Links, world: &World, repository: &Repository, role: Role) -> Value {
    let mut value = base(links, world, repository);
    value["permissions"] = json!({
        "admin": role >= Role::Admin,
        "maintain": role >= Role::Maintain,
        "push": role >= Role::Write,
        "triage": role >= Role::Triage,
        "pull": role >= Role::Read,
    });
    value
}

/// `full-repository`; settings are shown to those who may push.
pub(crate) fn full(links: &Links, world: &World, repository: &Repository, role: Role) -> Value {
    let mut value = listed(links, world, repository, role);
    value["network_count"] = json!(0);
    value["subscribers_count"] = json!(0);
    value["temp_clone_token"] = Value::Null;
    if role >= Role::Write {
        value["temp_clone_token"] = json!("");
        for name in ["allow_squash_merge", "allow_merge_commit", "allow_rebase_merge"] {
            value[name] = json!(true);
        }
        for name in ["allow_auto_merge", "delete_branch_on_merge", "allow_update_branch", "use_squash_pr_title_as_default"] {
            value[name] = json!(false);
        }
        value["squash_merge_commit_message"] = json!("COMMIT_MESSAGES");
        value["squash_merge_commit_title"] = json!("COMMIT_OR_PR_TITLE");
        value["merge_commit_message"] = json!("PR_TITLE");
        value["merge_commit_title"] = json!("MERGE_MESSAGE");
    }
    value
}

/// The push event's form: two times are seconds, the owner carries name and address.
pub(crate) fn pushed(links: &Links, world: &World, repository: &Repository) -> Value {
    let mut value = base(links, world, repository);
    let full_name = world.full_name(repository);
    value["url"] = json!(format!("{}/{full_name}", links.web));
    value["created_at"] = json!(repository.created_at.timestamp());
    value["pushed_at"] = json!(repository.pushed_at.unwrap_or(repository.created_at).timestamp());
    value["stargazers"] = json!(0);
    value["master_branch"] = json!(repository.default_branch);
    if let Some(owner) = world.users.get(&repository.owner) {
        value["owner"]["name"] = json!(owner.login);
        value["owner"]["email"] = json!(owner.email);
        if owner.organization {
            value["organization"] = json!(owner.login);
        }
    }
    value
}
