//! Tokens for programs: shown once, kept as a sum.

use super::{Caller, People, Scope, Who, random, sum};
use crate::db::audit;
use crate::db::token::{self, Token};
use std::sync::Arc;
use uuid::Uuid;

/// What a token begins with, so that one that got out is recognised.
const PREFIX: &str = "dockercise_";
/// The longest life of a token, in days.
const LONGEST: u32 = 366;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 100;
/// That a token was used is written down this often.
const USED: chrono::Duration = chrono::Duration::minutes(1);

/// A token as its owner wants it.
#[derive(Debug)]
pub struct TokenWanted {
    /// What its owner calls it.
    pub name: String,
    /// What it is for.
    pub scope: Scope,
    /// After so many days it ends.
    pub days: u32,
}

/// A token that was made.
#[derive(Debug)]
pub struct Minted {
    /// Its row.
    pub token: Token,
    /// What the program sends. It is nowhere else.
    pub secret: String,
}

impl Scope {
    /// As rows have it.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Run => "run",
            Scope::Admin => "admin",
        }
    }

    fn of(word: &str) -> Scope {
        match word {
            "admin" => Scope::Admin,
            "run" => Scope::Run,
            _ => Scope::Read,
        }
    }
}

impl People {
    /// Makes a token for the caller; in words why not.
    ///
    /// # Errors
    /// The database's.
    pub async fn mint(&self, caller: &Caller, wanted: &TokenWanted) -> sqlx::Result<Result<Minted, &'static str>> {
        let Some(person) = caller.person() else { return Ok(Err("without a login there is nobody whom a token could stand for")) };
        let name = wanted.name.trim();
        if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Ok(Err("a token needs a name of at most 100 bytes"));
        }
        if !(1..=LONGEST).contains(&wanted.days) {
            return Ok(Err("a token lives between 1 and 366 days"));
        }
        let now = self.0.clock.now();
        let secret = format!("{PREFIX}{}", random());
        let made = Token {
            id: Uuid::now_v7(),
            name: name.to_owned(),
            scope: wanted.scope.word().to_owned(),
            made_at: now,
            ends_at: now + chrono::Duration::days(i64::from(wanted.days)),
            used_at: None,
        };
        let mut tx = self.0.db.write().await?;
        token::add(&mut tx, person.id, &sum(&secret), &made).await?;
        audit::add(&mut tx, now, caller.by(), &format!("make token ({})", made.scope), &made.name).await?;
        tx.commit().await?;
        Ok(Ok(Minted { token: made, secret }))
    }

    /// The caller's tokens.
    ///
    /// # Errors
    /// The database's.
    pub async fn tokens(&self, caller: &Caller) -> sqlx::Result<Vec<Token>> {
        match caller.person() {
            Some(person) => token::list(&mut *self.0.db.read().await?, person.id).await,
            None => Ok(Vec::new()),
        }
    }

    /// Removes one of the caller's tokens; false where there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke(&self, caller: &Caller, id: Uuid) -> sqlx::Result<bool> {
        let Some(person) = caller.person() else { return Ok(false) };
        let mut tx = self.0.db.write().await?;
        let removed = token::remove(&mut tx, person.id, id).await?;
        if removed {
            audit::add(&mut tx, self.0.clock.now(), caller.by(), "remove token", &id.to_string()).await?;
            tx.commit().await?;
        }
        Ok(removed)
    }

    /// Whom a program's token stands for.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_token(&self, secret: &str) -> sqlx::Result<Option<Who>> {
        let now = self.0.clock.now();
        let found = token::person(&mut *self.0.db.read().await?, &sum(secret), now).await?;
        let Some((person, kept)) = found else { return Ok(None) };
        if kept.used_at.is_none_or(|used| now - used > USED) {
            let mut tx = self.0.db.write().await?;
            token::used(&mut tx, kept.id, now).await?;
            tx.commit().await?;
        }
        Ok(Some(Who::Person { person: Arc::new(person), scope: Scope::of(&kept.scope), session: None }))
    }
}
