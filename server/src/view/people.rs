//! People as pages see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Who looks at the page.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MeView {
    /// Login; none for nobody, or for whoever reaches a server without login.
    #[schema(required)]
    pub login: Option<String>,
    /// Name for people.
    #[schema(required)]
    pub name: Option<String>,
    /// Runs this server.
    pub admin: bool,
    /// What the page sends as `x-dockercise` with everything that changes something; none without a session.
    #[schema(required)]
    pub page_token: Option<String>,
    /// Do people log in here?
    pub has_login: bool,
    /// The first login needs the code that the server's log holds.
    pub unclaimed: bool,
    /// Results of public repositories are there for everybody.
    pub public_results: bool,
}

/// Where the browser goes next.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GoTo {
    /// The address, at GitHub.
    pub url: String,
}

/// A token for programs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenView {
    /// Its id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// `read`, `run` or `admin`.
    pub scope: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    #[schema(required)]
    pub used_at: Option<DateTime<Utc>>,
}

/// One's tokens.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tokens {
    /// Newest first.
    pub tokens: Vec<TokenView>,
}

/// A token that was just made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewToken {
    /// The token.
    pub token: TokenView,
    /// What programs send. It is shown this once.
    pub secret: String,
}

/// The trail of who did what.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Audit {
    /// Newest first.
    pub lines: Vec<AuditLine>,
    /// Are there older ones?
    pub more: bool,
    /// The number of the first line that was changed or taken out behind this server's back.
    #[schema(required)]
    pub damaged: Option<i64>,
}

/// One line of the trail.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditLine {
    /// Its number.
    pub number: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub who: String,
    /// Who, by GitHub's numeric id.
    #[schema(required)]
    pub person: Option<i64>,
    /// What.
    pub what: String,
    /// To what.
    pub target: String,
    /// From which address.
    pub address: String,
}
