//! The description itself: schemas found by JSON pointer, compiled once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

use crate::links::encode_path;

/// Name under which schemas refer to the description.
const NAME: &str = "json-schema:///github";
/// So many errors of one body are told.
const TOLD: usize = 5;

pub(super) struct Document {
    value: Value,
    registry: Registry<'static>,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Document").finish_non_exhaustive()
    }
}

impl Document {
    pub(super) fn new(mut value: Value) -> anyhow::Result<Self> {
        honour_nullable(&mut value);
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(NAME, value.clone())
            .context("the description is no document of schemas")?
            .prepare()
            .context("the description cannot be indexed")?;
        Ok(Self { value, registry, compiled: Mutex::default() })
    }

    /// What lies at a pointer; a `$ref` found there is followed, and told as its own pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<(String, &Value)> {
        let value = self.value.pointer(pointer)?;
        match value["$ref"].as_str() {
            Some(target) => self.at(target.strip_prefix('#')?),
            None => Some((pointer.to_owned(), value)),
        }
    }

    /// What is wrong with `body` by the schema at `pointer`.
    pub(super) fn errors(&self, pointer: &str, body: &Value) -> Vec<String> {
        let validator = match self.validator(pointer) {
            Ok(validator) => validator,
            Err(error) => return vec![format!("the schema {pointer} is unusable: {error:#}")],
        };
        let tell = |error: jsonschema::ValidationError<'_>| {
            let mut text = error.to_string();
            if text.len() > 400 {
                let end = (0..=400).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
                text.truncate(end);
                text.push_str("...");
            }
            format!("at {:?}: {text}", error.instance_path().to_string())
        };
        validator.iter_errors(body).take(TOLD).map(tell).collect()
    }

    fn validator(&self, pointer: &str) -> anyhow::Result<Arc<Validator>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.get(pointer) {
            return Ok(Arc::clone(known));
        }
        let schema = json!({ "$ref": format!("{NAME}#{}", encode_path(pointer.as_bytes())) });
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.registry)
            .should_validate_formats(true)
            // Addresses in commits are whatever their authors wrote.
            .with_format("email", |_: &str| true)
            .build(&schema)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let validator = Arc::new(validator);
        compiled.insert(pointer.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }
}

/// A name as a step of a JSON pointer.
pub(super) fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// OpenAPI 3.0 says `nullable` where JSON Schema says "or null".
fn honour_nullable(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(honour_nullable),
        Value::Object(fields) => {
            fields.values_mut().for_each(honour_nullable);
            if fields.get("nullable") == Some(&Value::Bool(true)) {
                fields.remove("nullable");
                let schema = std::mem::take(fields);
                fields.insert("anyOf".to_owned(), json!([schema, { "type": "null" }]));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn references_nulls_and_formats_are_judged() {
        let document = Document::new(json!({ "components": { "schemas": {
            "name": { "type": "string", "nullable": true },
            "thing": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": { "$ref": "#/components/schemas/name" },
                    "at": { "type": "string", "format": "date-time" },
                },
            },
        } } }))
        .unwrap();
        let thing = "/components/schemas/thing";
        assert_eq!(document.errors(thing, &json!({ "name": null })), Vec::<String>::new());
        assert_eq!(document.errors(thing, &json!({ "name": 1 })).len(), 1);
        assert_eq!(document.errors(thing, &json!({ "name": "a", "at": "noon" })).len(), 1);
        assert_eq!(document.errors(thing, &json!({})).len(), 1);
    }
}
