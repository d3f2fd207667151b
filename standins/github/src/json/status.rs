//! Commit statuses.

use serde_json::{Value, json};

use super::{node_id, time, user};
use crate::links::Links;
use crate::state::{Status, World};

/// `simple-commit-status`, as the combined status lists it.
pub(crate) fn simple(links: &Links, world: &World, name: &str, status: &Status) -> Value {
    let avatar = world.users.get(&status.creator).map(|user| format!("{}/avatars/u/{}?v=4", links.web, user.id));
    json!({
        "url": format!("{}/repos/{name}/statuses/{}", links.api, status.sha),
        "avatar_url": avatar,
        "id": status.id,
        "node_id": node_id("StatusContext", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": time(&status.created_at),
        "updated_at": time(&status.created_at),
    })
}

/// `status`: the simple form with who posted it.
pub(crate) fn full(links: &Links, world: &World, name: &str, status: &Status) -> Value {
    let mut value = simple(links, world, name, status);
    value["creator"] = world.users.get(&status.creator).map_or(Value::Null, |found| user::simple(links, found));
    value
}

/// What several statuses amount to: failure beats pending beats success; none is pending.
pub(crate) fn combined<'a>(states: impl IntoIterator<Item = &'a str>) -> &'static str {
    let mut all = "pending";
    let mut pending = false;
    for state in states {
        match state {
            "error" | "failure" => return "failure",
            "pending" => pending = true,
            _ => all = "success",
        }
    }
    if pending { "pending" } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_combined_as_github_does() {
        assert_eq!(combined([]), "pending");
        assert_eq!(combined(["success", "success"]), "success");
        assert_eq!(combined(["success", "pending"]), "pending");
        assert_eq!(combined(["pending", "error"]), "failure");
    }
}
