//! From a click to a session: GitHub's web flow, with `state`, PKCE, and a cookie that ties both to the browser that began.

use super::claim::Claim;
use super::{Caller, People, SESSION, Scope, Who, random, sum};
use crate::db::audit::{self, By};
use crate::db::person::{self, Person};
use crate::db::session::{self, Login};
use crate::github::{Github, GithubError, Me};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// How long a person may take at GitHub.
const PATIENCE: chrono::Duration = chrono::Duration::minutes(10);
/// So many logins may be under way at once: whoever begins more fills nothing.
const UNDER_WAY: i64 = 1000;
/// The longest path to go to afterwards.
const LONGEST_PATH: usize = 512;

/// A login that has begun.
#[derive(Debug)]
pub struct Began {
    /// Where the browser is to go, at GitHub.
    pub url: String,
    /// What it must hold when it comes back.
    pub cookie: String,
}

/// A login that came to its end.
#[derive(Debug)]
pub struct Finished {
    /// The session's cookie.
    pub cookie: String,
    /// Our own path to go to.
    pub return_to: String,
}

/// Why somebody is not logged in, in words.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// What came is not what a login looks like.
    #[error("{0}")]
    Unfit(&'static str),
    /// It is known who it is, and that one may not.
    #[error("{0}")]
    Refused(String),
    /// GitHub.
    #[error("GitHub could not be asked: {0}")]
    Github(#[from] GithubError),
    /// The database, or a sealed value.
    #[error("the server cannot log anybody in right now")]
    Broken(#[from] anyhow::Error),
}

impl From<sqlx::Error> for LoginError {
    fn from(e: sqlx::Error) -> LoginError {
        LoginError::Broken(e.into())
    }
}

impl People {
    /// Begins a login. `code` claims a fresh installation.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn begin(&self, to: &str, code: Option<&str>, address: &str) -> Result<Began, LoginError> {
        let inner = &self.0;
        let app = inner.app.as_ref().ok_or(LoginError::Unfit("this server has no login"))?;
        let claims = inner.claim.is_open();
        let now = inner.clock.now();
        if claims && !code.is_some_and(|code| inner.claim.fits(code)) {
            let words = match code {
                Some(code) if !code.is_empty() => {
                    self.failed("a wrong code to claim this server", address).await?;
                    "nobody has claimed this server yet, and this is not the code that its log holds"
                }
                _ => "nobody has claimed this server yet: the code in its log is needed",
            };
            return Err(LoginError::Refused(words.to_owned()));
        }
        let (state, cookie, verifier) = (random(), random(), random());
        let mut tx = inner.db.write().await?;
        if session::under_way(&mut tx).await? >= UNDER_WAY {
            return Err(LoginError::Refused("too many people are logging in at once; try again in some minutes".to_owned()));
        }
        let login = Login {
            cookie: sum(&cookie),
            verifier: inner.seal.seal("login/verifier", verifier.as_bytes())?,
            return_to: own_path(to).to_owned(),
            claims,
        };
        session::begin(&mut tx, &sum(&state), &login, now, now - PATIENCE).await?;
        tx.commit().await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        Ok(Began { url: app.authorize_url(&self.callback(), &state, &challenge), cookie })
    }

    fn callback(&self) -> String {
        format!("{}/login/callback", self.0.public_url)
    }

    /// Finishes a login with what GitHub sent the browser back with.
    ///
    /// # Errors
    /// See [`LoginError`]; then there is no session.
    pub async fn finish(&self, came: &Came, cookie: Option<&str>, address: &str) -> Result<Finished, LoginError> {
        let finished = self.try_finish(came, cookie, address).await;
        if let Err(e @ (LoginError::Unfit(_) | LoginError::Refused(_))) = &finished {
            self.failed(&e.to_string(), address).await?;
        }
        finished
    }

    async fn try_finish(&self, came: &Came, cookie: Option<&str>, address: &str) -> Result<Finished, LoginError> {
        const AGAIN: LoginError = LoginError::Unfit("this login did not begin in this browser, or more than ten minutes ago, or is over");
        let inner = &self.0;
        let app = inner.app.as_ref().ok_or(LoginError::Unfit("this server has no login"))?;
        let (Some(state), Some(cookie)) = (&came.state, cookie) else { return Err(AGAIN) };
        let now = inner.clock.now();
        let mut tx = inner.db.write().await?;
        let login = session::take(&mut tx, &sum(state), now - PATIENCE).await?;
        tx.commit().await?;
        let login = login.filter(|login| login.cookie == sum(cookie)).ok_or(AGAIN)?;
        if came.iss.as_ref().is_some_and(|iss| *iss != app.issuer()) {
            return Err(LoginError::Unfit("the answer is not from the GitHub that was asked"));
        }
        if came.error.is_some() {
            return Err(LoginError::Refused("the login was given up at GitHub".to_owned()));
        }
        let code = came.code.as_ref().ok_or(LoginError::Unfit("GitHub sent no code"))?;
        let verifier = inner.seal.open_text("login/verifier", &login.verifier)?;
        let token = app.exchange(code, &verifier, &self.callback()).await.map_err(|e| match e.status {
            Some(400) => LoginError::Refused(format!("GitHub does not take the code: {}", e.why)),
            _ => e.into(),
        })?;
        let github = Github::new(&inner.github.github_api, &token)?;
        let me = github.me().await?;
        self.admit(&github, me, &token, &login, address).await
    }

    /// Somebody is who GitHub says: may they come in?
    async fn admit(&self, github: &Github, me: Me, token: &str, login: &Login, address: &str) -> Result<Finished, LoginError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let known = person::by_id(&mut *inner.db.read().await?, me.id).await?;
        let named = inner.settings.admins.iter().any(|admin| admin.names(&me));
        let claimed = self.claimed_by(me.id).await?;
        if !(login.claims || claimed || named || self.is_allowed(github, &me).await?) {
            return Err(LoginError::Refused(format!("{} may not log in here: an admin of this server can allow it", me.login)));
        }
        let cookie = random();
        let mut tx = inner.db.write().await?;
        let claims = login.claims && Claim::claim(&mut tx, me.id).await?;
        if login.claims && !claims && !(claimed || named || known.is_some_and(|known| known.admin)) {
            return Err(LoginError::Refused("somebody else has claimed this server meanwhile".to_owned()));
        }
        let sealed = inner.seal.seal(&Person::row(me.id), token.as_bytes())?;
        let name = me.name.clone().unwrap_or_else(|| me.login.clone());
        let person = Person { id: me.id, login: me.login, name, admin: claims || claimed || named, token: sealed };
        person::save(&mut tx, &person, now).await?;
        session::add(&mut tx, &sum(&cookie), person.id, address, now, now + SESSION).await?;
        let by = By { person: Some(person.id), words: &person.login, address };
        audit::add(&mut tx, now, by, if claims { "claim" } else { "login" }, "/").await?;
        tx.commit().await?;
        if claims {
            inner.claim.close();
        }
        inner.cache.forget(person.id);
        Ok(Finished { cookie, return_to: login.return_to.clone() })
    }

    async fn claimed_by(&self, person: i64) -> Result<bool, LoginError> {
        Ok(Claim::by(&mut *self.0.db.read().await?).await?.is_some_and(|by| by == person))
    }

    async fn is_allowed(&self, github: &Github, me: &Me) -> Result<bool, LoginError> {
        for allowed in &self.0.settings.login {
            if allowed.means(me, github).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Who holds this session's cookie.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_session(&self, cookie: &str) -> sqlx::Result<Option<Who>> {
        let id = sum(cookie);
        let found = session::person(&mut *self.0.db.read().await?, &id, self.0.clock.now()).await?;
        Ok(found.map(|person| Who::Person { person: Arc::new(person), scope: Scope::Admin, session: Some(id) }))
    }

    /// What a page sends along with what changes something. It says nothing of the cookie, and is different in each session.
    pub fn page_token(session: &[u8]) -> String {
        crate::store::hex(&Sha256::digest([b"page ", session].concat()))
    }

    /// Ends the caller's session, or all of them.
    ///
    /// # Errors
    /// The database's.
    pub async fn log_out(&self, caller: &Caller, everywhere: bool) -> sqlx::Result<()> {
        let Some(person) = caller.person() else { return Ok(()) };
        let mut tx = self.0.db.write().await?;
        match caller.session() {
            _ if everywhere => session::end_all(&mut tx, person.id).await?,
            Some(id) => session::end(&mut tx, id).await?,
            None => return Ok(()),
        }
        let what = if everywhere { "logout everywhere" } else { "logout" };
        audit::add(&mut tx, self.0.clock.now(), caller.by(), what, "/").await?;
        tx.commit().await
    }

    /// Writes a failed try into the trail; a flood of them is counted, not written.
    async fn failed(&self, why: &str, address: &str) -> Result<(), LoginError> {
        let now = self.0.clock.now();
        if let Some(before) = self.0.failures.count(now) {
            let more = if before > 0 { format!(" (and {before} more before, not written down)") } else { String::new() };
            let mut tx = self.0.db.write().await?;
            let by = By { person: None, words: "nobody", address };
            audit::add(&mut tx, now, by, "failed login", &format!("{why}{more}")).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// What GitHub sends a browser back with.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Came {
    /// The code.
    pub code: Option<String>,
    /// What we said.
    pub state: Option<String>,
    /// It was refused.
    pub error: Option<String>,
    /// Who answers.
    pub iss: Option<String>,
}

/// A path of ours, and nothing that a browser could take for another's: the front page else.
pub fn own_path(to: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~?=&%+,:@".contains(c);
    let fits = to.len() <= LONGEST_PATH
        && to.starts_with('/')
        && !to.starts_with("//")
        && to.chars().all(plain)
        // What is encoded once more could be taken for a slash by something in between.
        && !["%2f", "%5c", "%09", "%0a", "%0d", "%25"].iter().any(|bad| to.to_ascii_lowercase().contains(bad));
    if fits { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn s52_only_an_own_path_is_gone_to() {
        for own in ["/", "/results/local/app/1?tab=log", "/connect?q=a%20b"] {
            assert_eq!(own_path(own), own);
        }
        for bad in [
            "",
            "//e",
            "/\\e",
            "/%5ce",
            "/\te",
            "https:e",
            "https://e",
            "javascript:alert(1)",
            "@e",
            "e",
            "\\\\e",
            "/%2fe",
            "/%252525252fe",
            "/\r\nSet-Cookie: a=b",
            "/ e",
            "/é",
            "///e",
            "/%09/e",
        ] {
            assert_eq!(own_path(bad), "/", "{bad:?}");
        }
        assert_eq!(own_path(&format!("/{}", "a".repeat(600))), "/");
    }
}
