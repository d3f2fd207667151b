//! What people see of a run while it goes on.

mod live;
mod plain;
pub mod safe;
pub mod words;

pub use live::Live;
pub use plain::Plain;

use crate::logs::Line;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::run::{Applied, Run};
use std::time::Duration;

/// Somebody who is told everything, in order.
pub trait Show: Send {
    /// A step has written a line.
    fn line(&mut self, run: &Run, line: &Line);
    /// The run's state changed.
    fn changed(&mut self, run: &Run, applied: &Applied);
    /// What a step is at before its container runs; none when that is over.
    fn notice(&mut self, run: &Run, step: StepIx, words: Option<&str>);
    /// Words of this program's own, perhaps of several lines.
    fn say(&mut self, words: &str);
    /// A person is asked something, or no more.
    fn question(&mut self, words: Option<&str>);
    /// How often [`Show::tick`] is wanted.
    fn every(&self) -> Option<Duration>;
    /// Time has passed.
    fn tick(&mut self, run: &Run);
    /// Nothing more comes but words.
    fn end(&mut self, run: &Run);
}
