//! Making images on the host in memory. What a build does stands in its argument `SCRIPT`: `say N` (bytes), `wait MS`,
//! `exit CODE`.

use super::FakeHost;
use crate::engine::{AttemptKey, BuildSpec, Built, EngineError, Mounted, Say};
use crate::tests::support::server::sha256;
use dockercise_pipeline::frame::Stream;
use std::time::Duration;

/// The id of the image that an attempt makes.
pub fn id(key: &AttemptKey) -> String {
    format!("sha256:{}", sha256(format!("{key:?}").as_bytes()))
}

/// A build runs until this is dropped.
struct Running<'a>(&'a FakeHost, AttemptKey);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut world = self.0.world();
        world.running -= 1;
        if let Some(here) = world.containers.get_mut(&self.1) {
            here.exit = Some(0);
        }
        drop(world);
        self.0.poke();
    }
}

impl FakeHost {
    pub(super) fn prepare(&self, key: &AttemptKey, volume: &[Mounted]) {
        let mut world = self.world();
        if volume.iter().flat_map(|m| &m.chain).any(|layer| !world.layers.contains(&(layer.run, layer.name.clone()))) {
            world.faults.push(format!("{key:?} has not what it is made from"));
        }
        world.layers.extend(volume.iter().map(|mounted| (key.run, mounted.layer.clone())));
        let here = world.containers.entry(*key).or_default();
        if here.created == 0 || here.removed {
            here.created += 1;
            here.removed = false;
        }
    }

    pub(super) fn write_at(&self, key: &AttemptKey, offset: usize, bytes: &[u8]) {
        let mut world = self.world();
        let here = world.containers.entry(*key).or_default();
        if here.spool.len() < offset {
            world.faults.push(format!("{key:?}: a hole in the spool"));
            return;
        }
        here.spool.truncate(offset);
        here.spool.extend_from_slice(bytes);
        drop(world);
        self.poke();
    }

    pub(super) async fn make_image(&self, spec: &BuildSpec, say: &Say) -> Result<Built, EngineError> {
        {
            let mut world = self.world();
            let here = world.containers.entry(spec.key).or_default();
            here.started += 1;
            world.running += 1;
            world.most_running = world.most_running.max(world.running);
            world.builds.push(spec.clone());
        }
        let _running = Running(self, spec.key);
        let script = spec.args.iter().find(|(name, _)| name == "SCRIPT").map(|(_, script)| script.clone()).unwrap_or_default();
        let mut words = script.split_whitespace();
        while let Some(word) = words.next() {
            let number: u64 = words.next().and_then(|number| number.parse().ok()).unwrap_or(0);
            match word {
                "say" => drop(say.send((Stream::Stderr, "x".repeat(number as usize))).await),
                "wait" => tokio::time::sleep(Duration::from_millis(number)).await,
                _ => return Ok(Built::Failed(Some(number as i64), format!("a command ended with {number}"))),
            }
        }
        Ok(Built::Image(id(&spec.key)))
    }
}
