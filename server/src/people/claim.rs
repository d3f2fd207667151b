//! A fresh installation belongs to whoever can read what it prints: its first login needs a code.

use super::sum;
use crate::db::{Conn, Db, setting};
use std::sync::Mutex;

/// Set once somebody has claimed this server.
const CLAIMED: &str = "setting/claimed-by";
/// Letters that cannot be taken for one another.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Letters of a code: 5 bits each.
const LENGTH: usize = 24;

/// The code, as long as it is wanted. It is in memory only: the next start prints another.
#[derive(Debug)]
pub struct Claim(Mutex<Option<Vec<u8>>>);

impl Claim {
    /// Nothing is to be claimed.
    pub fn none() -> Claim {
        Claim(Mutex::new(None))
    }

    /// Looks whether somebody has claimed it; if not, prints the code.
    ///
    /// # Errors
    /// The database's.
    pub async fn look(db: &Db, public_url: &str) -> anyhow::Result<Claim> {
        if setting::get(&mut *db.read().await?, CLAIMED).await?.is_some() {
            return Ok(Claim::none());
        }
        let letters: [u8; LENGTH] = rand::random();
        let code: String = letters.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        let shown: Vec<&str> = (0..LENGTH / 4).filter_map(|i| code.get(i * 4..i * 4 + 4)).collect();
        tracing::warn!("nobody has claimed this server yet: log in at {public_url}/login with the code {}", shown.join("-"));
        Ok(Claim(Mutex::new(Some(sum(&code)))))
    }

    /// Is a code wanted?
    pub fn is_open(&self) -> bool {
        self.0.lock().is_ok_and(|code| code.is_some())
    }

    /// Is that the code? Dashes, spaces and case do not count.
    pub fn fits(&self, said: &str) -> bool {
        let plain: String = said.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        // Sums are compared: how long that takes says nothing of the code.
        self.0.lock().is_ok_and(|code| code.as_ref() == Some(&sum(&plain)))
    }

    /// Claims it in the transaction; false where somebody was quicker.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim(conn: &mut Conn, person: i64) -> sqlx::Result<bool> {
        if setting::get(conn, CLAIMED).await?.is_some() {
            return Ok(false);
        }
        setting::set(conn, CLAIMED, person.to_string().as_bytes()).await?;
        Ok(true)
    }

    /// Who has claimed it.
    ///
    /// # Errors
    /// The database's.
    pub async fn by(conn: &mut Conn) -> sqlx::Result<Option<i64>> {
        let kept = setting::get(conn, CLAIMED).await?;
        Ok(kept.and_then(|text| String::from_utf8(text).ok()?.parse().ok()))
    }

    /// It was claimed, for good.
    pub fn close(&self) {
        if let Ok(mut code) = self.0.lock() {
            *code = None;
        }
    }
}
