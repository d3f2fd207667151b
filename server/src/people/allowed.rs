//! Who may log in, as the settings say it.

use crate::github::{Github, GithubError, Me};
use std::str::FromStr;

/// One entry of the list. Whole names and numbers are compared, never parts: there are no patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Everybody that GitHub knows.
    Everybody,
    /// A login.
    Login(String),
    /// A person's numeric id, which stays when the login changes.
    Id(i64),
    /// Who is in an organisation.
    Org(String),
    /// Who is in a team.
    Team(String, String),
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Allowed, String> {
        let good = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let unfit = || format!("`{}` is nobody: write octocat, id:583231, org:acme, team:acme/ops or *", text.escape_debug());
        match text.split_once(':') {
            None if text == "*" => Ok(Allowed::Everybody),
            None if good(text) => Ok(Allowed::Login(text.to_owned())),
            Some(("id", id)) if id.bytes().all(|b| b.is_ascii_digit()) => id.parse().map(Allowed::Id).map_err(|_| unfit()),
            Some(("org", org)) if good(org) => Ok(Allowed::Org(org.to_owned())),
            Some(("team", team)) => match team.split_once('/') {
                Some((org, team)) if good(org) && good(team) => Ok(Allowed::Team(org.to_owned(), team.to_owned())),
                _ => Err(unfit()),
            },
            _ => Err(unfit()),
        }
    }
}

impl Allowed {
    /// Is this person meant, by what can be said without asking?
    pub fn names(&self, me: &Me) -> bool {
        match self {
            Allowed::Everybody => true,
            // Logins are the same in whatever case they are written.
            Allowed::Login(login) => login.eq_ignore_ascii_case(&me.login),
            Allowed::Id(id) => *id == me.id,
            Allowed::Org(_) | Allowed::Team(..) => false,
        }
    }

    /// Is this person meant? GitHub is asked with the person's own token.
    ///
    /// # Errors
    /// GitHub does not answer.
    pub async fn means(&self, me: &Me, github: &Github) -> Result<bool, GithubError> {
        match self {
            Allowed::Org(org) => github.is_in_org(org).await,
            Allowed::Team(org, team) => github.is_in_team(org, team, &me.login).await,
            _ => Ok(self.names(me)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn names(entry: &str, id: i64, login: &str) -> bool {
        entry.parse::<Allowed>().unwrap().names(&Me { id, login: login.to_owned(), name: None })
    }

    #[test]
    fn s08_a_number_is_a_whole_number_and_a_name_a_whole_name() {
        assert!(names("id:12345", 12345, "x"));
        assert!([9_123_456, 123_450, 2345, 1234, -12345].iter().all(|id| !names("id:12345", *id, "12345")));
        assert!(names("12345", 1, "12345"), "a login may be made of digits: it is no number then");
        assert!(!names("12345", 12345, "someone"));
        assert!(names("Octocat", 1, "octoCat"));
        assert!(["octocat2", "xoctocat", "octo", "octocat\n"].iter().all(|login| !names("octocat", 1, login)));
        for bad in ["id:12345\n", "id:", "id:+5", "id: 5", "a b", "^octo.*$", "octo*", "team:acme", "team:/x", "org:", "user:x", ""] {
            assert!(bad.parse::<Allowed>().is_err(), "{bad:?}");
        }
    }
}
