//! Which repositories a person may connect, and what is there already of a connection.

use super::{Github, GithubError, RepositoryInfo, escape, full};
use serde::Deserialize;

/// So many repositories a page.
pub const PAGE: usize = 30;
/// So many organisations are searched in.
const ORGANISATIONS: usize = 100;

#[derive(Deserialize)]
struct Found {
    items: Vec<RepositoryInfo>,
}

#[derive(Deserialize)]
struct Named {
    login: String,
}

#[derive(Deserialize)]
struct Key {
    id: i64,
    key: String,
}

#[derive(Deserialize)]
struct Hook {
    id: i64,
    config: HookConfig,
}

#[derive(Deserialize)]
struct HookConfig {
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct Sent {
    status: String,
}

impl Github {
    /// The repositories that the token's person has a part in, those pushed to last first; pages count from 1.
    ///
    /// # Errors
    /// The call failed.
    pub async fn own_repositories(&self, page: usize) -> Result<Vec<RepositoryInfo>, GithubError> {
        let route = format!("user/repos?sort=pushed&per_page={PAGE}&page={page}");
        self.get("list your repositories", &route).await
    }

    /// Those of the person and of the person's organisations that have these words in their names.
    ///
    /// # Errors
    /// A call failed.
    pub async fn search_repositories(&self, words: &str, page: usize) -> Result<Vec<RepositoryInfo>, GithubError> {
        let me: Named = self.get("ask who searches", "user").await?;
        // Without the scope for them, or where they let nobody in, there are none.
        let organisations: Vec<Named> =
            self.get("list your organisations", &format!("user/orgs?per_page={ORGANISATIONS}")).await.unwrap_or_default();
        let owners: String = organisations.iter().map(|own| format!(" org:{}", own.login)).collect();
        let query = format!("{} in:name fork:true user:{}{owners}", plain(words), me.login);
        let route = format!("search/repositories?q={}&per_page={PAGE}&page={page}", escape(&query).replace('/', "%2F"));
        let found: Found = self.get("search repositories", &route).await?;
        Ok(found.items)
    }

    /// Those of others that the person was invited to.
    ///
    /// # Errors
    /// The call failed.
    pub async fn invited_repositories(&self) -> Result<Vec<RepositoryInfo>, GithubError> {
        self.get("list repositories you were invited to", "user/repos?affiliation=collaborator&sort=pushed&per_page=100").await
    }

    /// The repository's deploy key that is this one (algorithm and key, without comment), if it is there.
    ///
    /// # Errors
    /// The call failed.
    pub async fn deploy_key_like(&self, full_name: &str, public: &str) -> Result<Option<i64>, GithubError> {
        let keys: Vec<Key> =
            self.get(&format!("list the deploy keys of {full_name}"), &format!("repos/{full_name}/keys?per_page=100")).await?;
        let plain = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        Ok(keys.into_iter().find(|key| plain(&key.key) == plain(public)).map(|key| key.id))
    }

    /// The repository's webhook that delivers there, if it has one.
    ///
    /// # Errors
    /// The call failed.
    pub async fn hook_at(&self, full_name: &str, url: &str) -> Result<Option<i64>, GithubError> {
        let hooks: Vec<Hook> =
            self.get(&format!("list the webhooks of {full_name}"), &format!("repos/{full_name}/hooks?per_page=100")).await?;
        Ok(hooks.into_iter().find(|hook| hook.config.url == url).map(|hook| hook.id))
    }

    /// Has a webhook deliver a ping.
    ///
    /// # Errors
    /// The call failed.
    pub async fn ping_hook(&self, full_name: &str, id: i64) -> Result<(), GithubError> {
        let what = format!("ping the webhook of {full_name}");
        let route = full(&format!("repos/{full_name}/hooks/{id}/pings"));
        match self.call(&what, self.crab._post(route, None::<&()>)).await {
            // Gone meanwhile: nothing will come of it, and that is told.
            Err(e) if !e.not_found() => Err(e),
            _ => Ok(()),
        }
    }

    /// What became of a webhook's newest delivery, in GitHub's words; none where there was none.
    ///
    /// # Errors
    /// The call failed.
    pub async fn newest_delivery(&self, full_name: &str, id: i64) -> Result<Option<String>, GithubError> {
        let route = format!("repos/{full_name}/hooks/{id}/deliveries?per_page=1");
        let sent: Vec<Sent> = self.get(&format!("read what the webhook of {full_name} delivered"), &route).await?;
        Ok(sent.into_iter().next().map(|sent| sent.status))
    }
}

/// Words without what a search takes for more than words.
fn plain(words: &str) -> String {
    let kept: String = words.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { ' ' }).take(200).collect();
    let each = kept.split_whitespace().filter(|word| !["AND", "OR", "NOT"].contains(word));
    each.map(|word| word.trim_start_matches('-')).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn words_cannot_widen_a_search() {
        assert_eq!(plain("tea user:torvalds OR  -shop \"x\""), "tea user torvalds shop x");
    }
}
