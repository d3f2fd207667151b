//! Users: the short form that hangs on everything, and the full one of `GET /user`.

use serde_json::{Value, json};

use super::{node_id, time};
use crate::links::Links;
use crate::state::User;

/// `simple-user`.
pub(crate) fn simple(links: &Links, user: &User) -> Value {
    let (id, login) = (user.id, &user.login);
    let api = format!("{}/users/{login}", links.api);
    json!({
        "login": login,
        "id": id,
        "node_id": node_id("User", id),
        "avatar_url": format!("{}/avatars/u/{id}?v=4", links.web),
        "gravatar_id": "",
        "url": api,
        "html_url": format!("{}/{login}", links.web),
        "followers_url": format!("{api}/followers"),
        "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"),
        "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"),
        "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"),
        "type": if user.organization { "Organization" } else { "User" },
        "user_view_type": "public",
        "site_admin": false,
    })
}

/// `public-user`, with `private-user`'s fields added where `private` (the caller is that user).
pub(crate) fn full(links: &Links, user: &User, public: usize, private: Option<usize>) -> Value {
    let mut value = simple(links, user);
    value["name"] = json!(user.name);
    value["company"] = Value::Null;
    value["blog"] = json!("");
    value["location"] = Value::Null;
    value["email"] = json!(user.email);
    value["hireable"] = Value::Null;
    value["bio"] = Value::Null;
    value["twitter_username"] = Value::Null;
    value["notification_email"] = json!(user.email);
    value["public_repos"] = json!(public);
    value["public_gists"] = json!(0);
    value["followers"] = json!(0);
    value["following"] = json!(0);
    value["created_at"] = json!(time(&user.created_at));
    value["updated_at"] = json!(time(&user.created_at));
    if let Some(private) = private {
        value["user_view_type"] = json!("private");
        value["private_gists"] = json!(0);
        value["total_private_repos"] = json!(private);
        value["owned_private_repos"] = json!(private);
        value["disk_usage"] = json!(0);
        value["collaborators"] = json!(0);
        value["two_factor_authentication"] = json!(true);
        value["plan"] = json!({
            "name": "free", "space": 976_562_499, "collaborators": 0, "private_repos": 10_000
        });
    }
    value
}
