//! What a person says who starts a pipeline by hand.

use crate::plan::{Input, Manual};

/// The longest text that can be said, in bytes: it becomes an environment variable.
const LONGEST: usize = 32 * 1024;

impl Manual {
    /// Can the pipeline be started with this?
    ///
    /// # Errors
    /// In words for the person: what is missing, too much, or none of the choices.
    pub fn check(&self, said: &[(String, String)]) -> Result<(), String> {
        for (i, (name, text)) in said.iter().enumerate() {
            let Some(input) = self.inputs.iter().find(|input| input.name == *name) else {
                let names: Vec<&str> = self.inputs.iter().map(|input| input.name.as_str()).collect();
                let there = if names.is_empty() { "it takes none".to_owned() } else { format!("there are {}", names.join(", ")) };
                return Err(format!("the pipeline has no input `{}`: {there}", name.escape_debug()));
            };
            if said[..i].iter().any(|(before, _)| before == name) {
                return Err(format!("`{name}` is said twice"));
            }
            input.check(text)?;
        }
        let missing = self.inputs.iter().find(|i| i.required && i.default.is_none() && !said.iter().any(|(name, _)| *name == i.name));
        missing.map_or(Ok(()), |input| Err(format!("`{}` must be said", input.name)))
    }

    /// The environment that it becomes: what was said, else the defaults.
    pub fn environment(&self, said: &[(String, String)]) -> Vec<(String, String)> {
        let text = |input: &Input| said.iter().find(|(name, _)| *name == input.name).map(|(_, text)| text.clone());
        self.inputs.iter().filter_map(|i| Some((i.name.clone(), text(i).or_else(|| i.default.clone())?))).collect()
    }
}

impl Input {
    fn check(&self, text: &str) -> Result<(), String> {
        let name = &self.name;
        if text.len() > LONGEST {
            return Err(format!("`{name}` is over {} KiB long", LONGEST >> 10));
        }
        if text.contains('\0') {
            return Err(format!("`{name}` holds a NUL byte, which no environment variable can"));
        }
        if self.required && text.is_empty() {
            return Err(format!("`{name}` must be said"));
        }
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == text) {
            return Err(format!("`{name}` is one of {}, not `{}`", self.choices.join(", "), text.escape_debug()));
        }
        Ok(())
    }
}
