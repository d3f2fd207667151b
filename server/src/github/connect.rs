//! What connecting a repository takes: the repository itself, its deploy key, GitHub's host keys.

use super::{Github, GithubError};
use serde::Deserialize;
use serde_json::json;

/// A repository, as much as we keep.
#[derive(Debug, Clone, Deserialize)]
pub struct RepositoryInfo {
    /// Its numeric id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: Owner,
    /// Its page.
    pub html_url: String,
    /// Its default branch.
    pub default_branch: String,
    /// As `git@github.com:owner/name.git` or `ssh://…`.
    pub ssh_url: String,
    /// Do only some people see it?
    #[serde(default)]
    pub private: bool,
    /// Is it archived (read-only)?
    #[serde(default)]
    pub archived: bool,
    /// What our token may do there.
    #[serde(default)]
    pub permissions: Option<Permissions>,
}

/// An owner.
#[derive(Debug, Clone, Deserialize)]
pub struct Owner {
    /// Login.
    pub login: String,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Permissions {
    /// Administer: needed for webhooks and keys.
    pub admin: bool,
}

#[derive(Deserialize)]
struct Id {
    id: i64,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    ssh_keys: Vec<String>,
}

impl Github {
    /// The repository with that full name.
    ///
    /// # Errors
    /// The call failed.
    pub async fn repository(&self, full_name: &str) -> Result<RepositoryInfo, GithubError> {
        self.get(&format!("read {full_name}"), &format!("repos/{full_name}")).await
    }

    /// The repository with that number, whatever it is called by now.
    ///
    /// # Errors
    /// The call failed; 404 where it is deleted or hidden from us.
    pub async fn repository_by_id(&self, id: i64) -> Result<RepositoryInfo, GithubError> {
        self.get(&format!("read the repository with the id {id}"), &format!("repositories/{id}")).await
    }

    /// Adds a read-only deploy key. Returns its id.
    ///
    /// # Errors
    /// The call failed; 422 where the organisation forbids deploy keys or another repository has this one.
    pub async fn add_deploy_key(&self, full_name: &str, title: &str, public: &str) -> Result<i64, GithubError> {
        let body = json!({ "title": title, "key": public, "read_only": true });
        let made: Id = self.post(&format!("add a deploy key to {full_name}"), &format!("repos/{full_name}/keys"), &body).await?;
        Ok(made.id)
    }

    /// Removes a deploy key; gone already is fine.
    ///
    /// # Errors
    /// The call failed.
    pub async fn remove_deploy_key(&self, full_name: &str, id: i64) -> Result<(), GithubError> {
        self.delete(&format!("remove the deploy key of {full_name}"), &format!("repos/{full_name}/keys/{id}")).await
    }

    /// The host keys of GitHub's ssh server, as `ssh-ed25519 AAAA…`.
    ///
    /// # Errors
    /// The call failed.
    pub async fn ssh_host_keys(&self) -> Result<Vec<String>, GithubError> {
        let meta: Meta = self.get("read GitHub's ssh host keys", "meta").await?;
        Ok(meta.ssh_keys)
    }
}
