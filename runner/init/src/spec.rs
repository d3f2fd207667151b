//! What a step is to run. It reaches the container as a file on a tmpfs, so that neither the command nor the
//! environment stands in the container's configuration or on a disk.

use serde::{Deserialize, Serialize};

mod bytes;

/// The folder with [`SPEC_FILE`] and the helper binary, mounted read-only into every step.
pub const GO: &str = "/dockercise/go";
/// The helper binary's name in [`GO`].
pub const INIT_FILE: &str = "init";
/// The spec's name in [`GO`].
pub const SPEC_FILE: &str = "spec.json";
/// The name in [`GO`] of what the container credentials endpoint answers.
pub const AWS_FILE: &str = "aws.json";
/// The name in [`GO`] of the socket of a step's ssh agent.
pub const AGENT_FILE: &str = "agent";
/// The name in [`GO`] of the host keys that ssh may believe.
pub const KNOWN_HOSTS_FILE: &str = "known_hosts";
/// The folder with [`SPOOL_FILE`] in a step's container.
pub const SPOOL: &str = "/dockercise/spool";
/// The spool's name in [`SPOOL`] and in the attempt's folder in the store.
pub const SPOOL_FILE: &str = "spool";
/// The value's name in [`SPOOL`], where it is not the spool's stdout: of a secret step, and of one whose log was cut.
pub const VALUE_FILE: &str = "value";
/// The longest value, in bytes (language.md, "Secrets").
pub const LONGEST_VALUE: u64 = 1024 * 1024 * 1024;
/// How long a step's log may get before its middle is left out, in bytes, unless something else is said
/// (reliability.md, rule 6).
pub const LOG_CAP: u64 = 100 * 1024 * 1024;
/// What `init hold` prints once its routes stand.
pub const READY: &str = "ready";

/// What a step is to run.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The command and its arguments; looked up in the `PATH` that results.
    pub argv: Vec<String>,
    /// On top of the image's own environment.
    pub env: Vec<(String, String)>,
    /// The directory to run it in; made where it is not there.
    pub cwd: String,
    /// Secrets that may turn up in its output, as they are: masked there in all their forms, before anything is written.
    #[serde(with = "bytes")]
    pub masks: Vec<Vec<u8>>,
    /// Is its stdout a secret? Then none of it is in the log, and the value is [`VALUE_FILE`], byte for byte.
    pub secret: bool,
    /// Does anybody read its value? Then it is kept whole however long the log is, and must not be over
    /// [`LONGEST_VALUE`]. Otherwise what the log has of it will do.
    pub value: bool,
    /// Bytes of log after which its middle is left out.
    pub log_cap: u64,
    /// As whom, as Docker's `USER` has it: `name`, `uid`, `name:group` or `uid:gid`. Empty for root.
    pub user: String,
    /// The folders of the volume: they are made the user's own.
    pub volume: Vec<String>,
    /// Run the command again, after a pause of so many milliseconds, until it ends with 0.
    pub every_ms: Option<u64>,
    /// Does it get AWS credentials, those in [`AWS_FILE`]?
    pub aws: bool,
    /// Is there an ssh agent for it, at [`AGENT_FILE`], with [`KNOWN_HOSTS_FILE`] beside it?
    pub agent: bool,
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spec").field("cwd", &self.cwd).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_read_back_and_says_nothing_of_secrets() {
        let spec = Spec {
            argv: vec!["true".to_owned()],
            env: vec![("A".to_owned(), "hunter22".to_owned())],
            cwd: "/work".to_owned(),
            user: "node".to_owned(),
            volume: vec!["/work".to_owned()],
            every_ms: Some(5000),
            aws: true,
            agent: true,
            masks: vec![b"hunter22".to_vec(), vec![0, 255, 10]],
            secret: true,
            value: true,
            log_cap: LOG_CAP,
        };
        let text = serde_json::to_string(&spec).unwrap();
        assert!(text.contains(r#""masks":["aHVudGVyMjI=","AP8K"]"#), "{text}");
        assert!(serde_json::from_str::<Spec>(&text).unwrap() == spec);
        assert!(!format!("{spec:?}").contains("hunter22"));
    }
}
