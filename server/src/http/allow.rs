//! May the caller? Every handler of something that belongs to a repository asks here first.

use super::{App, Fault};
use crate::github::Permission;
use crate::people::{Caller, RightsError, Scope};
use axum::http::StatusCode;

/// What a handler does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Shows something.
    See,
    /// Clicks, starts, cancels, runs again: for whoever may push.
    Run,
    /// Sets what belongs to a repository: for its admins.
    Administer,
}

/// Goes on, or says in words why not. What the caller may not even see is not found.
///
/// # Errors
/// See above; or nobody can tell.
pub async fn repository(app: &App, caller: &Caller, repository: i64, act: Act) -> Result<(), Fault> {
    let (scope, needed, words) = match act {
        Act::See => (Scope::Read, Permission::Read, ""),
        Act::Run => (Scope::Run, Permission::Write, "this is for people who may push to the repository"),
        Act::Administer => (Scope::Admin, Permission::Admin, "this is for admins of the repository"),
    };
    // What changes something is asked at the click.
    let permission = app.people.permission(caller, repository, act != Act::See).await?;
    if permission < Permission::Read {
        return Err(Fault::not_found());
    }
    if permission < needed {
        return Err(Fault::new(StatusCode::FORBIDDEN, words, Some("who may what is set at GitHub; it counts here at once")));
    }
    if act != Act::See && !caller.has(scope) {
        let words = format!("this token is not for that: it takes one with the scope `{}`", scope.word());
        return Err(Fault::new(StatusCode::FORBIDDEN, words, Some("make one on the page /settings")));
    }
    Ok(())
}

/// Only for who runs this server.
///
/// # Errors
/// In words.
pub fn admin(caller: &Caller) -> Result<(), Fault> {
    if caller.is_admin() {
        return Ok(());
    }
    Err(Fault::new(StatusCode::FORBIDDEN, "this is for admins of this server", Some("they are named by --admin, besides who claimed it")))
}

impl From<RightsError> for Fault {
    fn from(e: RightsError) -> Fault {
        match e {
            RightsError::LoggedOut => Fault::log_in(),
            RightsError::Github(_) => {
                tracing::warn!(error = %e, "rights cannot be looked up");
                Fault::new(StatusCode::SERVICE_UNAVAILABLE, e.to_string(), Some("try again in a moment"))
            }
            RightsError::Broken(inner) => {
                tracing::error!(error = format!("{inner:#}"), "rights cannot be looked up");
                Fault::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "what you may do here cannot be looked up right now",
                    Some("the server's log says more"),
                )
            }
        }
    }
}
