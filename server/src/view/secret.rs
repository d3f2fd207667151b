//! Secrets as people see them: everything but their values.

use crate::db::secret::Listed;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// An account's secrets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Secrets {
    /// The account.
    pub account: String,
    /// The account's own first, then by repository and name.
    pub secrets: Vec<SecretView>,
    /// The account's repositories, as `owner/name`: what a secret can be given to.
    pub repositories: Vec<String>,
    /// May the one who asks set secrets for all repositories?
    pub for_all: bool,
}

/// A secret. Its value is never shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SecretView {
    /// Its name.
    pub name: String,
    /// The repository it is given to; none: all of the account's.
    #[schema(required)]
    pub repository: Option<String>,
    /// When it was first set.
    pub created_at: DateTime<Utc>,
    /// When it was last set.
    pub updated_at: DateTime<Utc>,
    /// Who last set it.
    pub updated_by: String,
}

impl From<Listed> for SecretView {
    fn from(row: Listed) -> SecretView {
        let Listed { repository, name, created_at, updated_at, updated_by } = row;
        SecretView { name, repository, created_at, updated_at, updated_by }
    }
}
