//! The one place that reads the wall clock.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Where time comes from. Cut to microseconds, which is what both databases keep.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead: TimeDelta,
}

impl Clock {
    /// One that goes so far ahead of this computer's, for those who test what comes at a time.
    pub fn ahead(seconds: u32) -> Clock {
        Clock { ahead: TimeDelta::seconds(seconds.into()) }
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> DateTime<Utc> {
        (Utc::now() + self.ahead).trunc_subsecs(6)
    }
}
