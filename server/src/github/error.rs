//! What a failed call says: what was asked, what GitHub answered, and when it makes sense to ask again.

use chrono::{DateTime, Utc};

/// A failed call.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct GithubError {
    /// What was asked, as `read the tree of octo/app`.
    pub what: String,
    /// GitHub's words, or the transport's.
    pub why: String,
    /// GitHub's status code; none where there was no answer.
    pub status: Option<u16>,
    /// GitHub asks not to be asked before then: its rate limit.
    pub until: Option<DateTime<Utc>>,
}

impl GithubError {
    /// A failed call that no rate limit is the reason of.
    pub fn new(what: impl Into<String>, why: impl Into<String>, status: Option<u16>) -> GithubError {
        GithubError { what: what.into(), why: why.into(), status, until: None }
    }

    /// Does it make sense to ask again later? A refusal that time does not change: no.
    pub fn transient(&self) -> bool {
        match self.status {
            _ if self.until.is_some() => true,
            None | Some(408 | 429) => true,
            Some(status) => status >= 500,
        }
    }

    /// There is no such thing, or it is hidden from us.
    pub fn not_found(&self) -> bool {
        self.status == Some(404)
    }

    /// The token is not known any more: only a person with another one can help.
    pub fn unknown_token(&self) -> bool {
        self.status == Some(401)
    }

    /// The name may be another by now, or another repository's: renamed ones answer writes with a redirect, and what is
    /// asked of the wrong one is not found there.
    pub fn may_have_moved(&self) -> bool {
        matches!(self.status, Some(301 | 302 | 307 | 308 | 404 | 422))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_time_can_heal_is_tried_again() {
        let at = |status| GithubError::new("x", "y", status).transient();
        assert!(at(None) && at(Some(502)) && at(Some(429)) && at(Some(408)));
        assert!(!at(Some(404)) && !at(Some(422)) && !at(Some(401)) && !at(Some(403)));
        let limited = GithubError { until: Some(DateTime::UNIX_EPOCH), ..GithubError::new("x", "y", Some(403)) };
        assert!(limited.transient());
    }
}
