//! What people see of a run while it goes on.

mod plain;
pub mod safe;
pub mod words;

pub use plain::Plain;

use crate::logs::Line;
use dockercise_pipeline::run::{Applied, Run};

/// Somebody who is told everything, in order.
pub trait Show: Send {
    /// A step has written a line.
    fn line(&mut self, run: &Run, line: &Line);
    /// The run's state changed.
    fn changed(&mut self, run: &Run, applied: &Applied);
    /// Words of this program's own, perhaps of several lines.
    fn say(&mut self, words: &str);
}
