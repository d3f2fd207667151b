//! Paths of the description, and which of them a request means.

use serde_json::Value;

use super::document::step;

/// One part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter {
        name: String,
        /// Whether it may hold slashes (GitHub's `x-multi-segment`).
        many: bool,
    },
}

/// One path of the description.
#[derive(Debug, Clone)]
pub(super) struct Route {
    segments: Vec<Segment>,
    /// JSON pointer of the path's item.
    pub(super) pointer: String,
}

/// All paths.
pub(super) fn all(document: &Value) -> Vec<Route> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.map(|(path, item)| Route::new(document, path, item)).collect()
}

impl Route {
    fn new(document: &Value, path: &str, item: &Value) -> Self {
        let parameters: Vec<&Value> = item
            .as_object()
            .into_iter()
            .flat_map(|operations| operations.values())
            .filter_map(|operation| operation["parameters"].as_array())
            .flatten()
            .map(|parameter| {
                let target = parameter["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
                target.and_then(|pointer| document.pointer(pointer)).unwrap_or(parameter)
            })
            .collect();
        let many = |name: &str| parameters.iter().any(|one| one["name"] == name && one["x-multi-segment"] == Value::Bool(true));
        let segments = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(name) => Segment::Parameter { name: name.to_owned(), many: many(name) },
                None => Segment::Literal(part.to_owned()),
            })
            .collect();
        Self { segments, pointer: format!("/paths/{}", step(path)) }
    }

    fn literals(&self) -> usize {
        self.segments.iter().filter(|segment| matches!(segment, Segment::Literal(_))).count()
    }
}

/// The route that `path` means, and its parameters: of several the most literal.
pub(super) fn find<'a>(routes: &'a [Route], path: &str) -> Option<(&'a Route, Vec<(String, String)>)> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    routes.iter().filter_map(|route| Some((route, fit(&route.segments, &parts)?))).max_by_key(|(route, bound)| {
        let empty = bound.iter().any(|(_, value)| value.is_empty());
        (!empty, route.literals())
    })
}

fn fit(segments: &[Segment], parts: &[&str]) -> Option<Vec<(String, String)>> {
    let Some((first, rest)) = segments.split_first() else {
        return parts.is_empty().then(Vec::new);
    };
    match first {
        Segment::Literal(text) => fit(rest, parts.strip_prefix(&[text.as_str()])?),
        Segment::Parameter { name, many } => {
            // A parameter of many segments may also be empty: the root of `contents`.
            let least = usize::from(!many);
            let most = if *many { parts.len() } else { 1 };
            (least..=most).rev().filter(|&taken| taken <= parts.len()).find_map(|taken| {
                let mut bound = fit(rest, &parts[taken..])?;
                bound.push((name.clone(), parts[..taken].join("/")));
                Some(bound)
            })
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refs_may_hold_slashes_and_the_most_literal_path_wins() {
        let parameters = json!([{ "name": "ref", "in": "path", "x-multi-segment": true }]);
        let item = json!({ "get": { "parameters": parameters } });
        let routes = all(&json!({ "paths": {
            "/commits/{ref}": item, "/commits/{ref}/status": item, "/hooks/{id}": {}, "/commits": {}
        } }));
        let (route, bound) = find(&routes, "/commits/heads/a/status").unwrap();
        assert_eq!(route.pointer, "/paths/~1commits~1{ref}~1status");
        assert_eq!(bound, [("ref".to_owned(), "heads/a".to_owned())]);
        assert_eq!(find(&routes, "/commits/heads/a").unwrap().0.pointer, "/paths/~1commits~1{ref}");
        assert_eq!(find(&routes, "/commits").unwrap().0.pointer, "/paths/~1commits");
        assert!(find(&routes, "/hooks/1/2").is_none());
    }
}
