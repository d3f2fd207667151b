//! Who calls: credentials, scopes and the hourly limit of requests.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;

use super::error::ApiError;
use crate::github::GitHub;
use crate::organizations::Closed;
use crate::state::{Repository, Role, Token, World};

/// Requests an hour with a token.
pub(crate) const LIMIT: u32 = 5000;
/// Requests an hour without.
pub(crate) const ANONYMOUS_LIMIT: u32 = 60;

/// Whoever sent the request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Number of the user; none without credentials.
    pub(crate) user: Option<u64>,
    /// The token itself.
    pub(crate) secret: Option<String>,
    /// Whether the token was given to an OAuth app.
    oauth: bool,
    scopes: Vec<String>,
    pub(crate) used: u32,
    pub(crate) limit: u32,
}

/// A repository that the caller may use as asked.
pub(crate) struct Seen<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) role: Role,
    /// `owner/name` as it is written now.
    pub(crate) name: String,
}

impl Caller {
    /// The user, or 401.
    pub(crate) fn known(&self) -> Result<u64, ApiError> {
        self.user.ok_or_else(ApiError::requires_authentication)
    }

    pub(crate) fn has(&self, scopes: &[&str]) -> bool {
        self.scopes.iter().any(|have| scopes.contains(&have.as_str()))
    }

    /// What the caller may do: the user's role, cut to what the token's scopes allow.
    pub(crate) fn role(&self, world: &World, repository: &Repository) -> Role {
        let role = world.role(repository, self.user);
        match (repository.private, self.has(&["repo"]), self.has(&["public_repo"])) {
            (_, true, _) | (false, _, true) => role,
            (false, false, false) => role.min(Role::Read),
            // Hook and status scopes see the repository, not its contents: kept simple, they read.
            (true, false, _) if self.has(&["repo:status", "admin:repo_hook", "write:repo_hook"]) => role.min(Role::Read),
            (true, false, _) => Role::None,
        }
    }

    /// The repository, if the caller sees it; 301 under an old name, 404 else.
    pub(crate) fn sees<'a>(&self, github: &GitHub, world: &'a World, (owner, name): (&str, &str)) -> Result<Seen<'a>, ApiError> {
        let repository = world.repository_ever_named(owner, name).ok_or_else(ApiError::not_found)?;
        let role = self.role(world, repository);
        if role < Role::Read {
            return Err(ApiError::not_found());
        }
        // What is public can be read by any token.
        if repository.private {
            self.admitted(github, world, repository.owner)?;
        }
        if world.repository_by_name(owner, name).is_none() {
            let location = format!("{}/repositories/{}", github.links.api, repository.id);
            return Err(ApiError::moved(location));
        }
        Ok(Seen { repository, role, name: world.full_name(repository) })
    }

    /// As [`Caller::sees`], for hooks and keys: without admin right they are not found.
    pub(crate) fn administers<'a>(
        &self,
        github: &GitHub,
        world: &'a World,
        path: (&str, &str),
        scopes: &[&str],
    ) -> Result<Seen<'a>, ApiError> {
        let seen = self.sees(github, world, path)?;
        self.admitted(github, world, seen.repository.owner)?;
        let own = world.role(seen.repository, self.user) >= Role::Admin;
        if own && (self.has(&["repo"]) || self.has(scopes)) { Ok(seen) } else { Err(ApiError::not_found()) }
    }

    /// As [`Caller::administers`], to change something: not in what is archived.
    pub(crate) fn changes<'a>(&self, github: &GitHub, world: &'a World, path: (&str, &str), scopes: &[&str]) -> Result<Seen<'a>, ApiError> {
        let seen = self.administers(github, world, path, scopes)?;
        seen.writable()?;
        Ok(seen)
    }

    /// Is the token let in by the account? Organizations may approve OAuth apps, and want single sign-on.
    pub(crate) fn admitted(&self, github: &GitHub, world: &World, account: u64) -> Result<(), ApiError> {
        match world.closed(account, self.secret.as_deref()) {
            None => Ok(()),
            Some(Closed::NotApproved(login)) => Err(ApiError::forbidden(&format!(
                "Although you appear to have the correct authorization credentials, the `{login}` organization has enabled \
                 OAuth App access restrictions, meaning that data access to third-parties is limited. For more information on \
                 these restrictions, including how to enable this app, visit \
                 https://docs.github.com/articles/restricting-access-to-your-organization-s-data/"
            ))),
            Some(Closed::SignOn(login)) => {
                let kind = if self.oauth { "OAuth token" } else { "Personal Access token" };
                let words =
                    format!("Resource protected by organization SAML enforcement. You must grant your {kind} access to this organization.");
                let url = format!("{}/orgs/{login}/sso?authorization_request={}", github.links.web, uuid::Uuid::new_v4().simple());
                Err(ApiError::forbidden(&words).with("x-github-sso", format!("required; url={url}")))
            }
        }
    }
}

impl Seen<'_> {
    /// 403 for what is archived.
    pub(crate) fn writable(&self) -> Result<(), ApiError> {
        if self.repository.archived { Err(ApiError::forbidden("Repository was archived so is read-only.")) } else { Ok(()) }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::requires_authentication)
    }
}

/// Middleware: finds the caller, counts the request, adds the limit's headers.
pub(crate) async fn identify(State(github): State<Arc<GitHub>>, mut request: Request, next: Next) -> Response {
    if !request.headers().contains_key(header::USER_AGENT) {
        let message = "Request forbidden by administrative rules. Please make sure your request has a \
                       User-Agent header";
        return ApiError::forbidden(message).into_response();
    }
    let free = request.uri().path().ends_with("/rate_limit");
    let caller = match find(&github, request.headers(), !free) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    let mut response = if caller.used > caller.limit && !free {
        ApiError::new(StatusCode::FORBIDDEN, "API rate limit exceeded").into_response()
    } else {
        request.extensions_mut().insert(caller.clone());
        next.run(request).await
    };
    add_headers(response.headers_mut(), &caller);
    response
}

fn find(github: &GitHub, headers: &HeaderMap, counts: bool) -> Result<Caller, ApiError> {
    let mut world = github.world();
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        world.anonymous_used += u32::from(counts);
        let used = world.anonymous_used;
        return Ok(Caller { user: None, secret: None, oauth: false, scopes: Vec::new(), used, limit: ANONYMOUS_LIMIT });
    };
    let secret = value.to_str().ok().and_then(secret).ok_or_else(ApiError::bad_credentials)?;
    let token: &mut Token = world.tokens.get_mut(&secret).ok_or_else(ApiError::bad_credentials)?;
    token.used += u32::from(counts);
    let (user, oauth, scopes, used) = (Some(token.user), token.app.is_some(), token.scopes.clone(), token.used);
    Ok(Caller { user, secret: Some(secret), oauth, scopes, used, limit: LIMIT })
}

/// The token in an `Authorization` header: bearer, GitHub's own `token`, or basic with the token as password.
fn secret(value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "token" => Some(rest.trim().to_owned()),
        "basic" => {
            let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            Some(text.split_once(':')?.1.to_owned())
        }
        _ => None,
    }
}

/// When the hour's window ends, in seconds since 1970.
pub(crate) fn reset() -> i64 {
    (Utc::now().timestamp() / 3600 + 1) * 3600
}

fn add_headers(headers: &mut HeaderMap, caller: &Caller) {
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set("x-ratelimit-limit", &caller.limit.to_string());
    set("x-ratelimit-remaining", &caller.limit.saturating_sub(caller.used).to_string());
    set("x-ratelimit-used", &caller.used.min(caller.limit).to_string());
    set("x-ratelimit-reset", &reset().to_string());
    set("x-ratelimit-resource", "core");
    if caller.user.is_some() {
        set("x-oauth-scopes", &caller.scopes.join(", "));
        set("x-accepted-oauth-scopes", "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_ways_to_write_a_token_are_read() {
        assert_eq!(secret("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(secret("token abc").as_deref(), Some("abc"));
        assert_eq!(secret("Basic eDphYmM=").as_deref(), Some("abc"));
        assert_eq!(secret("abc"), None);
    }
}
