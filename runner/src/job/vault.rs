//! The secrets of a run that this host knows: what its steps read from the server's store, and the values that are
//! secrets themselves. In memory only; a runner that begins anew asks again.
//!
//! Every container gets all that is known when it is made, to mask: a step may come by any of them, by a file for example.

use super::Context;
use crate::aws::Credentials;
use crate::client::CallError;
use crate::host::Host;
use crate::retry::Backoff;
use crate::shared::patiently;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dockercise_mask::{LONGEST, Secrets};
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::plan::{EnvPlan, EnvValue, Plan};
use dockercise_pipeline::taint::is_secret_variable;
use dockercise_pipeline::wire::{AskSecrets, Job};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How deep a value that is JSON is searched for secrets.
const DEPTH: usize = 32;

/// See the module.
#[derive(Default)]
pub struct Vault {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Steps that have begun, and so have had their secrets.
    begun: BTreeSet<StepIx>,
    /// Names that were asked for.
    asked: BTreeSet<String>,
    /// Steps with a secret value, and what is to be masked of it once that was read.
    tainted: BTreeMap<StepIx, Option<Vec<Vec<u8>>>>,
    /// All that came from a store, what it was before somebody changed it too.
    stored: BTreeSet<Vec<u8>>,
    /// All of it, until something comes to it.
    all: Option<Secrets>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds something that must not be shown.
    pub fn keep(&self, secret: Vec<u8>) {
        let mut known = self.known();
        if known.stored.insert(secret) {
            known.all = None;
        }
    }
}

impl<H: Host> Context<H> {
    /// A step has begun, in this process or before.
    pub fn has_begun(&self, step: StepIx) {
        self.vault.known().begun.insert(step);
    }

    /// A step's value is there, in this process or before. (Values that are secrets are of this run, or gone.)
    pub fn has_value(&self, step: StepIx) {
        if self.job.plan.step(step).tainted && self.run_of(step) == self.job.run {
            let mut known = self.vault.known();
            known.all = None;
            // Read anew: an attempt may have followed another.
            known.tainted.insert(step, None);
        }
    }

    /// What the server's store has of these names, as of now.
    ///
    /// # Errors
    /// In words: the run may have none, or one is missing.
    pub async fn secrets(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<u8>>, String> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let shown = |names: &mut dyn Iterator<Item = &String>| names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if !self.job.trusted {
            return Err(format!("this run may have no secrets, and asks for {}\nits code comes from a fork", shown(&mut names.iter())));
        }
        let found = self.ask_for(names).await?;
        let mut missing = names.iter().filter(|name| !found.contains_key(*name)).peekable();
        if missing.peek().is_some() {
            return Err(format!(
                "there is no secret {} for {}\nset it on the settings page, or by `dockercise secret set NAME`",
                shown(&mut missing),
                self.job.about.repository
            ));
        }
        Ok(found)
    }

    async fn ask_for(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let ask = AskSecrets { fence: self.job.fence, names: names.iter().cloned().collect() };
        let mut backoff = Backoff::default();
        let answer = loop {
            match self.shared.client.secrets(self.job.id, &ask).await {
                Ok(answer) => break answer,
                Err(CallError::Refused(words)) => return Err(format!("the server does not give the secrets: {words}")),
                // The job's loop hears of it too, and ends this.
                Err(CallError::Stale) => return Err("the job is somebody else's".to_owned()),
                Err(error) => tracing::debug!(job = %self.job.id, %error, "secrets wait for the server"),
            }
            self.shared.client.pause(&mut backoff).await;
        };
        let mut found = BTreeMap::new();
        for (name, value) in answer.secrets {
            let value = BASE64_STANDARD.decode(value).map_err(|_| format!("the server gave something else than the secret `{name}`"))?;
            self.vault.keep(value.clone());
            found.insert(name, value);
        }
        self.vault.known().asked.extend(names.iter().cloned());
        Ok(found)
    }

    /// The AWS credentials that its steps get, if they get any.
    ///
    /// # Errors
    /// In words: there should be some and are none.
    pub async fn aws(&self) -> Result<Option<Credentials>, String> {
        let Some(profile) = self.shared.aws.as_ref().filter(|_| self.job.trusted) else { return Ok(None) };
        let found = profile.credentials().await?;
        found.secrets.iter().for_each(|secret| self.vault.keep(secret.clone()));
        Ok(Some(found))
    }

    /// All secrets of the run that are known here so far: what every byte is masked by that leaves this host.
    ///
    /// # Errors
    /// In words: one of them cannot be had again.
    pub async fn known_secrets(&self) -> Result<Secrets, String> {
        let (names, unread) = {
            let known = self.vault.known();
            if let Some(all) = &known.all {
                return Ok(all.clone());
            }
            let of_begun = known.begun.iter().flat_map(|step| names(all_env(&self.job.plan, *step)));
            let names: BTreeSet<String> = of_begun.filter(|name| !known.asked.contains(name)).collect();
            let unread: Vec<StepIx> = known.tainted.iter().filter(|(_, value)| value.is_none()).map(|(step, _)| *step).collect();
            (names, unread)
        };
        if !names.is_empty() && self.job.trusted {
            // Steps of an earlier process had them. One that is gone from the store by now cannot be masked any more.
            self.ask_for(&names).await?;
        }
        for step in unread {
            let value = patiently(|| self.host().read_value(self.job.run, step, LONGEST as u64)).await.map_err(|e| e.to_string())?;
            self.vault.known().tainted.insert(step, Some(parts(&value)));
        }
        let mut known = self.vault.known();
        let tainted = known.tainted.values().flatten().flatten();
        let (all, refused) = Secrets::new(tainted.chain(&known.stored));
        for words in refused {
            tracing::debug!(job = %self.job.id, %words, "not masked");
        }
        known.all = Some(all.clone());
        Ok(all)
    }

    /// Words for people, without the secrets that are known at this moment.
    pub async fn masked(&self, words: &str) -> String {
        match self.known_secrets().await {
            Ok(secrets) => secrets.mask_text(words),
            Err(_) => Secrets::default().mask_text(words),
        }
    }
}

/// The names of the stored secrets among some variables.
pub fn names<'a>(env: impl IntoIterator<Item = &'a EnvPlan>) -> BTreeSet<String> {
    let of = |env: &EnvPlan| match &env.value {
        EnvValue::Secret { name } => Some(name.clone()),
        _ => None,
    };
    env.into_iter().filter_map(of).collect()
}

/// The variables of a step and its services.
fn all_env(plan: &Plan, step: StepIx) -> impl Iterator<Item = &EnvPlan> {
    let step = plan.step(step);
    step.env.iter().chain(step.services.iter().flat_map(|service| &service.env))
}

/// The steps that have begun in earlier jobs of the run, or in the runs that they are kept from: what they left may hold
/// their secrets.
pub fn begun_before(job: &Job) -> impl Iterator<Item = StepIx> {
    job.plan.steps().map(|(ix, _)| ix).filter(|ix| {
        let step = &job.state.steps[ix.index()];
        step.attempt > 0 || step.kept.is_some()
    })
}

/// What is masked of a secret value: itself, and where it is JSON what stands in it under a name that sounds secret. So
/// what `sts assume-role` gives is masked also where another step takes it apart. White space around it is no part of the
/// secret: the line break after it stays where it is.
fn parts(value: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = vec![value.trim_ascii().to_vec()];
    if let Ok(json) = serde_json::from_slice(value) {
        inner(&json, false, DEPTH, &mut parts);
    }
    parts
}

fn inner(json: &serde_json::Value, secret: bool, depth: usize, parts: &mut Vec<Vec<u8>>) {
    use serde_json::Value;
    match json {
        _ if depth == 0 => {}
        Value::String(text) if secret => parts.push(text.clone().into_bytes()),
        Value::Array(list) => list.iter().for_each(|one| inner(one, secret, depth - 1, parts)),
        Value::Object(map) => map.iter().for_each(|(name, one)| inner(one, secret || is_secret_variable(name), depth - 1, parts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s47_what_sounds_secret_in_a_secret_value_is_masked_by_itself() {
        let value =
            br#"{"Credentials": {"AccessKeyId": "ASIA1", "SecretAccessKey": "abc/def", "SessionToken": ["t1"], "Expiration": "2026"},
            "AssumedRoleUser": {"Arn": "arn:aws:sts::1:x"}}"#;
        let found: Vec<String> = parts(value)[1..].iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect();
        assert_eq!(found, ["ASIA1", "abc/def", "t1"]);
        assert_eq!(parts(b"hunter22\n"), [b"hunter22".to_vec()]);
        assert_eq!(parts(b"\"hunter22\""), [b"\"hunter22\"".to_vec()]);
    }
}
