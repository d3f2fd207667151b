//! Organizations and who is in them.

use serde_json::{Value, json};

use super::{node_id, user};
use crate::links::Links;
use crate::state::User;

/// `organization-simple`.
pub(crate) fn simple(links: &Links, own: &User) -> Value {
    let api = format!("{}/orgs/{}", links.api, own.login);
    json!({
        "login": own.login,
        "id": own.id,
        "node_id": node_id("Organization", own.id),
        "url": api,
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events"),
        "hooks_url": format!("{api}/hooks"),
        "issues_url": format!("{api}/issues"),
        "members_url": format!("{api}/members{{/member}}"),
        "public_members_url": format!("{api}/public_members{{/member}}"),
        "avatar_url": format!("{}/avatars/u/{}?v=4", links.web, own.id),
        "description": null,
    })
}

/// `org-membership`.
pub(crate) fn membership(links: &Links, own: &User, member: &User, owner: bool) -> Value {
    let api = format!("{}/orgs/{}", links.api, own.login);
    json!({
        "url": format!("{api}/memberships/{}", member.login),
        "state": "active",
        "role": if owner { "admin" } else { "member" },
        "organization_url": api,
        "organization": simple(links, own),
        "user": user::simple(links, member),
    })
}
