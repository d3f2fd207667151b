//! What a step costs in a plan.

use crate::plan::{EnvPlan, EnvValue, StepPlan, Work};

/// Bytes of text in a step, and about what the rest of it takes.
pub(super) fn weigh(step: &StepPlan) -> usize {
    let texts = |list: &[String]| list.iter().map(|text| 16 + text.len()).sum::<usize>();
    let work = match &step.work {
        Work::Run { text, argv, .. } => text.len() + texts(argv),
        Work::Image { .. } => 0,
        Work::Build { build } => env(&build.args) + texts(&build.tags),
    };
    let done = step.done.as_ref().map_or(0, |done| done.text.len() + texts(&done.argv));
    let services: usize = step
        .services
        .iter()
        .map(|service| {
            let ready = service.ready.as_ref().map_or(0, |ready| texts(&ready.argv));
            128 + env(&service.env) + service.argv.as_deref().map_or(0, texts) + ready
        })
        .sum();
    let when = step.when.as_ref().map_or(0, |when| [&when.branches, &when.tags, &when.paths].iter().map(|globs| texts(&globs.0)).sum());
    let cache = step.cache.as_ref().map_or(0, |cache| texts(&cache.paths) + texts(&cache.files) + texts(&cache.fallback) + cache.key.len());
    let volume: usize = step.volume.iter().map(|mount| 16 + mount.path.len()).sum();
    work + done + env(&step.env) + services + when + cache + volume + texts(&step.results) + 8 * (step.values.len() + step.after.len())
}

fn env(variables: &[EnvPlan]) -> usize {
    let text = |value: &EnvValue| match value {
        EnvValue::Literal { text }
        | EnvValue::Secret { name: text }
        | EnvValue::Ssm { path: text }
        | EnvValue::Secretsmanager { id: text }
        | EnvValue::Withheld { name: text, .. } => text.len(),
        EnvValue::Step { .. } => 0,
    };
    variables.iter().map(|env| 64 + env.name.len() + text(&env.value)).sum()
}
