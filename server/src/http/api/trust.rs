//! Code that nobody trusts yet: who may let it run, and whether it still is what was looked at.

use super::super::{App, Fault};
use crate::db::repository;
use crate::db::run::Stored;
use crate::people::Caller;
use axum::http::StatusCode;
use dockercise_pipeline::trigger::Trigger;

/// Goes on where the caller, who may push to the repository, may let this pull request's code run: not its own author, and
/// only while it is open and at the very commit that the run is of. That is asked at the click, for a delivery may be late.
///
/// # Errors
/// In words; or nobody can tell.
pub async fn may_trust(app: &App, caller: &Caller, stored: &Stored) -> Result<(), Fault> {
    let trigger = stored.trigger()?;
    let Trigger::PullRequest { number, author, .. } = &trigger else { return Ok(()) };
    // By number: a login can be somebody else's tomorrow.
    let own = trigger.is_own(stored.row.repository);
    if !own && caller.person().is_some_and(|person| Some(person.id) == *author) {
        let help = "somebody else who may push to the repository looks at it and clicks";
        return Err(Fault::new(StatusCode::FORBIDDEN, "nobody lets the code of their own fork run", Some(help)));
    }
    let Some(repository) = repository::by_id(&mut *app.db.read().await?, stored.row.repository).await? else {
        return Err(Fault::not_found());
    };
    if app.people.sees_pull_request_at(caller, &repository.full_name(), *number, &stored.row.sha).await? {
        return Ok(());
    }
    let words = format!("pull request #{number} is closed, or at another commit by now");
    Err(Fault::new(StatusCode::CONFLICT, words, Some("what it is now waits at a gate of its own")))
}
