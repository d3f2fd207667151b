//! Who did what, from where. Each line has a sum over itself and the line before it, so that one which was changed or taken
//! out afterwards is found.

use super::Conn;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

/// Whoever acts.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// GitHub's numeric id; none where nobody has logged in.
    pub person: Option<i64>,
    /// In words, as a login.
    pub words: &'a str,
    /// Address that the request came from; empty where there was none.
    pub address: &'a str,
}

impl<'a> By<'a> {
    /// The server itself, or a person at its command line.
    pub fn words(words: &'a str) -> By<'a> {
        By { person: None, words, address: "" }
    }
}

/// A line of the trail.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Line {
    /// Its place; they count from 1.
    pub number: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, by GitHub's numeric id.
    pub person: Option<i64>,
    /// Who, in words.
    pub who: String,
    /// What was done.
    pub what: String,
    /// To what.
    pub target: String,
    /// From which address.
    pub address: String,
    /// sha256 over the sum before and this line; empty for lines older than sums.
    pub sum: Vec<u8>,
}

impl Line {
    fn sum(&self, before: &[u8]) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(before);
        hash.update(self.number.to_be_bytes());
        // Microseconds, which is what the database keeps at least.
        hash.update(self.at.timestamp_micros().to_be_bytes());
        hash.update(self.person.unwrap_or_default().to_be_bytes());
        for text in [&self.who, &self.what, &self.target, &self.address] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hash.finalize().to_vec()
    }
}

/// Writes a line of the trail.
///
/// # Errors
/// The database's.
pub async fn add(conn: &mut Conn, at: DateTime<Utc>, by: By<'_>, what: &str, target: &str) -> sqlx::Result<()> {
    let last: Option<(i64, Vec<u8>)> =
        sqlx::query_as("select number, sum from audit order by number desc limit 1").fetch_optional(&mut *conn).await?;
    let (number, before) = last.unwrap_or_default();
    let at = DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at);
    let mut line = Line {
        number: number + 1,
        at,
        person: by.person,
        who: by.words.to_owned(),
        what: what.to_owned(),
        target: target.to_owned(),
        address: by.address.to_owned(),
        sum: Vec::new(),
    };
    line.sum = line.sum(&before);
    sqlx::query("insert into audit (number, at, person, who, what, target, address, sum) values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(line.number)
        .bind(line.at)
        .bind(line.person)
        .bind(line.who)
        .bind(line.what)
        .bind(line.target)
        .bind(line.address)
        .bind(line.sum)
        .execute(conn)
        .await?;
    Ok(())
}

/// The newest lines below a number, newest first.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut Conn, below: i64, limit: i64) -> sqlx::Result<Vec<Line>> {
    sqlx::query_as("select number, at, person, who, what, target, address, sum from audit where number < $1 order by number desc limit $2")
        .bind(below)
        .bind(limit)
        .fetch_all(conn)
        .await
}

/// The first line that is not as it was written, or before which one is missing; none where all is well.
///
/// # Errors
/// The database's.
pub async fn damaged(conn: &mut Conn) -> sqlx::Result<Option<i64>> {
    const PIECE: i64 = 1000;
    let (mut number, mut before) = (0, Vec::new());
    loop {
        let lines: Vec<Line> = sqlx::query_as(
            "select number, at, person, who, what, target, address, sum from audit where number > $1 order by number limit $2",
        )
        .bind(number)
        .bind(PIECE)
        .fetch_all(&mut *conn)
        .await?;
        if lines.is_empty() {
            return Ok(None);
        }
        for line in lines {
            let older = line.sum.is_empty() && before.is_empty();
            if line.number != number + 1 || !older && line.sum != line.sum(&before) {
                return Ok(Some(number + 1));
            }
            (number, before) = (line.number, line.sum);
        }
    }
}
