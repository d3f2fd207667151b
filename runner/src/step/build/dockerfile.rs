//! What a Dockerfile says before the engine reads it: the images it starts from, and what it may not do.
//!
//! `ADD` of an address is fetched by the engine itself, outside of every wall around a step: from there the host's metadata
//! service can be reached. So that is refused, in what an image brings along (`ONBUILD`) too.

use std::collections::{BTreeSet, HashMap};

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Instruction {
    /// In capitals.
    word: String,
    rest: String,
}

/// A Dockerfile.
#[derive(Debug)]
pub struct Dockerfile(Vec<Instruction>);

impl Dockerfile {
    /// Reads its text. What is wrong with it the engine will say.
    pub fn new(text: &str) -> Dockerfile {
        let escape = escape(text);
        let mut instructions = Vec::new();
        let mut line = String::new();
        for next in text.lines() {
            // Comments and empty lines may stand within an instruction.
            if next.trim_start().starts_with('#') || (next.trim().is_empty() && !line.is_empty()) {
                continue;
            }
            match next.trim_end().strip_suffix(escape) {
                Some(part) => line.push_str(part),
                None => {
                    line.push_str(next);
                    instructions.extend(instruction(&line));
                    line.clear();
                }
            }
        }
        instructions.extend(instruction(&line));
        Dockerfile(instructions)
    }

    /// The images that it is made from, as far as they can be told: not its own stages.
    pub fn images(&self, args: &[(String, String)]) -> Vec<String> {
        let given: HashMap<&str, &str> = args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut known: HashMap<String, String> = HashMap::new();
        let (mut images, mut stages, mut begun) = (BTreeSet::new(), Vec::new(), false);
        for Instruction { word, rest } in &self.0 {
            let mut words = rest.split_whitespace();
            match word.as_str() {
                "ARG" if !begun => {
                    for arg in words {
                        let (name, default) = arg.split_once('=').unwrap_or((arg, ""));
                        let value = given.get(name).copied().unwrap_or(default);
                        known.insert(name.to_owned(), plain(value));
                    }
                }
                "FROM" => {
                    begun = true;
                    let Some(image) = words.by_ref().find(|word| !word.starts_with("--")) else { continue };
                    images.extend(filled(image, &known).filter(|image| !stages.contains(&image.to_lowercase()) && image != "scratch"));
                    let name = words.next().filter(|word| word.eq_ignore_ascii_case("as")).and_then(|_| words.next());
                    stages.extend(name.map(str::to_lowercase));
                }
                "COPY" => {
                    let from = words.find_map(|word| word.strip_prefix("--from=")).filter(|from| from.parse::<u32>().is_err());
                    images.extend(from.map(str::to_owned).filter(|from| !stages.contains(&from.to_lowercase()) && !from.contains('$')));
                }
                _ => {}
            }
        }
        images.into_iter().collect()
    }

    /// What it may not do, in words.
    pub fn refused(&self) -> Option<String> {
        self.0.iter().find_map(|Instruction { word, rest }| match word.as_str() {
            "ADD" if fetches(rest) => Some(format!("ADD {rest}")),
            "ONBUILD" => Dockerfile::new(rest).refused(),
            _ => None,
        })
    }
}

/// The character that continues a line: `\` unless the first lines say otherwise.
fn escape(text: &str) -> char {
    let comments = text.lines().map_while(|line| line.trim().strip_prefix('#'));
    let mut directives = comments.filter_map(|comment| comment.split_once('='));
    let set = directives.find(|(name, _)| name.trim().eq_ignore_ascii_case("escape"));
    set.and_then(|(_, value)| value.trim().chars().next()).unwrap_or('\\')
}

fn instruction(line: &str) -> Option<Instruction> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (!word.is_empty()).then(|| Instruction { word: word.to_uppercase(), rest: rest.trim().to_owned() })
}

/// Without quotes and escapes.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '"' | '\'' | '\\' | '`')).collect()
}

/// An image's name with its variables; none where one of them is not known.
fn filled(image: &str, known: &HashMap<String, String>) -> Option<String> {
    let mut parts = image.split('$');
    let mut filled = plain(parts.next().unwrap_or_default());
    for part in parts {
        let (name, after) = match part.strip_prefix('{') {
            Some(braced) => braced.split_once('}')?,
            None => part.split_at(part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len())),
        };
        filled.push_str(known.get(name)?);
        filled.push_str(&plain(after));
    }
    (!filled.is_empty()).then_some(filled)
}

/// May an `ADD` be told to fetch something? What begins with a variable may.
fn fetches(rest: &str) -> bool {
    let list: Option<Vec<String>> = rest.find('[').and_then(|at| serde_json::from_str(&rest[at..]).ok());
    let mut words = list.unwrap_or_else(|| rest.split_whitespace().map(str::to_owned).collect());
    words.retain(|word| !word.starts_with("--"));
    // The last one is where it goes.
    words.pop();
    words.iter().any(|word| {
        let word = plain(word).to_lowercase();
        let certain = word.split('$').next().unwrap_or_default();
        ["http://", "https://"].iter().any(|scheme| certain.starts_with(scheme) || (word.contains('$') && scheme.starts_with(certain)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_it_is_made_from_are_found() {
        let text = "# syntax\nARG BASE=alpine:3\nARG V=\"1\" \\\n  # a comment\n  W\nFROM --platform=linux/amd64 ghcr.io/a/b:1 AS one\nfrom ${BASE}-$V as Two\n\
            FROM one\nFROM $W\nFROM $X\nFROM scratch\nRUN echo \\\nFROM x\nCOPY --from=one a b\nCOPY --from=two a b\nCOPY --from=0 a b\nCOPY --chown=1 --from=c:2 a b\n";
        let dockerfile = Dockerfile::new(text);
        assert_eq!(dockerfile.images(&[("W".to_owned(), "sha256:00".to_owned())]), ["alpine:3-1", "c:2", "ghcr.io/a/b:1", "sha256:00"]);
        assert_eq!(Dockerfile::new("# escape=`\nFROM a`\nb\nRUN x\\\nFROM c").images(&[]), ["ab", "c"]);
    }

    #[test]
    fn s01_what_the_engine_would_fetch_itself_is_refused() {
        for bad in [
            "ADD http://169.254.169.254/latest/meta-data /x",
            "add --chown=1:1 HTTPS://example.org/x /x",
            "ADD a \\\n  http://x/y /z/",
            "ADD \"ht\"tp://x /y",
            "ADD [\"\\u0068ttp://x\", \"/y\"]",
            "ADD --chown=1 [\"$X\", \"/y\"]",
            "ADD $URL /x",
            "ADD htt${P}://x /y",
            "ONBUILD ADD http://x /y",
            "ONBUILD  add $X /y",
        ] {
            assert!(Dockerfile::new(bad).refused().is_some(), "{bad}");
        }
        for good in ["ADD app.tar.gz /", "ADD app-$VERSION.tgz $TO", "COPY $FILE /", "RUN wget http://x", "ADD a http://x", "ADD"] {
            assert_eq!(Dockerfile::new(good).refused(), None, "{good}");
        }
    }
}
