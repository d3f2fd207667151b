//! What stands in the way of connecting a repository, by what GitHub answers: what it is, and what to do about it.

use super::GithubError;

/// A refusal in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it is.
    pub error: String,
    /// What to do.
    pub help: String,
}

impl Refusal {
    /// In words.
    pub fn new(error: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal { error: error.into(), help: help.into() }
    }

    /// What GitHub's answer means, to who connects `full_name`; `web` is the base of GitHub's pages.
    pub fn of(e: &GithubError, full_name: &str, web: &str) -> Refusal {
        let says = |words: &str| e.why.contains(words);
        let organisation = full_name.split('/').next().unwrap_or_default();
        if says("OAuth App access restrictions") {
            let owner = e.why.split('`').nth(1).unwrap_or(organisation);
            return Refusal::new(
                format!("the organisation {owner} has not approved this server's OAuth app ({e})"),
                format!(
                    "ask an owner of {owner} to approve it: {web}/organizations/{owner}/settings/oauth_application_policy; then try again"
                ),
            );
        }
        if says("SAML enforcement") || says("SAML SSO") {
            let url = e.why.split(|c: char| c.is_whitespace() || "()<>".contains(c)).find(|word| word.contains("/sso"));
            let url = url.map_or_else(|| format!("{web}/orgs/{organisation}/sso"), str::to_owned);
            return Refusal::new(
                format!("the organisation {organisation} wants single sign-on ({e})"),
                format!("open {url}, sign on, and try again"),
            );
        }
        if says("was archived") {
            return archived(full_name);
        }
        if says("Deploy keys are disabled") {
            return Refusal::new(
                format!("{full_name} may have no deploy keys ({e})"),
                format!(
                    "the organisation forbids them; an owner can allow them: {web}/organizations/{organisation}/settings/member_privileges, under Deploy keys (or the enterprise, under Policies)"
                ),
            );
        }
        if says("cannot have more than") {
            return Refusal::new(
                format!("{full_name} has as many webhooks as GitHub allows ({e})"),
                format!("remove one that is not needed any more: {web}/{full_name}/settings/hooks; then try again"),
            );
        }
        if says("public Internet") || says("url is not supported") {
            return Refusal::new(
                format!("GitHub cannot reach this server ({e})"),
                "set its public address to one that GitHub can reach: --public-url or DOCKERCISE_PUBLIC_URL; behind a router that is the address of a proxy or tunnel",
            );
        }
        match e.status {
            Some(401) => Refusal::new(
                format!("{e}"),
                "GitHub does not know this token: log out and in again; at the command line make a new one with the scopes `repo` and `admin:repo_hook`",
            ),
            Some(404) => Refusal::new(
                e.to_string(),
                "is the name right, and may this token see it and administer it? Webhooks and deploy keys need an admin of the repository, and the scopes `repo` and `admin:repo_hook`",
            ),
            Some(403) => Refusal::new(
                e.to_string(),
                "GitHub does not allow it: look at the rights of the person who connects, and at the organisation's settings",
            ),
            _ => Refusal::new(e.to_string(), "try again; if it stays, look at the server's log"),
        }
    }
}

/// Nothing can be added to what is archived.
pub fn archived(full_name: &str) -> Refusal {
    Refusal::new(
        format!("{full_name} is archived: nothing can be pushed to it, and no webhook be added"),
        "unarchive it in its settings at GitHub",
    )
}

/// Who connects is no admin.
pub fn no_admin(full_name: &str) -> Refusal {
    Refusal::new(
        format!("the token may not administer {full_name}, which webhooks and deploy keys need"),
        "use the token of an admin of the repository; on the page: ask one of its admins to connect it, or to make you one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, why: &str) -> Refusal {
        let e = GithubError::new("add a webhook to acme/app", why, Some(status));
        Refusal::of(&e, "acme/app", "https://github.com")
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        let ways = [
            (
                403,
                "the `Acme-Inc` organization has enabled OAuth App access restrictions, meaning",
                "organizations/Acme-Inc/settings/oauth",
            ),
            (
                403,
                "Resource protected by organization SAML enforcement. (https://github.com/orgs/acme/sso?a=b)",
                "open https://github.com/orgs/acme/sso?a=b,",
            ),
            (403, "Resource protected by organization SAML enforcement.", "open https://github.com/orgs/acme/sso,"),
            (403, "Repository was archived so is read-only.", "unarchive"),
            (422, "Deploy keys are disabled for this repository", "an owner can allow them"),
            (422, "Validation Failed (The \"push\" event cannot have more than 20 hooks)", "remove one"),
            (422, "url is not supported because it isn't reachable over the public Internet (localhost)", "--public-url"),
            (401, "Bad credentials", "log out and in again"),
            (404, "Not Found", "admin of the repository"),
        ];
        for (status, why, help) in ways {
            let refusal = of(status, why);
            assert!(refusal.help.contains(help), "{why}: {refusal:?}");
            assert!(!refusal.error.is_empty());
        }
    }
}
