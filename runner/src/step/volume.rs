//! What a step's volume is made of: a map from paths to chains of layers, inherited downstream.
//!
//! It follows from the plan and from which attempt of each step passed, so nobody has to remember it. With
//! `vol: {".": a, lib: b}` a step gets `a`'s map, and `b`'s map below `lib`: what `a` had there is hidden, and no part of
//! the volume that results. A cache in the working directory is such a folder too.

use super::cache;
use crate::engine::{Layer, Mounted};
use crate::job::source_layer;
use dockercise_pipeline::ids::{Attempt, RunId, StepIx};
use dockercise_pipeline::plan::{MountPlan, Plan, VolumeFrom};
use dockercise_pipeline::run::RunState;
use dockercise_pipeline::wire::Kept;
use std::collections::{BTreeMap, HashMap};

/// The run in which volumes are looked up.
#[derive(Debug, Clone, Copy)]
pub struct Volumes<'a> {
    /// The graph.
    pub plan: &'a Plan,
    /// Which attempt of each step counts.
    pub state: &'a RunState,
    /// The run itself.
    pub run: RunId,
    /// Steps whose volumes an earlier run has made.
    pub kept: &'a [Kept],
}

/// The name of the layer that takes what a step's `run` writes: of its first folder, or of another one of its map.
fn layer_name(attempt: Attempt, folder: usize) -> String {
    let folder = if folder == 0 { String::new() } else { format!("m{folder}") };
    format!("{}a{}{folder}", attempt.step, attempt.number)
}

/// A chain of layers: the topmost, and the position of what is below it among all chains met. (A step of a long chain
/// would otherwise copy all of it for each step above it.)
#[derive(Clone)]
struct Link {
    layer: Layer,
    below: Option<usize>,
}

/// From paths to the tops of chains. The working directory itself is the empty path, so that it comes first, and a folder
/// before what is below it.
type Map = BTreeMap<String, Option<usize>>;

/// The most folders that a working directory may be made of: each is a mount of its own, and with ten steps that each
/// mount the one before twice there would be a thousand.
const MOST_FOLDERS: usize = 64;

impl Volumes<'_> {
    /// What a step's working directory starts as, with the layers that take what its `run` writes.
    ///
    /// # Errors
    /// It would be made of too many folders; in words.
    pub fn before(&self, attempt: Attempt) -> Result<Vec<Mounted>, String> {
        let mut links = Vec::new();
        let mut maps: HashMap<StepIx, Map> = HashMap::new();
        // Without recursion: a chain may be as long as the graph.
        let mut todo = vec![attempt.step];
        while let Some(step) = todo.last().copied() {
            let missing: Vec<StepIx> = self.parents(step).filter(|parent| !maps.contains_key(parent)).collect();
            if missing.is_empty() {
                todo.pop();
                let own = if step == attempt.step { attempt } else { self.attempt_of(step) };
                let map = self.start(own, &maps, &mut links);
                if map.len() > MOST_FOLDERS {
                    let name = self.plan.full_name(step);
                    return Err(format!(
                        "the working directory of {name} is made of {} folders of other steps\n{MOST_FOLDERS} is the most",
                        map.len()
                    ));
                }
                let ends = if step == attempt.step { map } else { self.end(step, map, &mut links) };
                maps.insert(step, ends);
            } else {
                todo.extend(missing);
            }
        }
        let map = maps.remove(&attempt.step).unwrap_or_default();
        let mounted = map.into_iter().enumerate().map(|(folder, (path, top))| {
            let mut chain: Vec<Layer> = std::iter::successors(top.map(|at| &links[at]), |link: &&Link| link.below.map(|at| &links[at]))
                .map(|link| link.layer.clone())
                .collect();
            chain.reverse();
            let path = if path.is_empty() { ".".to_owned() } else { path };
            Mounted { path, outside: false, chain, layer: layer_name(attempt, folder) }
        });
        Ok(mounted.collect())
    }

    /// The steps it takes from.
    fn parents(&self, step: StepIx) -> impl Iterator<Item = StepIx> {
        self.plan.step(step).volume.iter().filter_map(|mount| match mount.from {
            VolumeFrom::Step { step } => Some(step),
            VolumeFrom::Source => None,
        })
    }

    fn start(&self, attempt: Attempt, ends: &HashMap<StepIx, Map>, links: &mut Vec<Link>) -> Map {
        let step = attempt.step;
        let mut map = Map::new();
        for MountPlan { path, from } in &self.plan.step(step).volume {
            let path = if path == "." { "" } else { path };
            // Whatever was there is hidden.
            map.retain(|other, _| !is_within(other, path));
            match from {
                VolumeFrom::Source => {
                    let name = source_layer(self.plan.pipeline(self.plan.step(step).pipeline).source).to_owned();
                    links.push(Link { layer: Layer { run: self.run_of(step), name }, below: None });
                    map.insert(path.to_owned(), Some(links.len() - 1));
                }
                VolumeFrom::Step { step } => {
                    let theirs = ends.get(step).into_iter().flatten();
                    map.extend(theirs.map(|(below, top)| (join(path, below), *top)));
                }
            }
        }
        map.entry(String::new()).or_insert(None);
        for (place, path) in cache::folders(self.plan.step(step)).0 {
            map.retain(|other, _| !is_within(other, &path));
            links.push(Link { layer: Layer { run: self.run_of(step), name: cache::layer_name(attempt, place) }, below: None });
            map.insert(path, Some(links.len() - 1));
        }
        map
    }

    /// The same with what its `run` wrote on top.
    fn end(&self, step: StepIx, map: Map, links: &mut Vec<Link>) -> Map {
        let attempt = self.attempt_of(step);
        let over = map.into_iter().enumerate().map(|(folder, (path, below))| {
            let layer = Layer { run: self.run_of(step), name: layer_name(attempt, folder) };
            links.push(Link { layer, below });
            (path, Some(links.len() - 1))
        });
        over.collect()
    }

    /// The attempt that made a step's layers.
    fn attempt_of(&self, step: StepIx) -> Attempt {
        let own = Attempt { step, number: self.state.steps[step.index()].attempt };
        self.kept.iter().find(|kept| kept.step == step).map_or(own, |kept| kept.attempt)
    }

    /// The run that made a step's layers.
    fn run_of(&self, step: StepIx) -> RunId {
        self.kept.iter().find(|kept| kept.step == step).map_or(self.run, |kept| kept.run)
    }
}

fn join(path: &str, below: &str) -> String {
    match (path, below) {
        ("", path) | (path, "") => path.to_owned(),
        (path, below) => format!("{path}/{below}"),
    }
}

fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::tests::support::plans::{StepWords as _, plan, step};
    use dockercise_pipeline::plan::{CachePlan, StepPlan};
    use dockercise_pipeline::run::{Run, Selection};
    use std::sync::Arc;

    fn mounted(step: StepPlan, mounts: &[(&str, Option<u32>)]) -> StepPlan {
        let from = |from: &Option<u32>| from.map_or(VolumeFrom::Source, |step| VolumeFrom::Step { step: StepIx(step) });
        let volume = mounts.iter().map(|(path, f)| MountPlan { path: (*path).to_owned(), from: from(f) }).collect();
        StepPlan { volume, ..step }
    }

    /// The map of a step as text: `path: layer layer > new layer`.
    fn of(steps: Vec<StepPlan>, step: u32, kept: &[Kept]) -> Result<Vec<String>, String> {
        let plan = plan(steps);
        let mut state = Run::new(Arc::new(plan.clone()), &Selection::default()).state().clone();
        state.steps.iter_mut().for_each(|s| s.attempt = 1);
        state.steps[step as usize].attempt = 2;
        let volumes = Volumes { plan: &plan, state: &state, run: RunId(uuid::Uuid::nil()), kept };
        let text = |layer: &Layer| format!("{}{}", if layer.run.0.is_nil() { "" } else { "other/" }, layer.name);
        let all = volumes.before(Attempt { step: StepIx(step), number: 2 })?;
        Ok(all.iter().map(|m| format!("{}: {} > {}", m.path, m.chain.iter().map(text).collect::<Vec<_>>().join(" "), m.layer)).collect())
    }

    fn run(steps: Vec<StepPlan>, step: u32) -> Vec<String> {
        of(steps, step, &[]).unwrap()
    }

    #[test]
    fn a_chain_goes_down_to_where_it_began() {
        let steps = || vec![step("").source(), step("").vol(0), step("").vol(1), step("")];
        assert_eq!(run(steps(), 2), [".: source 0a1 1a1 > 2a2"]);
        assert_eq!(run(steps(), 3), [".:  > 3a2"]);
        let other = RunId(uuid::Uuid::max());
        let kept = |i| Kept { step: StepIx(i), run: other, attempt: Attempt { step: StepIx(i), number: 7 } };
        assert_eq!(of(steps(), 2, &[kept(0), kept(1)]).unwrap(), [".: other/source other/0a7 other/1a7 > 2a2"]);
    }

    #[test]
    fn a_folder_of_a_step_is_its_whole_map_there() {
        let steps = vec![
            step("").source(),
            mounted(step(""), &[(".", Some(0)), ("-lib", None), ("out", Some(0))]),
            mounted(step(""), &[("deep/er", Some(1))]),
            mounted(step(""), &[(".", Some(2)), ("deep/er/-lib", Some(0))]),
        ];
        assert_eq!(run(steps.clone(), 1), [".: source 0a1 > 1a2", "-lib: source > 1a2m1", "out: source 0a1 > 1a2m2"]);
        assert_eq!(
            run(steps.clone(), 2),
            [".:  > 2a2", "deep/er: source 0a1 1a1 > 2a2m1", "deep/er/-lib: source 1a1m1 > 2a2m2", "deep/er/out: source 0a1 1a1m2 > 2a2m3"]
        );
        assert_eq!(
            run(steps, 3),
            [
                ".: 2a1 > 3a2",
                "deep/er: source 0a1 1a1 2a1m1 > 3a2m1",
                "deep/er/-lib: source 0a1 > 3a2m2",
                "deep/er/out: source 0a1 1a1m2 2a1m3 > 3a2m3"
            ]
        );
    }

    #[test]
    fn what_is_mounted_hides_what_was_there() {
        let first = mounted(step(""), &[("lib", None), ("lib/a", None), ("library", None)]);
        let second = mounted(step(""), &[(".", Some(0)), ("lib", None)]);
        assert_eq!(run(vec![first, second], 1), [".: 0a1 > 1a2", "lib: source > 1a2m1", "library: source 0a1m3 > 1a2m2"]);
    }

    #[test]
    fn a_cache_is_a_folder_of_the_volume_and_goes_on_to_who_uses_it() {
        let paths = vec!["/root/.npm".to_owned(), "lib/deep".to_owned(), "out".to_owned()];
        let plan = CachePlan { paths, key: "k".into(), files: vec![], fallback: vec![] };
        let cached = StepPlan { cache: Some(plan), ..mounted(step(""), &[(".", None), ("lib", None), ("out/x", None)]) };
        let steps = vec![cached, step("").vol(0)];
        assert_eq!(run(steps.clone(), 0), [".: source > 0a2", "lib: source > 0a2m1", "lib/deep: 0a2k1 > 0a2m2", "out: 0a2k2 > 0a2m3"]);
        assert_eq!(
            run(steps, 1),
            [".: source 0a1 > 1a2", "lib: source 0a1m1 > 1a2m1", "lib/deep: 0a1k1 0a1m2 > 1a2m2", "out: 0a1k2 0a1m3 > 1a2m3"]
        );
    }

    #[test]
    fn r59_long_chains_and_diamonds_are_looked_up_in_no_time() {
        let chain: Vec<StepPlan> = (0..5000).map(|i| if i == 0 { step("").source() } else { step("").vol(i - 1) }).collect();
        assert_eq!(run(chain, 4999)[0].split(' ').count(), 5003);
        let twice = |i: u32, path: &str| if i == 0 { step("") } else { mounted(step(""), &[(".", Some(i - 1)), (path, Some(i - 1))]) };
        let alike: Vec<StepPlan> = (0..64).map(|i| twice(i, "side")).collect();
        assert_eq!(run(alike, 62).len(), 63);
        let each: Vec<StepPlan> = (0..64).map(|i| twice(i, &format!("side{i}"))).collect();
        let words = of(each, 63, &[]).unwrap_err();
        assert!(words.contains("p/s7 is made of 128 folders"), "{words}");
    }
}
