//! `GET /search/repositories`: words in names, and the qualifiers that narrow it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Query, State};
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use super::paging::Paging;
use crate::github::GitHub;
use crate::json::repository;
use crate::state::{Repository, Role, World};

/// The longest query, in letters, without its qualifiers (GitHub's docs, "Limitations on query length").
const LONGEST: usize = 256;
/// As many results can be paged through, however many there are.
const REACHABLE: usize = 1000;

/// The query.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    q: Option<String>,
    sort: Option<String>,
    order: Option<String>,
}

/// A query, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    words: Vec<String>,
    /// `user:` and `org:`, which mean the same.
    accounts: Vec<String>,
    /// `repo:`.
    names: Vec<String>,
    /// Is the description looked at as well?
    descriptions: bool,
    /// `fork:true` and `fork:only`.
    forks: Option<String>,
    archived: Option<bool>,
    private: Option<bool>,
}

impl Parts {
    fn of(query: &str) -> Self {
        let mut parts = Self::default();
        let mut places = Vec::new();
        for term in query.split_whitespace() {
            match term.split_once(':') {
                Some(("user" | "org", login)) => parts.accounts.push(login.to_owned()),
                Some(("repo", name)) => parts.names.push(name.to_owned()),
                Some(("in", place)) => places.push(place.to_owned()),
                Some(("fork", value)) => parts.forks = Some(value.to_owned()),
                Some(("archived", value)) => parts.archived = value.parse().ok(),
                Some(("is" | "visibility", value @ ("public" | "private"))) => parts.private = Some(value == "private"),
                Some(_) => {}
                None => parts.words.push(term.trim_matches('"').to_lowercase()),
            }
        }
        parts.descriptions = places.is_empty() || places.iter().any(|place| place.contains("description"));
        parts
    }

    fn fit(&self, world: &World, own: &Repository, shown: &Value) -> bool {
        let owner = world.users.get(&own.owner).map_or("", |user| user.login.as_str());
        let full = format!("{owner}/{}", own.name);
        let account = self.accounts.is_empty() || self.accounts.iter().any(|login| login.eq_ignore_ascii_case(owner));
        let named = self.names.is_empty() || self.names.iter().any(|name| name.eq_ignore_ascii_case(&full));
        let fork = match self.forks.as_deref() {
            Some("true") => true,
            Some("only") => shown["fork"] == json!(true),
            _ => shown["fork"] == json!(false),
        };
        let kept = self.archived.is_none_or(|archived| archived == own.archived) && self.private.is_none_or(|it| it == own.private);
        let described = own.description.as_deref().filter(|_| self.descriptions).unwrap_or_default();
        account && named && fork && kept && self.words.iter().all(|word| has(&own.name, word) || has(described, word))
    }
}

/// GitHub's index knows words, and finds them by how they begin.
fn has(text: &str, word: &str) -> bool {
    let text = text.to_lowercase();
    text.contains(word) && text.split(|letter: char| !letter.is_alphanumeric()).any(|part| part.starts_with(word))
        || text.starts_with(word)
        || word
            .split(['-', '_', '.', '/'])
            .filter(|part| !part.is_empty())
            .all(|part| text.split(|letter: char| !letter.is_alphanumeric()).any(|own| own.starts_with(part)))
}

pub(crate) async fn repositories(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult {
    let query = wanted.q.unwrap_or_default();
    let parts = Parts::of(&query);
    if query.trim().is_empty() {
        return Err(ApiError::missing("Search", "q"));
    }
    if parts.words.join(" ").chars().count() > LONGEST {
        return Err(ApiError::validation("Search", Some("q"), "The search is longer than 256 characters."));
    }
    let world = github.world();
    let seen = |own: &&Repository| {
        let open = !own.private || world.closed(own.owner, caller.secret.as_deref()).is_none();
        open && caller.role(&world, own) >= Role::Read
    };
    let known = parts.accounts.is_empty() || parts.accounts.iter().any(|login| world.user_by_login(login).is_some());
    if !known {
        let words = "The listed users and repositories cannot be searched either because the resources do not exist \
                     or you do not have permission to view them.";
        return Err(ApiError::invalid("Search", "q", words));
    }
    let mut found: Vec<_> = world.repositories.values().filter(seen).collect();
    match wanted.sort.as_deref() {
        Some("updated") => found.sort_by_key(|own| own.updated_at),
        // The best match first; here that is the shortest name.
        _ => found.sort_by_key(|own| std::cmp::Reverse(own.name.len())),
    }
    if wanted.order.as_deref() != Some("asc") {
        found.reverse();
    }
    let items: Vec<Value> = found
        .into_iter()
        .map(|own| (own, repository::listed(&github.links, &world, own, caller.role(&world, own))))
        .filter(|(own, shown)| parts.fit(&world, own, shown))
        .map(|(_, mut shown)| {
            shown["score"] = json!(1.0);
            shown
        })
        .collect();
    let total = items.len();
    let (page, links) = paging.cut(&github, &uri, items.into_iter().take(REACHABLE).collect());
    let mut response = Json(json!({ "total_count": total, "incomplete_results": false, "items": page })).into_response();
    if let Some(links) = links {
        super::paging::link(&mut response, &links);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_words_and_qualifiers() {
        let parts = Parts::of("Tea shop user:anna org:acme in:name fork:true");
        assert_eq!(parts.words, ["tea", "shop"]);
        assert_eq!(parts.accounts, ["anna", "acme"]);
        assert_eq!((parts.descriptions, parts.forks.as_deref()), (false, Some("true")));
    }

    #[test]
    fn words_are_found_by_how_they_begin() {
        assert!(has("tea-shop", "sho") && has("tea-shop", "tea-sh") && has("teashop", "tea"));
        assert!(!has("tea-shop", "hop"));
    }
}
