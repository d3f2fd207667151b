//! Connected repositories.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// All connected repositories.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Repositories {
    /// By account and name.
    pub repositories: Vec<RepositoryLine>,
}

/// A connected repository as it stands at GitHub.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RepositoryLine {
    /// The account its runs happen in.
    pub account: String,
    /// `owner/name`, as it is called now.
    pub name: String,
    /// Its page at GitHub.
    pub url: String,
    /// `ok`, `archived`, `gone` (deleted, or hidden from this server), `refused` (the token is not known any more) or `no-hook`.
    pub standing: String,
    /// Why, in words.
    #[schema(required)]
    pub note: Option<String>,
    /// Can anyone see it at GitHub?
    pub public: bool,
    /// When this server last looked whether it missed anything.
    #[schema(required)]
    pub looked_at: Option<DateTime<Utc>>,
}
