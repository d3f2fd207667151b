//! Schema and parser against each other: on all files there are, and on what becomes of them when they are spoiled.

mod corpus;
mod spoil;

use super::SCHEMA;
use crate::diagnostic::Diagnostic;
use crate::file;
use crate::source::SourceFile;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::Value;
use std::sync::LazyLock;

/// What the parser says of one file, before it has seen the others, and a schema cannot: beginnings and parts of messages.
/// `docs/language.md` ("Editors") says the same in words.
const BEYOND: [&str; 28] = [
    // How a value is written: a schema sees `True`, `00` and `1_0` as an editor reads them.
    "is `true` or `false`, not",
    "a number has no leading zero",
    "is no number of processors",
    // Sizes, and how much there is of something.
    "is not a duration",
    "is no amount of memory",
    "is no user",
    "steps in one file",
    "the pipeline has no steps",
    "bytes long",
    // What a text means in another little language.
    "is no glob",
    "is no time",
    "is not an image",
    "is no name for an image",
    // Names that would change how programs behave, or that no variable can have.
    "that would change how programs behave",
    "cannot name a variable",
    // What several places say of each other.
    "an empty command",
    "is a list of arguments",
    "names no program",
    "stops at the first failure of a list is not known",
    "is none of the choices",
    "are cached twice",
    "stands here twice",
    "there is nothing to build from",
    "has no `img`",
    "has no `tags` to push",
    // What YAML has done before a schema sees it.
    "merge keys (",
    // A map with one key and no value is a reference in braces, and a variable or folder on a line of its own.
    "takes the name of a step, and",
    "the value of `",
];

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is json");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema).expect("the schema is a schema")
});

/// What the parser says that stops a file.
fn errors(text: &str) -> Vec<Diagnostic> {
    let read = file::read("repo", SourceFile { path: "ci.dockercise.yaml".into(), text: text.as_bytes().to_vec() });
    read.diagnostics.into_iter().filter(Diagnostic::is_error).collect()
}

/// What the schema says.
fn refusals(value: &Value) -> Vec<String> {
    VALIDATOR.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn is_beyond(problem: &Diagnostic) -> bool {
    BEYOND.iter().any(|part| problem.message.contains(part))
        || problem.help.as_ref().is_some_and(|help| BEYOND.iter().any(|p| help.contains(p)))
}

/// Do both say the same, as far as a schema can?
fn agree(text: &str, value: &Value) -> Result<(), String> {
    let (errors, refusals) = (errors(text), refusals(value));
    let told: Vec<String> = errors.iter().map(|d| format!("{}: {}", d.line, d.message)).collect();
    if errors.is_empty() && !refusals.is_empty() {
        return Err(format!("the parser takes what the schema refuses: {refusals:#?}\n{text}"));
    }
    if refusals.is_empty() && errors.iter().any(|problem| !is_beyond(problem)) {
        return Err(format!("the schema takes what the parser refuses: {told:#?}\n{text}"));
    }
    Ok(())
}

#[test]
fn every_good_file_is_taken_by_both() {
    let good = corpus::good();
    assert!(good.len() > 30, "{} files", good.len());
    for (name, text) in good {
        let value = corpus::as_json(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(refusals(&value), Vec::<String>::new(), "{name}");
        assert_eq!(errors(&text).len(), 0, "{name}");
        // And written anew from its values, which the tests below spoil.
        let again = spoil::write(&value);
        assert_eq!(errors(&again).iter().map(|d| &d.message).collect::<Vec<_>>(), Vec::<&String>::new(), "{name}:\n{again}");
        assert_eq!(corpus::as_json(&again).expect("yaml"), value, "{name}");
    }
}

#[test]
fn both_say_the_same_of_every_broken_file() {
    for (name, text) in corpus::broken() {
        // What is no YAML, or has a key twice, no schema sees.
        if let Ok(value) = corpus::as_json(&text) {
            agree(&text, &value).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

#[test]
fn every_key_is_described() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("json");
    let step = schema["$defs"]["step"]["properties"].as_object().expect("keys");
    let mut keys: Vec<&str> = step.keys().map(String::as_str).collect();
    let mut known = file::STEP_KEYS.to_vec();
    keys.sort_unstable();
    known.sort_unstable();
    assert_eq!(keys, known);
    let settings = schema["properties"].as_object().expect("settings");
    let mut names: Vec<&str> = settings.keys().map(String::as_str).chain(["concurrency"]).collect();
    let mut known = file::SETTINGS.to_vec();
    names.sort_unstable();
    known.sort_unstable();
    assert_eq!(names, known);
    assert!(step.values().chain(settings.values()).all(|key| key["description"].is_string()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn both_say_the_same_of_spoiled_files(file in any::<prop::sample::Index>(), acts in prop::collection::vec(spoil::act(), 1..4)) {
        static GOOD: LazyLock<Vec<Value>> = LazyLock::new(|| corpus::good().iter().map(|(_, text)| corpus::as_json(text).expect("yaml")).collect());
        let mut value = file.get(&GOOD).clone();
        for act in &acts {
            spoil::apply(act, &mut value, &GOOD);
        }
        let text = spoil::write(&value);
        // Written and read it is the same, so that both speak of one thing.
        prop_assume!(corpus::as_json(&text).is_ok_and(|read| read == value));
        prop_assert_eq!(agree(&text, &value), Ok(()));
    }
}
