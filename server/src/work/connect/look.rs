//! The steps that look whether all is well: the pipeline files, and GitHub's first delivery.

use super::{Connecting, Stop, client, known, refused};
use crate::db::connection::{Connection, Found, StepName};
use crate::github::Refusal;
use crate::work::read as files;
use anyhow::Context as _;

/// For so long GitHub's first delivery is waited for.
const PATIENCE: chrono::Duration = chrono::Duration::seconds(60);

/// Reads the pipeline files of the default branch.
pub async fn read(c: &Connecting<'_>, row: &mut Connection) -> Result<String, Stop> {
    let github = client(c, row)?;
    let repository = known(c, row).await?.context("the repository's row is gone")?;
    let branch = repository.default_branch.clone();
    let sha = match github.branch_tip(&row.full_name, &branch).await {
        Ok(sha) => sha,
        Err(e) => return Err(refused(c, row, e)),
    };
    let Some(sha) = sha else {
        row.found = Some(Found { branch: branch.clone(), sha: None, plan: None, diagnostics: Vec::new() });
        return Ok(format!("nothing has been pushed to `{}` yet", branch.escape_debug()));
    };
    let compiled = match files::files(&github, &repository, &sha).await {
        Ok(compiled) => compiled,
        Err(e) => {
            return Err(match e.downcast() {
                Ok(e) => refused(c, row, e),
                Err(e) => Stop::Broken(e),
            });
        }
    };
    let count = compiled.pipelines.len();
    let errors = compiled.plan.is_none();
    let plan = compiled.plan.filter(|_| count > 0);
    row.found = Some(Found { branch: branch.clone(), sha: Some(sha), plan, diagnostics: compiled.diagnostics });
    let files = if count == 1 { "pipeline file" } else { "pipeline files" };
    Ok(match (count, errors) {
        (0, _) => format!("there is no `*.dockercise.yaml` on `{}` yet", branch.escape_debug()),
        (count, true) => format!("read {count} {files} on `{}`: there are mistakes", branch.escape_debug()),
        (count, false) => format!("read {count} {files} on `{}`", branch.escape_debug()),
    })
}

/// Waits for GitHub's first delivery: only it shows that GitHub reaches this server.
pub async fn ping(c: &Connecting<'_>, row: &Connection) -> Result<String, Stop> {
    let repository = known(c, row).await?.context("the repository's row is gone")?;
    if repository.verified_at.is_some_and(|at| at >= row.began_at) {
        return Ok("GitHub's first delivery has come".to_owned());
    }
    let since = row.steps.iter().find(|step| step.name == StepName::Ping).and_then(|step| step.at).unwrap_or(row.began_at);
    if c.clock.now() < since + PATIENCE {
        return Err(Stop::Wait("waiting for GitHub's first delivery".to_owned(), since + PATIENCE));
    }
    let said = match repository.hook_id {
        Some(hook) => client(c, row)?.newest_delivery(&row.full_name, hook).await.ok().flatten(),
        None => None,
    };
    let said = said.map(|status| format!(" (GitHub says: {status})")).unwrap_or_default();
    Err(Stop::Left(Refusal::new(
        format!("GitHub could not reach {}: nothing was delivered within a minute{said}", c.public_url),
        format!(
            "can {} be opened from the internet? look at --public-url, the name in DNS, the firewall and the proxy; then press Redeliver at {}/{}/settings/hooks",
            c.public_url, c.github.github_web, row.full_name
        ),
    )))
}
