//! A step's caches: folders of its own, which start as what an earlier run left under the key, and are kept again where the
//! key is new and the step passed.
//!
//! Each is a layer made from what is kept, and what the step writes goes over it: so what two steps of one cache write stays
//! apart, and what is kept may be removed at any time.

mod key;

use super::Walk;
use crate::caches::{Cache, Saving, Sought};
use crate::engine::{EngineError, Layer, Mounted};
use crate::host::Host;
use crate::shared::patiently;
use dockercise_pipeline::frame::{Stream, header};
use dockercise_pipeline::ids::{Attempt, Phase, RunId};
use dockercise_pipeline::plan::{CachePlan, StepPlan, WORKDIR, Work};

/// Below these in a container nothing may be mounted.
const NOT_BELOW: [&str; 4] = ["dev", "dockercise", "proc", "sys"];

/// A folder, and its place in the plan.
type Placed = (usize, String);

/// A step's folders that are caches: those in its working directory by their paths there, and those outside of it by theirs. (The compiler has looked at them already.)
pub fn folders(plan: &StepPlan) -> (Vec<Placed>, Vec<Placed>) {
    let paths = plan.cache.as_ref().filter(|_| !matches!(plan.work, Work::Build { .. })).map(|cache| cache.paths.as_slice());
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for (place, path) in paths.unwrap_or_default().iter().enumerate() {
        let path = path.trim_end_matches('/');
        let within = path.strip_prefix(WORKDIR).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        match within {
            Some(below) => inside.push((place, below.trim_start_matches('/').to_owned())),
            None if path.starts_with('/') => outside.push((place, path.to_owned())),
            None => inside.push((place, path.trim_start_matches("./").to_owned())),
        }
    }
    (inside, outside)
}

/// The name of the layer that is made from what is kept.
pub fn layer_name(attempt: Attempt, place: usize) -> String {
    format!("{}a{}k{place}", attempt.step, attempt.number)
}

/// The folders outside of the working directory, as they are mounted.
pub fn outside(plan: &StepPlan, attempt: Attempt, run: RunId) -> Vec<Mounted> {
    let mounted = |(place, path)| Mounted {
        path,
        outside: true,
        chain: vec![Layer { run, name: layer_name(attempt, place) }],
        layer: format!("{}a{}x{place}", attempt.step, attempt.number),
    };
    folders(plan).1.into_iter().map(mounted).collect()
}

fn is_clean(path: &str) -> bool {
    let names = path.strip_prefix('/').unwrap_or(path);
    let below = path.strip_prefix('/').and_then(|rest| rest.split('/').next()).is_some_and(|first| NOT_BELOW.contains(&first));
    !below && !path.contains('\0') && names.split('/').all(|name| !["", ".", ".."].contains(&name))
}

impl<H: Host> Walk<H> {
    fn cache(&self) -> Option<CachePlan> {
        let plan = self.cx.job.plan.step(self.order.attempt.step);
        plan.cache.clone().filter(|_| self.builds().is_none())
    }

    /// All of its folders that are mounted for a cache.
    fn cached(&self) -> impl Iterator<Item = &Mounted> {
        let of_caches = |mounted: &&Mounted| matches!(mounted.chain.as_slice(), [only] if is_restored(&only.name, self.order.attempt));
        self.order.volume.iter().flatten().chain(&self.order.caches).filter(of_caches)
    }

    /// Makes the layers that its caches start as; what is kept under the key is in them. Says what was found, for people.
    ///
    /// # Errors
    /// In words: what is asked for cannot be a cache.
    pub(super) async fn restore_caches(&mut self) -> Result<(), String> {
        let Some(plan) = self.cache() else { return Ok(()) };
        let (inside, outside) = folders(self.cx.job.plan.step(self.order.attempt.step));
        if let Some((_, path)) = inside.iter().chain(&outside).find(|(_, path)| !is_clean(path)) {
            return Err(format!("`{}` cannot be a cache", path.escape_debug()));
        }
        self.cx.open().await?;
        let (found, words) = if !self.cx.job.trusted {
            (None, "cache: none, as this run's code comes from a fork".to_owned())
        } else if !self.cx.shared.caches.any() {
            (None, "cache: this host keeps none".to_owned())
        } else {
            self.find_cache(&plan).await?
        };
        let name = found.as_ref().map(|cache| cache.name.as_str());
        let mut whole = true;
        for place in 0..plan.paths.len() {
            whole &= self.restore_one(place, name).await?;
        }
        self.cache_words = Some(match found {
            Some(cache) if !whole => {
                self.cx.shared.caches.lost(&cache.name);
                "cache: what was kept is gone".to_owned()
            }
            _ => words,
        });
        Ok(())
    }

    async fn find_cache(&mut self, plan: &CachePlan) -> Result<(Option<Cache>, String), String> {
        let key = self.cache_key(plan).await?;
        let of = Sought { repository: self.cx.job.source.repository_id, paths: plan.paths.clone(), key };
        let found = self.cx.shared.caches.find(&of, &plan.fallback);
        let words = match &found {
            Some(cache) => {
                let at = cache.saved_at.format("%Y-%m-%d %H:%M");
                format!("cache: `{}`, {} bytes, kept since {at} UTC", cache.of.key, cache.bytes)
            }
            None => format!("cache: nothing is kept under `{}`", of.key),
        };
        self.cache_key = Some(of);
        Ok((found, words))
    }

    /// One folder. What fails about a cache that is kept is no reason to fail a step that could do without.
    async fn restore_one(&self, place: usize, name: Option<&str>) -> Result<bool, String> {
        let (host, run, layer) = (self.cx.host(), self.cx.job.run, layer_name(self.order.attempt, place));
        match patiently(|| host.restore_cache(run, &layer, name.map(|name| (name, place)))).await {
            Err(EngineError::Keeper { words, .. } | EngineError::Disk { words }) if name.is_some() => {
                tracing::warn!(words, layer, "what is kept cannot be given to a step; it begins with an empty folder");
                patiently(|| host.restore_cache(run, &layer, None)).await.map_err(|e| e.to_string())?;
                Ok(false)
            }
            outcome => outcome.map_err(|e| e.to_string()),
        }
    }

    /// Puts what was found at the beginning of its log: nothing is in there yet.
    pub(super) async fn say_caches(&self) -> Result<(), String> {
        let Some(words) = &self.cache_words else { return Ok(()) };
        let words = self.cx.masked(words).await;
        let micros = u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap_or(0);
        let frame = [&header(Stream::Remark, micros, words.len())[..], words.as_bytes()].concat();
        let key = self.key(Phase::Run);
        patiently(|| self.cx.host().write_spool(&key, 0, &frame)).await.map_err(|e| e.to_string())
    }

    /// Keeps what the step has left in its caches, where nothing is kept under that key. It has passed.
    pub(super) async fn save_caches(&mut self) {
        let Some(saving) = self.cache_key.take().and_then(|of| self.cx.shared.caches.save(of)) else { return };
        if let Err(error) = self.save(&saving).await {
            tracing::warn!(%error, key = saving.of().key, "a cache cannot be kept");
            self.forget_cache(&saving.name).await;
        }
    }

    async fn save(&self, saving: &Saving) -> Result<(), EngineError> {
        let run = self.cx.job.run;
        let mut folders: Vec<[Layer; 2]> =
            self.cached().filter_map(|m| Some([m.chain.first()?.clone(), Layer { run, name: m.layer.clone() }])).collect();
        // In the order of the plan, by which they are found again.
        folders.sort_by_key(|[below, _]| place_of(&below.name));
        let bytes = patiently(|| self.cx.host().save_cache(&saving.name, &folders)).await?;
        for name in self.cx.shared.caches.saved(saving, bytes) {
            self.forget_cache(&name).await;
        }
        Ok(())
    }

    async fn forget_cache(&self, name: &str) {
        if let Err(error) = patiently(|| self.cx.host().forget_cache(name)).await {
            tracing::warn!(%error, name, "a cache that nobody wants stays until this runner begins anew");
        }
    }
}

fn is_restored(layer: &str, attempt: Attempt) -> bool {
    let beginning = format!("{}a{}k", attempt.step, attempt.number);
    layer.strip_prefix(&beginning).is_some_and(|place| place.parse::<usize>().is_ok())
}

fn place_of(layer: &str) -> usize {
    layer.rsplit_once('k').and_then(|(_, place)| place.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::plans::step;

    #[test]
    fn s25_a_cache_is_a_folder_of_the_steps_own() {
        let cached = |paths: &[&str]| {
            let paths = paths.iter().map(|&path| path.to_owned()).collect();
            StepPlan { cache: Some(CachePlan { paths, key: "k".into(), files: vec![], fallback: vec![] }), ..step("") }
        };
        let (inside, outside) = folders(&cached(&["./target", "/root/.npm/", "/work/a/b", "/workshop"]));
        assert_eq!(inside, [(0, "target".to_owned()), (2, "a/b".to_owned())]);
        assert_eq!(outside, [(1, "/root/.npm".to_owned()), (3, "/workshop".to_owned())]);
        for good in ["/root/.npm", "target", "/devices"] {
            assert!(is_clean(good), "{good}");
        }
        for bad in ["", "/", "/proc/self", "/sys", "//proc", "/dockercise/go", "a/../b", "/dev", "a\0b", "/a//b", "."] {
            assert!(!is_clean(bad), "{bad}");
        }
        let at = Attempt { step: dockercise_pipeline::ids::StepIx(12), number: 3 };
        assert!(is_restored(&layer_name(at, 10), at) && !is_restored("12a3", at) && !is_restored("1a3k0", at));
        assert_eq!(place_of(&layer_name(at, 10)), 10);
    }
}
