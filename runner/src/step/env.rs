//! A step's environment.

use crate::host::Host;
use crate::job::{Context, vault};
use crate::shared::patiently;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::plan::{EnvPlan, EnvValue};
use dockercise_pipeline::wire::Job;

/// The longest value, and the longest script, in bytes (language.md, "References" and "Secrets").
pub const LONGEST_VALUE: usize = 120 * 1024;
/// The most of all names and values together, in bytes.
const LONGEST_ENVIRONMENT: usize = 2 * 1000 * 1000;

/// What the step is given: what every step has, then what its pipeline says.
pub async fn environment<H: Host>(cx: &Context<H>, step: StepIx) -> Result<Vec<(String, String)>, String> {
    let mut env = of_every_step(&cx.job, step);
    variables(cx, &cx.job.plan.step(step).env, &mut env).await?;
    Ok(env)
}

/// Adds variables as a file has them.
pub async fn variables<H: Host>(cx: &Context<H>, plans: &[EnvPlan], env: &mut Vec<(String, String)>) -> Result<(), String> {
    let secrets = cx.secrets(&vault::names(plans)).await?;
    for EnvPlan { name, value } in plans {
        let text = match value {
            EnvValue::Literal { text } => text.clone(),
            EnvValue::Step { step } => {
                let limit = LONGEST_VALUE as u64 + 2;
                let bytes = patiently(|| cx.host().read_value(cx.run_of(*step), *step, limit)).await.map_err(|e| e.to_string())?;
                from_value(name, &cx.job.plan.full_name(*step), &bytes)?
            }
            EnvValue::Secret { name: stored } => from_store(name, stored, secrets.get(stored).map(Vec::as_slice).unwrap_or_default())?,
            EnvValue::Withheld { name: stored, why } => {
                return Err(format!("this run may not have the secret `{stored}` as {name}\n{why}"));
            }
            EnvValue::Ssm { .. } | EnvValue::Secretsmanager { .. } => {
                let from = if matches!(value, EnvValue::Ssm { .. }) { "Parameter Store" } else { "Secrets Manager" };
                return Err(format!(
                    "{name} is to be read from AWS {from}, and this run is in no AWS account
use {{secret: name}}, dockercise's own store"
                ));
            }
        };
        env.retain(|(other, _)| other != name);
        env.push((name.clone(), text));
    }
    let size: usize = env.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    if size > LONGEST_ENVIRONMENT {
        return Err(format!("the environment is {size} bytes long\n{LONGEST_ENVIRONMENT} is the most"));
    }
    Ok(())
}

/// A stored secret as the text of a variable. What fails says nothing of it.
pub fn from_store(name: &str, stored: &str, bytes: &[u8]) -> Result<String, String> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= LONGEST_VALUE && !text.contains('\0') => Ok(text.to_owned()),
        _ => Err(format!(
            "the secret `{stored}` cannot be the environment variable {name}\nit must be UTF-8 without NUL, of at most 120 KiB"
        )),
    }
}

/// A value as the text of a variable: one trailing newline is dropped, nothing else.
pub fn from_value(name: &str, step: &str, bytes: &[u8]) -> Result<String, String> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let why = if bytes.len() > LONGEST_VALUE {
        "is over 120 KiB"
    } else if bytes.contains(&0) {
        "holds a NUL byte"
    } else {
        match std::str::from_utf8(bytes) {
            Ok(text) => return Ok(text.to_owned()),
            Err(_) => "is not UTF-8",
        }
    };
    Err(format!(
        "the value of `{step}` {why} and cannot be the environment variable {name}\nuse {{{step}}} in `run`: the path of a file that holds it"
    ))
}

/// What every step of the run has, whatever its file says: about the run, and what a person gave it.
pub fn of_every_step(job: &Job, ix: StepIx) -> Vec<(String, String)> {
    let step = job.plan.step(ix);
    let numbered = job.about.pipelines.get(step.pipeline.index());
    let about = &job.about;
    let pairs = [
        ("CI", "true".to_owned()),
        ("DOCKERCISE", "true".to_owned()),
        ("DOCKERCISE_RUN", numbered.map(|n| n.number.to_string()).unwrap_or_default()),
        ("DOCKERCISE_PIPELINE", job.plan.pipeline(step.pipeline).name.clone()),
        ("DOCKERCISE_STEP", step.name.clone()),
        ("DOCKERCISE_SHA", about.sha.clone()),
        ("DOCKERCISE_REF", about.git_ref.clone()),
        ("DOCKERCISE_BRANCH", about.branch.clone().unwrap_or_default()),
        ("DOCKERCISE_TAG", about.tag.clone().unwrap_or_default()),
        ("DOCKERCISE_EVENT", about.event.clone()),
        ("DOCKERCISE_REPOSITORY", about.repository.clone()),
        ("DOCKERCISE_URL", numbered.map(|n| n.url.clone()).unwrap_or_default()),
    ];
    let mut env: Vec<_> = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if let Some(manual) = &job.plan.pipeline(step.pipeline).on.manual {
        env.extend(manual.environment(&about.inputs));
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s29_a_value_is_taken_verbatim_but_for_one_newline() {
        assert_eq!(from_value("A", "p/a", b"x\n\n"), Ok("x\n".into()));
        assert_eq!(from_value("A", "p/a", b"\" --privileged $(x)"), Ok("\" --privileged $(x)".into()));
        assert_eq!(from_value("A", "p/a", &[vec![b'x'; LONGEST_VALUE], vec![b'\n']].concat()).map(|t| t.len()), Ok(LONGEST_VALUE));
        for (bytes, why) in [(vec![b'x'; LONGEST_VALUE + 1], "120 KiB"), (vec![b'a', 0], "NUL"), (vec![0xff], "UTF-8")] {
            let words = from_value("A", "p/a", &bytes).unwrap_or_else(|words| words);
            assert!(words.contains(why) && words.contains("use {p/a}"), "{words}");
        }
    }
}
