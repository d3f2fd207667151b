//! OAuth apps: who they are, the codes on their way, the tokens that people gave them.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::github::GitHub;
use crate::links::{decode, encode_value};
use crate::start::Standin;
use crate::state::{Token, World};

/// How long a code may be exchanged (GitHub's docs, "Authorizing OAuth apps").
const CODE_LIVES: TimeDelta = TimeDelta::minutes(10);

/// An OAuth app as its owner registered it.
#[derive(Debug, Clone, Serialize)]
pub struct OAuthApp {
    /// Its public name.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// What people are shown.
    #[serde(skip)]
    pub name: String,
    /// Where people are sent back to: there, or below it.
    #[serde(skip)]
    pub callback_url: String,
}

/// A code that was given to an app and not exchanged yet.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    client_id: String,
    user: u64,
    scopes: Vec<String>,
    redirect_uri: String,
    /// Of PKCE, method S256.
    challenge: Option<String>,
    made_at: DateTime<Utc>,
}

/// What an app asks a person for: the query of `/login/oauth/authorize`.
#[derive(Debug, Clone, Default, serde::Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) state: String,
    pub(crate) code_challenge: String,
    pub(crate) code_challenge_method: String,
    pub(crate) allow_signup: String,
    pub(crate) prompt: String,
}

/// Why a person is shown an error page and is not sent back: nobody knows that the address belongs to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unasked {
    /// There is no such app.
    NoApp,
    /// The address is not the registered one, nor below it.
    Redirect,
    /// PKCE by another method than S256.
    Challenge,
}

impl Asked {
    /// The scopes, each once, in order.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let each = self.scope.split([' ', ',']).filter(|scope| !scope.is_empty());
        each.filter(|scope| seen.insert(*scope)).map(str::to_owned).collect()
    }

    /// Reads the query of an address.
    pub(crate) fn of(url: &str) -> Self {
        let mut asked = Self::default();
        for pair in url.split_once('?').map_or("", |(_, query)| query).split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(&value.replace('+', " "));
            match name {
                "client_id" => asked.client_id = value,
                "redirect_uri" => asked.redirect_uri = value,
                "scope" => asked.scope = value,
                "state" => asked.state = value,
                "code_challenge" => asked.code_challenge = value,
                "code_challenge_method" => asked.code_challenge_method = value,
                _ => {}
            }
        }
        asked
    }

    /// The app, and where the person is sent back to.
    pub(crate) fn checked(&self, world: &World) -> Result<(OAuthApp, String), Unasked> {
        let app = world.apps.get(&self.client_id).cloned().ok_or(Unasked::NoApp)?;
        let back = if self.redirect_uri.is_empty() { app.callback_url.clone() } else { self.redirect_uri.clone() };
        if !below(&app.callback_url, &back) {
            return Err(Unasked::Redirect);
        }
        if !self.code_challenge.is_empty() && self.code_challenge_method != "S256" {
            return Err(Unasked::Challenge);
        }
        Ok((app, back))
    }

    /// The address back with an answer in its query.
    pub(crate) fn back(&self, to: &str, answer: &[(&str, &str)]) -> String {
        let mut query: Vec<String> = answer.iter().map(|(name, value)| format!("{name}={}", encode_value(value.as_bytes()))).collect();
        if !self.state.is_empty() {
            query.push(format!("state={}", encode_value(self.state.as_bytes())));
        }
        format!("{to}{}{}", if to.contains('?') { '&' } else { '?' }, query.join("&"))
    }
}

/// Host and port must be the same and the path the same or below; a registered loopback address may have any port.
fn below(registered: &str, wanted: &str) -> bool {
    let (Some((scheme, at, path)), Some((other, to, below))) = (parts(registered), parts(wanted)) else { return false };
    let loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&at);
    let host = to == at || loopback && to.rsplit_once(':').is_some_and(|(host, port)| host == at && port.parse::<u16>().is_ok());
    let path = path.trim_end_matches('/');
    let inside = below.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    // A path that climbs is not below, whatever it begins with.
    scheme == other && host && inside && !decode(below).split(['/', '\\']).any(|part| part == "..")
}

/// Scheme, host with port, and path of an address.
fn parts(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme))?;
    let (at, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    (!at.is_empty() && !at.contains(['@', '\\', '#']) && !path.contains('#')).then_some((scheme, at, path))
}

/// Why a code is not exchanged: GitHub's `error`, and its words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotExchanged(pub(crate) &'static str, pub(crate) &'static str);

const CREDENTIALS: NotExchanged = NotExchanged("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.");
const REDIRECT: NotExchanged =
    NotExchanged("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application.");
const CODE: NotExchanged = NotExchanged("bad_verification_code", "The code passed is incorrect or expired.");

/// What an app sends to have a code exchanged.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Exchange {
    client_id: String,
    client_secret: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
}

impl World {
    /// The person agrees: a code for the app.
    pub(crate) fn agree(&mut self, user: u64, asked: &Asked, back: String) -> String {
        let code = Uuid::new_v4().simple().to_string()[..20].to_owned();
        let scopes = asked.scopes();
        let granted = self.grants.entry((asked.client_id.clone(), user)).or_default();
        granted.extend(scopes.iter().cloned());
        let challenge = Some(asked.code_challenge.clone()).filter(|challenge| !challenge.is_empty());
        let client_id = asked.client_id.clone();
        self.codes.insert(code.clone(), Code { client_id, user, scopes, redirect_uri: back, challenge, made_at: Utc::now() });
        code
    }

    /// Has the person agreed to all of this before? Then GitHub does not ask again.
    pub(crate) fn agreed(&self, user: u64, asked: &Asked) -> bool {
        let granted = self.grants.get(&(asked.client_id.clone(), user));
        granted.is_some_and(|granted| asked.scopes().iter().all(|scope| granted.contains(scope)))
    }

    /// A token for a code. A code that was tried is gone.
    pub(crate) fn exchange(&mut self, wanted: &Exchange) -> Result<(String, Vec<String>), NotExchanged> {
        let app = self.apps.get(&wanted.client_id).filter(|app| app.client_secret == wanted.client_secret).ok_or(CREDENTIALS)?;
        let (client_id, callback) = (app.client_id.clone(), app.callback_url.clone());
        if !wanted.redirect_uri.is_empty() && !below(&callback, &wanted.redirect_uri) {
            return Err(REDIRECT);
        }
        let code = self.codes.remove(&wanted.code).filter(|code| code.client_id == client_id).ok_or(CODE)?;
        if Utc::now() - code.made_at > CODE_LIVES {
            return Err(CODE);
        }
        if !wanted.redirect_uri.is_empty() && wanted.redirect_uri != code.redirect_uri {
            return Err(REDIRECT);
        }
        if let Some(challenge) = &code.challenge
            && *challenge != URL_SAFE_NO_PAD.encode(Sha256::digest(wanted.code_verifier.as_bytes()))
        {
            return Err(CODE);
        }
        let token = format!("gho_{}", Uuid::new_v4().simple());
        let made = Token { id: self.next_id(), app: Some(client_id), ..Token::new(code.user, code.scopes.clone()) };
        self.tokens.insert(token.clone(), made);
        Ok((token, code.scopes))
    }

    /// Revokes a token, and with it the deploy keys that it made (GitHub's docs, "Managing deploy keys").
    pub(crate) fn revoke(&mut self, token: &str) {
        self.tokens.remove(token);
        for repository in self.repositories.values_mut() {
            repository.keys.retain(|_, key| key.token.as_deref() != Some(token));
        }
    }

    /// Takes back all that a person gave an app.
    pub(crate) fn revoke_grant(&mut self, client_id: &str, user: u64) {
        self.grants.remove(&(client_id.to_owned(), user));
        let of_it = self.tokens.iter().filter(|(_, token)| token.user == user && token.app.as_deref() == Some(client_id));
        for token in of_it.map(|(secret, _)| secret.clone()).collect::<Vec<_>>() {
            self.revoke(&token);
        }
    }
}

impl GitHub {
    pub(crate) fn create_oauth_app(&self, name: &str, callback_url: &str) -> anyhow::Result<OAuthApp> {
        ensure!(parts(callback_url).is_some(), "{callback_url:?} is no address to be sent back to\nwrite http://HOST/PATH");
        let mut world = self.world();
        let hex = Uuid::new_v4().simple().to_string();
        let app = OAuthApp {
            client_id: format!("Iv23li{}", &hex[..14]),
            client_secret: format!("{hex}{}", &Uuid::new_v4().simple().to_string()[..8]),
            name: name.to_owned(),
            callback_url: callback_url.to_owned(),
        };
        world.apps.insert(app.client_id.clone(), app.clone());
        Ok(app)
    }
}

impl Standin {
    /// Registers an OAuth app; people are sent back to `callback_url` or below it.
    ///
    /// # Errors
    /// When that is no address.
    pub fn create_oauth_app(&self, name: &str, callback_url: &str) -> anyhow::Result<OAuthApp> {
        self.github.create_oauth_app(name, callback_url)
    }

    /// What a person does in the browser with an address of `/login/oauth/authorize`: signs in as `login`, and agrees.
    /// Returns where the browser is sent then, with code and state in the query.
    ///
    /// # Errors
    /// When there is no such person, or GitHub shows an error page.
    pub fn consent(&self, login: &str, authorize_url: &str) -> anyhow::Result<String> {
        let mut world = self.github.world();
        let user = world.user_by_login(login).with_context(|| format!("there is no user {login}"))?.id;
        let asked = Asked::of(authorize_url);
        let (_, back) = asked.checked(&world).map_err(|why| anyhow::anyhow!("GitHub shows an error page: {why:?}"))?;
        let code = world.agree(user, &asked, back.clone());
        Ok(asked.back(&back, &[("code", &code)]))
    }

    /// Lets all codes on their way be older than GitHub takes them.
    pub fn expire_codes(&self) {
        for code in self.github.world().codes.values_mut() {
            code.made_at -= CODE_LIVES + TimeDelta::seconds(1);
        }
    }

    /// Tokens that people gave an app, with who and which scopes.
    #[must_use]
    pub fn tokens_of(&self, client_id: &str) -> Vec<(String, Token)> {
        let world = self.github.world();
        let of_it = world.tokens.iter().filter(|(_, token)| token.app.as_deref() == Some(client_id));
        of_it.map(|(secret, token)| (secret.clone(), token.clone())).collect()
    }

    /// What a person does in GitHub's settings: takes back all that was given to an app, its tokens and the deploy keys made with them.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn revoke_grant(&self, client_id: &str, login: &str) -> anyhow::Result<()> {
        let mut world = self.github.world();
        let user = world.user_by_login(login).with_context(|| format!("there is no user {login}"))?.id;
        world.revoke_grant(client_id, user);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_sent_back_to_the_registered_address_or_below_it() {
        let registered = "https://ci.example/login/callback";
        assert!(below(registered, registered));
        assert!(below(registered, "https://ci.example/login/callback/x?y=1"));
        for other in [
            "http://ci.example/login/callback",
            "https://ci.example:444/login/callback",
            "https://ci.example.evil/login/callback",
            "https://ci.example@evil/login/callback",
            "https://ci.example/login/callbacks",
            "https://ci.example/login/callback/../out",
            "https://ci.example/login/callback/%2e%2e/out",
            "https://ci.example",
        ] {
            assert!(!below(registered, other), "{other}");
        }
        assert!(below("http://127.0.0.1/callback", "http://127.0.0.1:4711/callback"));
        assert!(!below("http://ci.example/callback", "http://ci.example:4711/callback"));
    }

    #[test]
    fn scopes_are_read_with_spaces_and_commas_and_counted_once() {
        let asked = Asked { scope: "repo,read:org repo".to_owned(), ..Asked::default() };
        assert_eq!(asked.scopes(), ["repo", "read:org"]);
    }
}
