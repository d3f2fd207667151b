//! Which values are secrets, and where one cannot be used.

use super::merge::Merge;
use super::step::BUILDS_WITH;
use crate::diagnostic::{Diagnostic, Severity};
use crate::ids::StepIx;
use crate::plan::{EnvValue, Plan};
use crate::taint::{self, Why};

/// The variables that hold AWS credentials.
const AWS: [&str; 6] =
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"];

impl Merge<'_, '_> {
    /// Decides which steps' values are secrets, and says where that forbids a use.
    pub(super) fn secrets(&mut self, plan: &mut Plan) {
        let why = taint::decide(&plan.steps, &self.said);
        for (step, why) in plan.steps.iter_mut().zip(&why) {
            step.tainted = why.is_some();
        }
        self.warn_of_shown_credentials(plan);
        let mut found: Vec<Diagnostic> = Vec::new();
        for edge in &self.edges {
            let Some((user, used)) = edge.ends() else { continue };
            let Some(why) = &why[used.index()] else { continue };
            let (pipeline, span, words) = edge.said();
            let source = &self.definitions[pipeline.index()].source;
            if words == BUILDS_WITH {
                let message = "a build's argument cannot be a secret: an image's history shows its arguments";
                let mut problem = Diagnostic::new(Severity::Error, source, span, message);
                problem.help(format!("{}; where it is no secret, say `secret: false` there", self.reason(plan, used, why)));
                found.push(problem);
            }
            let account = |step: StepIx| plan.pipeline(plan.step(step).pipeline).account.as_deref();
            if let (Some(of_user), Some(of_used)) = (account(user), account(used))
                && of_user != of_used
            {
                let message = format!("the value of `{}` is a secret of the account `{of_used}`, and stays there", plan.full_name(used));
                let mut problem = Diagnostic::new(Severity::Error, source, span, message);
                problem.help(format!("{}; this pipeline runs in `{of_user}`", self.reason(plan, used, why)));
                found.push(problem);
            }
        }
        self.diagnostics.extend(found);
    }

    fn reason(&self, plan: &Plan, step: StepIx, why: &Why) -> String {
        let name = plan.full_name(step);
        match why {
            Why::Declared => format!("`{name}` says `secret: true`"),
            Why::Used { by, name: variable } => format!("`{}` takes the value of `{name}` as {variable}", plan.full_name(*by)),
            Why::Through { step } => format!("`{}`, whose value is used as a secret, reads the value of `{name}`", plan.full_name(*step)),
            Why::MadeFrom { step } => format!("`{name}` is made from the secret of `{}`", plan.full_name(*step)),
        }
    }

    /// `secret: false` on what is used as an AWS credential is more likely a slip than meant.
    fn warn_of_shown_credentials(&mut self, plan: &Plan) {
        let mut warned = std::collections::HashSet::new();
        for step in &plan.steps {
            for env in &step.env {
                let EnvValue::Step { step: used } = env.value else { continue };
                if self.said[used.index()].secret != Some(false) || !AWS.contains(&env.name.as_str()) || !warned.insert(used) {
                    continue;
                }
                let Some((pipeline, definition)) = self.definition(used) else { continue };
                let span = definition.secret.as_ref().map_or(definition.name.span, |secret| secret.span);
                let message = format!("the value of `{}` is used as {}, and will be shown", plan.full_name(used), env.name);
                self.warning(pipeline, span, message).help("without `secret: false` it is a secret");
            }
        }
    }
}
