//! A plan's hash: the same for the same files, on a server and on a laptop.

use super::Plan;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

impl Plan {
    /// Lower-case hex sha256 over the plan as canonical JSON: no white space, each object's keys in the order of their bytes.
    /// Two versions of dockercise may give different ones for the same files; two computers with one version do not.
    pub fn hash(&self) -> String {
        // A plan is plain data: numbers, texts, lists and objects with text keys always are JSON.
        let value = serde_json::to_value(self).unwrap_or_default();
        let mut text = String::new();
        write(&value, &mut text);
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            // Whether the map keeps an order depends on a feature that any crate of a program can set.
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                write(&Value::String(key.clone()), out);
                out.push(':');
                write(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::source::SourceFile;

    fn hash(text: &str) -> String {
        let file = SourceFile { path: "ci.dockercise.yaml".into(), text: text.into() };
        compile("r", vec![file]).plan.unwrap().hash()
    }

    #[test]
    fn a_hash_is_of_what_the_files_mean() {
        let one = hash("a: {img: alpine, run: x}\n");
        assert_eq!(one.len(), 64);
        assert_eq!(one, hash("a:\n  {run: x, img: alpine}   # said otherwise\n"), "comments and the order of keys are no difference");
        assert_ne!(one, hash("a: {img: alpine, run: y}\n"));
    }

    #[test]
    fn canonical_json_sorts_keys_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{"b":[{"z":1,"a":null}],"a":"\n\"","\u00e9":1.5}"#).unwrap();
        let mut text = String::new();
        write(&value, &mut text);
        assert_eq!(text, "{\"a\":\"\\n\\\"\",\"b\":[{\"a\":null,\"z\":1}],\"é\":1.5}");
    }
}
