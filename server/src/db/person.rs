//! People who have logged in.

use super::Conn;
use chrono::{DateTime, Utc};

/// A person.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Person {
    /// GitHub's numeric id.
    pub id: i64,
    /// Login, as of the last time the person logged in.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// Runs this server.
    pub admin: bool,
    /// Sealed: the token that the person gave us at GitHub.
    pub token: Vec<u8>,
}

impl Person {
    /// The name under which the token of a person is sealed.
    pub fn row(id: i64) -> String {
        format!("person/{id}/token")
    }
}

/// The person with that id.
///
/// # Errors
/// The database's.
pub async fn by_id(conn: &mut Conn, id: i64) -> sqlx::Result<Option<Person>> {
    sqlx::query_as("select id, login, name, admin, token from person where id = $1").bind(id).fetch_optional(conn).await
}

/// Somebody logged in.
///
/// # Errors
/// The database's.
pub async fn save(conn: &mut Conn, person: &Person, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "insert into person (id, login, name, admin, token, first_at, last_at) values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (id) do update set login = excluded.login, name = excluded.name, admin = excluded.admin, token = excluded.token,
            last_at = excluded.last_at",
    )
    .bind(person.id)
    .bind(&person.login)
    .bind(&person.name)
    .bind(person.admin)
    .bind(&person.token)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Everybody who has logged in, by login.
///
/// # Errors
/// The database's.
pub async fn all(conn: &mut Conn) -> sqlx::Result<Vec<(Person, DateTime<Utc>)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        person: Person,
        last_at: DateTime<Utc>,
    }
    let rows: Vec<Row> =
        sqlx::query_as("select id, login, name, admin, token, last_at from person order by lower(login)").fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.person, row.last_at)).collect())
}
