//! Secrets that people give to steps: written by a person, read by the runner's door and by nobody else.

use crate::db::Conn;
use crate::db::audit::{self, By};
use crate::db::secret::{self, Place};
use crate::seal::Seal;
use anyhow::bail;
use chrono::{DateTime, Utc};
use dockercise_pipeline::names::is_secret_name;

/// The shortest secret, white space around it not counted, in bytes: a shorter one cannot be masked, since it would be found
/// in innocent text all the time (Buildkite's rule, security.md D; as `SHORTEST` of dockercise-mask).
pub const SHORTEST: usize = 6;
/// The longest, in bytes: as AWS Secrets Manager.
pub const LONGEST: usize = 64 * 1024;

/// Why a name cannot be a secret's; none where it can.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn check_name(name: &str) -> anyhow::Result<()> {
    if !is_secret_name(name) {
        bail!(
            "`{}` cannot name a secret\nhelp: a name is letters, digits, `_`, `-` and `.`, starts with a letter or `_`, and has at most 128 characters",
            name.escape_debug()
        );
    }
    Ok(())
}

/// Why a value cannot be a secret; the words say nothing of it but its length.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn check_value(value: &[u8]) -> anyhow::Result<()> {
    match value.trim_ascii().len() {
        0 => bail!("the secret's value is empty\nhelp: give it on standard input"),
        n if n < SHORTEST => {
            let s = if n == 1 { "" } else { "s" };
            bail!(
                "a secret of {n} byte{s} cannot be masked: it would be found everywhere in a log\nhelp: use at least {SHORTEST} bytes, or write it into the file if it is no secret"
            )
        }
        _ if value.len() > LONGEST => bail!(
            "the secret is {} bytes long, and at most {LONGEST} are kept\nhelp: keep what is so large in a file, encrypted with a key that is the secret",
            value.len()
        ),
        _ if value.contains(&0) => {
            bail!("the secret holds a NUL byte, which no environment variable can\nhelp: keep it in base64, and decode it in the step")
        }
        _ => Ok(()),
    }
}

/// Seals and saves a value.
///
/// # Errors
/// Name or value cannot be taken, or the database's; nothing was changed then.
pub async fn set(conn: &mut Conn, seal: &Seal, place: Place<'_>, value: &[u8], at: DateTime<Utc>, by: By<'_>) -> anyhow::Result<()> {
    check_name(place.name)?;
    check_value(value)?;
    secret::set(conn, place, &seal.seal(&row(place), value)?, at, by.words).await?;
    Ok(audit::add(conn, at, by, "set-secret", &row(place)).await?)
}

/// Removes a secret; was it there?
///
/// # Errors
/// The database's.
pub async fn remove(conn: &mut Conn, place: Place<'_>, at: DateTime<Utc>, by: By<'_>) -> sqlx::Result<bool> {
    let gone = secret::remove(conn, place).await?;
    if gone {
        audit::add(conn, at, by, "remove-secret", &row(place)).await?;
    }
    Ok(gone)
}

/// The secrets of those names that steps of a repository may have, opened: the repository's own, else the account's. A name
/// that has none is left out.
///
/// # Errors
/// The database's, or the data folder's key is not the one they were sealed with.
pub async fn of(conn: &mut Conn, seal: &Seal, account: &str, repository: i64, names: &[String]) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let asked = Place { account, repository: Some(repository), name };
        if let Some(sealed) = secret::nearest(conn, asked).await? {
            let place = Place { repository: sealed.repository, ..asked };
            found.push((name.clone(), seal.open_sealed(&row(place), &sealed.value)?));
        }
    }
    Ok(found)
}

/// The name it is sealed under, and stands under in the audit trail.
fn row(place: Place<'_>) -> String {
    let Place { account, repository, name } = place;
    match repository {
        Some(repository) => format!("secret/{account}/{repository}/{name}"),
        None => format!("secret/{account}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::db::Db;
    use crate::db::repository::{self, Repository};

    const REPOSITORY: i64 = 7;

    async fn db(folder: &std::path::Path) -> Db {
        let db = Db::open(&folder.join("dockercise.db")).await.unwrap();
        let text = String::new;
        let row = Repository {
            id: REPOSITORY,
            account: "local".into(),
            owner: "anna".into(),
            name: "app".into(),
            web_url: text(),
            ssh_url: text(),
            default_branch: text(),
            hook_key: text(),
            hook_id: None,
            deploy_key_id: None,
            hook_secret: Vec::new(),
            deploy_key: Vec::new(),
            token: Vec::new(),
            known_hosts: text(),
            verified_at: None,
            disconnected_at: None,
        };
        let mut tx = db.write().await.unwrap();
        repository::save(&mut tx, &row, crate::clock::Clock::default().now()).await.unwrap();
        tx.commit().await.unwrap();
        db
    }

    fn place(repository: Option<i64>, name: &str) -> Place<'_> {
        Place { account: "local", repository, name }
    }

    #[tokio::test]
    async fn the_nearer_secret_wins_and_a_missing_one_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let (db, seal) = (db(dir.path()).await, Seal::open(&dir.path().join("key")).unwrap());
        let mut tx = db.write().await.unwrap();
        for (repository, name, value) in [
            (None, "TOKEN", "the account's"),
            (Some(REPOSITORY), "TOKEN", "an old one"),
            (Some(REPOSITORY), "TOKEN", "its own"),
            (None, "key", "a longer key"),
        ] {
            set(&mut tx, &seal, place(repository, name), value.as_bytes(), crate::clock::Clock::default().now(), By::words("anna"))
                .await
                .unwrap();
        }
        let names = ["TOKEN".to_owned(), "missing".to_owned(), "key".to_owned()];
        let found = of(&mut tx, &seal, "local", REPOSITORY, &names).await.unwrap();
        assert_eq!(found, [("TOKEN".to_owned(), b"its own".to_vec()), ("key".to_owned(), b"a longer key".to_vec())]);
        let elsewhere = of(&mut tx, &seal, "local", 8, &names).await.unwrap();
        assert_eq!(elsewhere[0].1, b"the account's");
        assert!(of(&mut tx, &seal, "other", REPOSITORY, &names).await.unwrap().is_empty());
        let listed = secret::list(&mut tx, "local").await.unwrap();
        let names: Vec<_> = listed.iter().map(|l| (l.repository.as_deref(), l.name.as_str())).collect();
        assert_eq!(names, [(None, "TOKEN"), (None, "key"), (Some("anna/app"), "TOKEN")]);
        assert!(remove(&mut tx, place(Some(REPOSITORY), "TOKEN"), crate::clock::Clock::default().now(), By::words("anna")).await.unwrap());
        assert!(!remove(&mut tx, place(Some(REPOSITORY), "TOKEN"), crate::clock::Clock::default().now(), By::words("anna")).await.unwrap());
        assert_eq!(of(&mut tx, &seal, "local", REPOSITORY, &["TOKEN".to_owned()]).await.unwrap()[0].1, b"the account's");
    }

    /// Whoever can write rows cannot make one repository's secret another's.
    #[tokio::test]
    async fn a_sealed_value_moved_to_another_row_does_not_open() {
        let dir = tempfile::tempdir().unwrap();
        let (db, seal) = (db(dir.path()).await, Seal::open(&dir.path().join("key")).unwrap());
        let mut tx = db.write().await.unwrap();
        set(&mut tx, &seal, place(Some(REPOSITORY), "TOKEN"), b"canary-7711", crate::clock::Clock::default().now(), By::words("anna"))
            .await
            .unwrap();
        sqlx::query("update secret set repository = null").execute(&mut *tx).await.unwrap();
        let error = of(&mut tx, &seal, "local", 8, &["TOKEN".to_owned()]).await.unwrap_err().to_string();
        assert!(error.contains("cannot be opened") && !error.contains("canary"), "{error}");
    }

    #[test]
    fn s49_what_cannot_be_a_secret_is_refused_with_words() {
        for (value, words) in [
            (&b""[..], "empty"),
            (b" \n ", "empty"),
            (b"a", "1 byte cannot be masked"),
            (b"true\n", "4 bytes cannot be masked"),
            (b"ab\0cdefgh", "NUL byte"),
            (&[b'x'; LONGEST + 1], "65537 bytes long"),
        ] {
            let said = check_value(value).unwrap_err().to_string();
            assert!(said.contains(words) && said.contains("\nhelp: "), "{said}");
        }
        check_value(b"hunter22").unwrap();
        check_value(&[b'x'; LONGEST]).unwrap();
        for name in ["", "1a", "a/b", "a b", "-a", "a\n", &"a".repeat(129)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["A", "_", "npm-token", "app.key", &"a".repeat(128)] {
            check_name(name).unwrap();
        }
    }
}
