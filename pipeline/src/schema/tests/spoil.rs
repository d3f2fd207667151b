//! Files spoiled in one place or a few, and written out again.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Number, Value};
use std::fmt::Write;

/// Words that stand where they should not: keys, values of every kind, other tools' words, slips.
const WORDS: [&str; 60] = [
    "img",
    "run",
    "vol",
    "env",
    "done",
    "timeout",
    "after",
    "shell",
    "when",
    "secret",
    "results",
    "services",
    "build",
    "cache",
    "cpus",
    "memory",
    "user",
    "workdir",
    "matrix",
    "image",
    "x-a",
    "on",
    "name",
    "steps",
    "settings",
    "source",
    "push",
    "human-click",
    "branches",
    "schedule",
    "manual",
    "alpine",
    "bash",
    "none",
    "10m",
    "90",
    "0s",
    "00",
    "true",
    "no",
    "512m",
    "0.5",
    "a/b",
    "../x",
    "/abs",
    "~",
    ".",
    "{a}",
    "{a/b}",
    "a b",
    "A",
    "",
    "main",
    "!x",
    "[a",
    "30 4 * * *",
    "a=b",
    "PATH",
    "TOKEN",
    "registry.example:5000/a:1",
];

/// One thing to do to a file.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Take away what is at a place.
    Delete(Index),
    /// Call a key otherwise.
    Rename(Index, Index),
    /// Put another kind of value at a place.
    Retype(Index, u8, Index),
    /// Put a piece of some file at a place.
    Swap(Index, Index, Index),
    /// Add a key to a map.
    Add(Index, Index, u8, Index),
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let i = any::<Index>;
    prop_oneof![
        i().prop_map(Act::Delete),
        (i(), i()).prop_map(|(a, b)| Act::Rename(a, b)),
        (i(), 0..9_u8, i()).prop_map(|(a, k, b)| Act::Retype(a, k, b)),
        (i(), i(), i()).prop_map(|(a, b, c)| Act::Swap(a, b, c)),
        (i(), i(), 0..9_u8, i()).prop_map(|(a, b, k, c)| Act::Add(a, b, k, c)),
    ]
}

/// Every place in a value but the whole, as ways from it.
fn places(value: &Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![(Vec::new(), value)];
    while let Some((way, value)) = open.pop() {
        let mut go = |step: String, inner| {
            let mut way: Vec<String> = way.clone();
            way.push(step);
            found.push(way.clone());
            open.push((way, inner));
        };
        match value {
            Value::Object(map) => map.iter().for_each(|(key, inner)| go(key.clone(), inner)),
            Value::Array(list) => list.iter().enumerate().for_each(|(i, inner)| go(i.to_string(), inner)),
            _ => {}
        }
    }
    found.sort();
    found
}

fn at<'v>(value: &'v mut Value, way: &[String]) -> Option<&'v mut Value> {
    way.iter().try_fold(value, |value, step| match value {
        Value::Object(map) => map.get_mut(step),
        Value::Array(list) => list.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn word(index: &Index) -> String {
    (*index.get(&WORDS)).to_owned()
}

fn made(kind: u8, which: &Index) -> Value {
    let text = Value::String(word(which));
    match kind {
        0 => Value::Null,
        1 => Value::Bool(which.index(2) == 0),
        2 => Value::Number(Number::from(which.index(3))),
        3 => Number::from_f64(1.5).map_or(Value::Null, Value::Number),
        4 => Value::Array(Vec::new()),
        5 => Value::Array(vec![text]),
        6 => Value::Object(Map::new()),
        7 => Value::Object(Map::from_iter([(word(which), Value::Null)])),
        _ => text,
    }
}

/// Does it, where there is such a place.
pub(super) fn apply(act: &Act, value: &mut Value, all: &[Value]) {
    let places = places(value);
    if places.is_empty() {
        return;
    }
    let (Act::Delete(place) | Act::Rename(place, _) | Act::Retype(place, ..) | Act::Swap(place, ..) | Act::Add(place, ..)) = act;
    let way = place.get(&places);
    let Some((last, front)) = way.split_last() else { return };
    match act {
        Act::Delete(_) => match at(value, front) {
            Some(Value::Object(map)) => {
                map.remove(last);
            }
            Some(Value::Array(list)) => {
                last.parse().ok().map(|i: usize| list.remove(i));
            }
            _ => {}
        },
        Act::Rename(_, to) => {
            if let Some(Value::Object(map)) = at(value, front)
                && let Some(inner) = map.remove(last)
            {
                map.insert(word(to), inner);
            }
        }
        Act::Retype(_, kind, which) => {
            if let Some(inner) = at(value, way) {
                *inner = made(*kind, which);
            }
        }
        Act::Swap(_, file, piece) => {
            let mut other = file.get(all).clone();
            let ways = self::places(&other);
            let piece = at(&mut other, piece.get::<Vec<String>>(&ways)).cloned();
            if let (Some(inner), Some(piece)) = (at(value, way), piece) {
                *inner = piece;
            }
        }
        Act::Add(_, key, kind, which) => {
            if let Some(Value::Object(map)) = at(value, way) {
                map.insert(word(key), made(*kind, which));
            }
        }
    }
}

/// As YAML that reads the same to an editor and to us: blocks, and `{name}` for a map with one name and no value.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

fn block(value: &Value, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() && braced(map).is_none() => {
            for (key, inner) in map {
                let _ = write!(out, "{pad}{}:", text(key));
                inside(inner, depth, out);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for inner in list {
                let _ = write!(out, "{pad}-");
                inside(inner, depth, out);
            }
        }
        other => {
            let _ = writeln!(out, "{pad}{}", flow(other));
        }
    }
}

/// What follows a key or a dash.
fn inside(value: &Value, depth: usize, out: &mut String) {
    let nested = match value {
        Value::Object(map) => !map.is_empty() && braced(map).is_none(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        block(value, depth + 1, out);
    } else {
        let _ = writeln!(out, " {}", flow(value));
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Object(map) => braced(map).map_or_else(|| "{}".to_owned(), |name| format!("{{{name}}}")),
        Value::Array(_) => "[]".to_owned(),
        Value::String(words) => text(words),
        other => other.to_string(),
    }
}

/// The name, where a map is a reference in braces.
fn braced(map: &Map<String, Value>) -> Option<&str> {
    match map.iter().collect::<Vec<_>>().as_slice() {
        [(name, Value::Null)] if crate::names::is_reference(name) => Some(name),
        _ => None,
    }
}

/// Text in double quotes: JSON's escapes are YAML's.
fn text(words: &str) -> String {
    Value::String(words.to_owned()).to_string()
}
