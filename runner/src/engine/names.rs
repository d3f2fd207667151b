//! Names, labels and places: what everything that the engine makes is found by again.

use super::{AttemptKey, EngineError};
use dockercise_init::message::{Place, Root};
use dockercise_init::spec::{SPOOL_FILE, VALUE_FILE};
use dockercise_pipeline::ids::{RunId, StepIx};
use std::collections::HashMap;

/// Label with the host's id; everything has it.
pub const HOST: &str = "dockercise.host";
/// Label with the run's full id.
pub const RUN: &str = "dockercise.run";
/// Label with what a thing is: `step`, `service`, `holder`, `keeper`, `network`, `store`, `image`.
pub const KIND: &str = "dockercise.kind";
/// Label with the step's position in the plan.
pub const STEP: &str = "dockercise.step";
/// Label with the attempt's number.
pub const ATTEMPT: &str = "dockercise.attempt";
/// Label with the phase.
pub const PHASE: &str = "dockercise.phase";
/// Label of a service: its place in the step.
pub const SERVICE: &str = "dockercise.service";
/// Label of a holder that knows names of services, for one attempt alone.
pub const NAMES: &str = "dockercise.names";

/// Names that begin with the host's id.
#[derive(Debug, Clone)]
pub struct Names {
    host: String,
}

impl Names {
    /// For a host of eight lower-case hex digits.
    pub fn new(host: &str) -> Result<Names, EngineError> {
        let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        if host.len() == 8 && host.chars().all(hex) {
            Ok(Names { host: host.to_owned() })
        } else {
            Err(EngineError::Unusable(format!("the host id `{host}` is not eight lower-case hex digits")))
        }
    }

    /// `dc-{host}-{rest}`.
    pub fn of(&self, rest: &str) -> String {
        format!("dc-{}-{rest}", self.host)
    }

    /// The container of an attempt.
    pub fn step(&self, key: &AttemptKey) -> String {
        self.of(&format!("{}-{}", key.run.short(), short(key)))
    }

    /// A holder of a run.
    pub fn holder(&self, run: RunId, number: u32) -> String {
        self.of(&format!("{}-h{number}", run.short()))
    }

    /// The network of a run.
    pub fn network(&self, run: RunId) -> String {
        self.of(&run.short())
    }

    /// The repository of the images that a run has made; or of all runs.
    pub fn images(&self, run: Option<RunId>) -> String {
        format!("dc-{}/{}", self.host, run.map_or_else(|| "*".to_owned(), |run| run.short()))
    }

    /// The image that an attempt has made.
    pub fn image(&self, key: &AttemptKey) -> String {
        format!("{}:{}-{}", self.images(Some(key.run)), key.attempt.step, key.attempt.number)
    }

    /// Labels of something that belongs to no run.
    pub fn labels(&self, kind: &str) -> HashMap<String, String> {
        [(HOST, self.host.as_str()), (KIND, kind)].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }

    /// Labels of something of a run.
    pub fn run_labels(&self, kind: &str, run: RunId) -> HashMap<String, String> {
        let mut labels = self.labels(kind);
        labels.insert(RUN.to_owned(), run.to_string());
        labels
    }

    /// Labels of an attempt.
    pub fn step_labels(&self, key: &AttemptKey) -> HashMap<String, String> {
        let mut labels = self.run_labels(if key.service.is_some() { "service" } else { "step" }, key.run);
        if let Some(number) = key.service {
            labels.insert(SERVICE.to_owned(), number.to_string());
        }
        labels.insert(STEP.to_owned(), key.attempt.step.to_string());
        labels.insert(ATTEMPT.to_owned(), key.attempt.number.to_string());
        labels.insert(PHASE.to_owned(), key.phase.word().to_owned());
        labels
    }

    /// The filter that finds what has these labels too, of this host.
    pub fn filter(&self, more: &[(&str, &str)]) -> HashMap<String, Vec<String>> {
        let label = |(name, value): &(&str, &str)| format!("{name}={value}");
        let own = (HOST, self.host.as_str());
        HashMap::from([("label".to_owned(), [&[own], more].concat().iter().map(label).collect())])
    }

    /// The filter that finds what belongs to a run.
    pub fn run_filter(&self, run: RunId) -> HashMap<String, Vec<String>> {
        self.filter(&[(RUN, &run.to_string())])
    }
}

/// An attempt below its run, such as `12-1-run`, or a service of it, `12-1-run-s0`.
fn short(key: &AttemptKey) -> String {
    let service = key.service.map(|number| format!("-s{number}")).unwrap_or_default();
    format!("{}-{}-{}{service}", key.attempt.step, key.attempt.number, key.phase)
}

fn store(path: String) -> Place {
    Place { root: Root::Store, path }
}

/// All of a run on disk.
pub fn run_dir(run: RunId) -> Place {
    store(run.short())
}

/// All of a run in memory.
pub fn run_go(run: RunId) -> Place {
    Place { root: Root::Go, path: run.short() }
}

/// The file with the run's full id.
pub fn run_mark(run: RunId) -> Place {
    store(format!("{}/run", run.short()))
}

/// A layer: letters, digits and dashes, so that it needs no quoting among mount options.
pub fn layer(run: RunId, layer: &str) -> Result<Place, EngineError> {
    let fits = |c: char| matches!(c, '0'..='9' | 'a'..='z' | '-');
    if layer.is_empty() || layer.len() > 32 || !layer.chars().all(fits) {
        return Err(EngineError::Unusable(format!("`{layer}` cannot be the name of a layer")));
    }
    Ok(store(format!("{}/l/{layer}", run.short())))
}

/// What a layer is called while it is being filled. No layer has a dot in its name.
pub fn unfinished_layer(place: &Place) -> Place {
    store(format!("{}.new", place.path))
}

/// A chain of layers as one; called after the topmost.
pub fn flat_layer(place: &Place) -> Place {
    store(format!("{}.flat", place.path))
}

/// What overlayfs needs beside the upper directories of an attempt.
pub fn workdirs(key: &AttemptKey) -> Place {
    store(format!("{}/w/{}", key.run.short(), short(key)))
}

/// What it needs for one of them.
pub fn workdir(key: &AttemptKey, number: usize) -> Place {
    below(&workdirs(key), &number.to_string())
}

/// The folder that holds an attempt's spool.
pub fn spool_dir(key: &AttemptKey) -> Place {
    store(format!("{}/s/{}", key.run.short(), short(key)))
}

/// An attempt's spool.
pub fn spool(key: &AttemptKey) -> Place {
    store(format!("{}/{SPOOL_FILE}", spool_dir(key).path))
}

/// An attempt's value, where it is not in its spool.
pub fn own_value(key: &AttemptKey) -> Place {
    store(format!("{}/{VALUE_FILE}", spool_dir(key).path))
}

/// The value files that an attempt sees.
pub fn values_dir(key: &AttemptKey) -> Place {
    store(format!("{}/a/{}", key.run.short(), short(key)))
}

/// A step's value.
pub fn value(run: RunId, step: StepIx) -> Place {
    store(format!("{}/v/{step}", run.short()))
}

/// An attempt's spec and helper binary, in memory.
pub fn go_dir(key: &AttemptKey) -> Place {
    Place { root: Root::Go, path: format!("{}/{}", key.run.short(), short(key)) }
}

/// All that is kept from run to run.
pub fn caches() -> Place {
    store("cache".to_owned())
}

/// What is kept from run to run, by a name: letters, digits and dashes. Its folders are below it by their numbers.
pub fn cache(name: &str) -> Result<Place, EngineError> {
    let fits = |c: char| matches!(c, '0'..='9' | 'a'..='z' | '-');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(EngineError::Unusable(format!("`{name}` cannot be the name of a cache")));
    }
    Ok(below(&caches(), name))
}

/// A place below another.
pub fn below(place: &Place, name: &str) -> Place {
    Place { root: place.root, path: format!("{}/{name}", place.path) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use dockercise_pipeline::ids::{Attempt, Phase};

    #[test]
    fn names_are_as_documented() {
        let run = RunId("01890000-0000-7000-8000-0000deadbeef".parse().unwrap());
        let key = AttemptKey { run, attempt: Attempt { step: StepIx(12), number: 2 }, phase: Phase::Done, service: None };
        let names = Names::new("0a1b2c3d").unwrap();
        assert_eq!(names.step(&key), "dc-0a1b2c3d-deadbeef-12-2-done");
        assert_eq!(names.network(run), "dc-0a1b2c3d-deadbeef");
        assert_eq!(spool(&key).path, "deadbeef/s/12-2-done/spool");
        assert_eq!(names.step_labels(&key)[RUN], run.to_string());
    }

    #[test]
    fn what_would_need_quoting_is_no_name() {
        let run = RunId(uuid::Uuid::nil());
        for bad in ["", "a:b", "a,b", "../x", "A", "a/b", "a.new", &"x".repeat(33)] {
            assert!(layer(run, bad).is_err(), "{bad}");
        }
        for bad in ["", "0a1b2c3", "0A1B2C3D", "0a1b2c3g", "../../.."] {
            assert!(Names::new(bad).is_err(), "{bad}");
        }
    }
}
