//! The connected repositories, as they stand at GitHub.

use super::super::{App, Fault};
use crate::db::standing;
use crate::people::Caller;
use crate::view::{Repositories, RepositoryLine};
use axum::Json;
use axum::extract::State;

/// All connected repositories that the caller may see.
#[utoipa::path(get, path = "/api/repositories", responses((status = 200, body = Repositories)))]
pub async fn connected_repositories(State(app): State<App>, caller: Caller) -> Result<Json<Repositories>, Fault> {
    let all = standing::all(&mut *app.db.read().await?).await?;
    let seen = app.people.seen(&caller, all.iter().map(|stands| stands.id).collect()).await;
    let line = |stands: standing::Stands| RepositoryLine {
        standing: stands.standing().word().to_owned(),
        account: stands.account,
        name: stands.full_name,
        url: stands.web_url,
        note: Some(stands.note).filter(|note| !note.is_empty()),
        public: stands.visibility == "public",
        looked_at: stands.looked_at,
    };
    Ok(Json(Repositories { repositories: all.into_iter().filter(|stands| seen.contains(&stands.id)).map(line).collect() }))
}
