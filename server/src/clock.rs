//! The one place that reads the wall clock.

use chrono::{DateTime, SubsecRound, Utc};

/// Where time comes from. Cut to microseconds, which is what both databases keep.
#[derive(Debug, Clone, Default)]
pub struct Clock;

impl Clock {
    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}
