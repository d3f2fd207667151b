//! The REST API: one page of routes, and what wraps every request.

mod applications;
mod branches;
mod caller;
mod commits;
mod contents;
mod deliveries;
mod error;
mod hooks;
mod keys;
mod meta;
mod organizations;
mod paging;
mod pulls;
mod record;
mod refs;
mod repositories;
mod search;
mod statuses;
mod trees;
mod users;

use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use axum::{Router, extract::DefaultBodyLimit};

use crate::faults;
use crate::github::GitHub;

use error::ApiError;

pub(crate) use deliveries::again;

/// Everything under `/api/v3`.
pub(crate) fn router(github: &Arc<GitHub>) -> Router<Arc<GitHub>> {
    let repository = Router::new()
        .route("/", get(repositories::get))
        .route("/hooks", get(hooks::list).post(hooks::create))
        .route("/hooks/{hook}", get(hooks::get).patch(hooks::update).delete(hooks::delete))
        .route("/hooks/{hook}/pings", post(hooks::ping))
        .route("/hooks/{hook}/deliveries", get(deliveries::list))
        .route("/hooks/{hook}/deliveries/{delivery}", get(deliveries::get))
        .route("/hooks/{hook}/deliveries/{delivery}/attempts", post(deliveries::redeliver))
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{key}", get(keys::get).delete(keys::delete))
        .route("/collaborators/{login}/permission", get(repositories::permission))
        .route("/contents", get(contents::root))
        .route("/contents/", get(contents::root))
        .route("/contents/{*path}", get(contents::get))
        .route("/git/trees/{*tree}", get(trees::tree))
        .route("/git/blobs/{blob}", get(trees::blob))
        .route("/git/commits/{commit}", get(commits::git_commit))
        .route("/git/ref/{*name}", get(refs::get))
        .route("/git/matching-refs/{*name}", get(refs::matching))
        .route("/branches", get(branches::list))
        .route("/branches/{*branch}", get(branches::get))
        .route("/commits/{*reference}", get(commits::get))
        .route("/compare/{*basehead}", get(commits::compare))
        .route("/pulls", get(pulls::list))
        .route("/pulls/{number}", get(pulls::get))
        .route("/statuses/{*sha}", post(statuses::create));
    // An app shows its own id and secret there, no token.
    let applications = Router::new()
        .route("/applications/{client_id}/token", post(applications::check))
        .route("/applications/{client_id}/grant", delete(applications::revoke));
    Router::new()
        .route("/user", get(users::me))
        .route("/user/repos", get(repositories::mine))
        .route("/user/orgs", get(organizations::mine))
        .route("/user/memberships/orgs/{org}", get(organizations::my_membership))
        .route("/orgs/{org}/repos", get(organizations::repositories))
        .route("/orgs/{org}/memberships/{login}", get(organizations::membership))
        .route("/orgs/{org}/teams/{slug}/memberships/{login}", get(organizations::team_membership))
        .route("/search/repositories", get(search::repositories))
        .route("/users/{login}", get(users::get))
        .route("/repositories/{id}", get(repositories::by_id))
        .nest("/repos/{owner}/{repo}", repository)
        .route("/meta", get(meta::meta))
        .route("/rate_limit", get(meta::rate_limit))
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async { ApiError::not_found() })
        .layer(DefaultBodyLimit::max(8 * 1024 * 1024))
        .layer(from_fn_with_state(Arc::clone(github), caller::identify))
        .merge(applications)
        .layer(from_fn_with_state(Arc::clone(github), faults::apply))
        .layer(from_fn_with_state(Arc::clone(github), record::record))
        .layer(from_fn(common_headers))
}

/// Headers that every answer has.
async fn common_headers(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {
    use axum::http::HeaderValue;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-github-request-id", id);
    }
    headers.insert("x-github-media-type", HeaderValue::from_static("github.v3; format=json"));
    headers.insert("x-github-api-version-selected", HeaderValue::from_static("2022-11-28"));
    headers.insert("server", HeaderValue::from_static("github.com"));
    response
}
