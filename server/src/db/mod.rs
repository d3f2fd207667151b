//! SQL and nothing else, a file a table.
//!
//! SQLite in WAL mode with one writer connection, `synchronous=FULL`: a commit is on the disk when it returns. Readers have
//! connections of their own and never wait for the writer. Placeholders are `$1`, so that the same text can serve Postgres.

pub mod audit;
pub mod connection;
pub mod definition;
pub mod delivery;
pub mod effect;
pub mod head;
pub mod job;
pub mod kept;
pub mod person;
pub mod pipeline;
pub mod repository;
pub mod request;
pub mod run;
pub mod schedule;
pub mod secret;
pub mod session;
pub mod setting;
pub mod standing;
pub mod token;

use anyhow::Context as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::Duration;

/// The database's own connection type.
pub type Conn = sqlx::SqliteConnection;
/// A transaction on the writer connection.
pub type Tx = sqlx::Transaction<'static, sqlx::Sqlite>;

/// How long a reader or writer waits for a lock held by another process before it says so.
const BUSY: Duration = Duration::from_secs(5);

/// The database.
#[derive(Debug, Clone)]
pub struct Db {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl Db {
    /// Opens the file, making it and bringing it to the newest version where needed.
    ///
    /// # Errors
    /// The file cannot be opened or is newer than this program.
    pub async fn open(file: &Path) -> anyhow::Result<Db> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .with_context(|| format!("opening the database {}", file.display()))?;
        sqlx::migrate!("../migrations/sqlite")
            .run(&writer)
            .await
            .with_context(|| format!("bringing the database {} to this version", file.display()))?;
        let reader = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        Ok(Db { writer, reader })
    }

    /// A transaction that may write. There is one at a time.
    ///
    /// # Errors
    /// The database cannot be reached or is locked by another process.
    pub async fn write(&self) -> sqlx::Result<Tx> {
        self.writer.begin_with("begin immediate").await
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn read(&self) -> sqlx::Result<sqlx::pool::PoolConnection<sqlx::Sqlite>> {
        self.reader.acquire().await
    }

    /// Closes all connections; the last one folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}
