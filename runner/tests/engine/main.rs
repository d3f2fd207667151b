//! The engine on real Docker. Where none answers the tests are skipped, loudly; `DOCKERCISE_NEED_DOCKER=1` makes that
//! a failure.
#![expect(clippy::unwrap_used, reason = "tests")]

/// A rig of its own for a test.
macro_rules! rig {
    () => {
        match crate::docker::rig().await {
            Some(rig) => rig,
            None => return,
        }
    };
}

mod agent;
mod aws;
mod builds;
mod caches;
mod daemon;
mod docker;
mod folders;
mod images;
mod layers;
mod limits;
mod network;
mod output;
mod restart;
mod speed;
mod steps;
mod users;
mod values;
mod walls;
