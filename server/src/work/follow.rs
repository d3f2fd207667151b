//! Follows a repository by its number: its name, its owner and what may be done with it change, and another one may come
//! under the old name. What an event or a redirect says of that only makes us ask.

use super::{Works, github_error};
use crate::db::repository::{self, Repository};
use crate::db::standing::{self, Known, Standing};
use crate::github::RepositoryInfo;

/// What asking came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// It is called as we thought.
    AsBefore,
    /// It has another name or owner, which is known now.
    Moved,
    /// It is gone, or our token is; that is noted.
    OutOfReach,
}

/// Asks where a repository is, and remembers it.
///
/// # Errors
/// GitHub does not answer, or the database's.
pub async fn follow(works: &Works, id: i64) -> anyhow::Result<Followed> {
    let known = repository::by_id(&mut *works.db.read().await?, id).await?;
    let Some(known) = known.filter(|known| known.disconnected_at.is_none()) else { return Ok(Followed::OutOfReach) };
    let asked = async { anyhow::Ok(works.client(&known)?.repository_by_id(id).await?) };
    match asked.await {
        Ok(info) => found(works, &known, &info).await,
        Err(e) => match github_error(&e) {
            Some(refused) if refused.unknown_token() => {
                let why = "GitHub does not know this server's token for it any more: connect it again with another one";
                stands(works, &known, Standing::Refused, why).await?;
                Ok(Followed::OutOfReach)
            }
            Some(refused) if refused.not_found() => {
                let why = "it is deleted at GitHub, or the person whose token this server has may not see it any more";
                stands(works, &known, Standing::Gone, why).await?;
                Ok(Followed::OutOfReach)
            }
            _ => Err(e),
        },
    }
}

async fn found(works: &Works, known: &Repository, info: &RepositoryInfo) -> anyhow::Result<Followed> {
    let full_name = format!("{}/{}", info.owner.login, info.name);
    let moved = full_name != known.full_name();
    let ssh_url = works.github.ssh_url(&full_name);
    let mut tx = works.db.write().await?;
    let is = Known {
        owner: &info.owner.login,
        name: &info.name,
        web_url: &info.html_url,
        ssh_url: &ssh_url,
        default_branch: &info.default_branch,
        visibility: if info.private { "private" } else { "public" },
    };
    standing::know(&mut tx, known.id, is).await?;
    let was = standing::of(&mut tx, known.id).await?.map_or(Standing::Ok, |stands| stands.standing());
    if info.archived {
        standing::set(&mut tx, known.id, Standing::Archived, "it is archived at GitHub: nothing can be pushed to it").await?;
    } else if was != Standing::NoHook {
        standing::set(&mut tx, known.id, Standing::Ok, "").await?;
    }
    tx.commit().await?;
    if moved {
        tracing::info!(repository.id = known.id, was = known.full_name(), is = full_name, "the repository has another name");
    }
    Ok(if moved { Followed::Moved } else { Followed::AsBefore })
}

/// Notes where it stands, and says it once.
///
/// # Errors
/// The database's.
pub async fn stands(works: &Works, repository: &Repository, now: Standing, why: &str) -> anyhow::Result<()> {
    let mut tx = works.db.write().await?;
    let was = standing::of(&mut tx, repository.id).await?.map(|stands| stands.standing());
    standing::set(&mut tx, repository.id, now, why).await?;
    tx.commit().await?;
    if was != Some(now) {
        tracing::warn!(repository = repository.full_name(), standing = now.word(), why, "a repository stands otherwise at GitHub");
    }
    Ok(())
}
