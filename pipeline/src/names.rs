//! What pipelines, steps and environment variables may be called.

/// Longest name of a step or pipeline.
pub const MAX_NAME_LEN: usize = 63;
/// The built-in volume: the repository at the commit that triggered the run.
pub const SOURCE: &str = "source";
/// The word in `after` for a person's click.
pub const HUMAN_CLICK: &str = "human-click";

/// The names whose values together are AWS credentials.
const AWS_TRIPLE: [&str; 3] = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"];

/// Names that change how a program is loaded or how a tool behaves.
const GUARDED_NAMES: [&str; 46] = [
    "ALL_PROXY",
    "BASHOPTS",
    "BASH_ENV",
    "CDPATH",
    "CI",
    "CLASSPATH",
    "DOCKERCISE",
    "EDITOR",
    "ENV",
    "FTP_PROXY",
    "GCONV_PATH",
    "GLOBIGNORE",
    "HOME",
    "HOSTALIASES",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LESSOPEN",
    "LOCPATH",
    "MAKEFLAGS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NO_PROXY",
    "OLDPWD",
    "PAGER",
    "PATH",
    "PROMPT_COMMAND",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "PWD",
    "RES_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "SHELL",
    "SHELLOPTS",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERMINFO",
    "TMPDIR",
    "VISUAL",
];

/// Beginnings of such names.
const GUARDED_BEGINNINGS: [&str; 15] = [
    "BASH_FUNC_",
    "CARGO_",
    "CURL_",
    "DOCKERCISE_",
    "DOCKER_",
    "DYLD_",
    "GIT_",
    "GLIBC_",
    "LD_",
    "MALLOC_",
    "NPM_CONFIG_",
    "PERL5",
    "PIP_",
    "PYTHON",
    "SSH_",
];

/// Is it `[a-z0-9][a-z0-9_-]{0,62}`?
pub fn is_step_name(name: &str) -> bool {
    name.len() <= MAX_NAME_LEN
        && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
        && name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
}

/// Is it `[a-z0-9][a-z0-9-]{0,62}`?
pub fn is_pipeline_name(name: &str) -> bool {
    is_step_name(name) && !name.contains('_')
}

/// Is it a step's name as a file may write it, `step` or `pipeline/step`?
pub fn is_reference(name: &str) -> bool {
    match name.split_once('/') {
        Some((pipeline, step)) => is_pipeline_name(pipeline) && is_step_name(step),
        None => is_step_name(name),
    }
}

/// Is it `[A-Za-z_][A-Za-z0-9_]*`, as every shell can read it?
pub fn is_env_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

/// Is it `[A-Za-z_][A-Za-z0-9_.-]{0,127}`? Such a name needs no quoting in a shell, an address or a store of AWS.
pub fn is_secret_name(name: &str) -> bool {
    name.len() <= 128
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        && name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
}

/// The variable that a step in a list under `env` sets: `access-key-id` and `other/access-key-id` set `ACCESS_KEY_ID`.
pub fn env_name(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or_default().replace('-', "_").to_ascii_uppercase()
}

/// Would setting it change how a program is loaded or a tool behaves? Such names cannot come from a step's name.
pub fn is_guarded(name: &str) -> bool {
    GUARDED_NAMES.contains(&name) || GUARDED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// Where the names in one list hold all AWS credentials: the names that AWS tools read, each with the one it copies.
pub(crate) fn aws_names<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<(&'static str, &'static str)> {
    if !AWS_TRIPLE.iter().all(|name| names.clone().any(|n| n == *name)) {
        return Vec::new();
    }
    vec![("AWS_ACCESS_KEY_ID", AWS_TRIPLE[0]), ("AWS_SECRET_ACCESS_KEY", AWS_TRIPLE[1]), ("AWS_SESSION_TOKEN", AWS_TRIPLE[2])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_names() {
        for good in ["a", "9", "a-b_c", "constructor", "source"] {
            assert!(is_step_name(good), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "a.b", "..", "__proto__", "a/b", "ä", "a b", &"x".repeat(64)] {
            assert!(!is_step_name(bad), "{bad}");
        }
        assert!(!is_pipeline_name("a_b"));
        assert!(is_reference("a-b/c_d") && !is_reference("a/b/c") && !is_reference("a_b/c") && !is_reference("../c"));
    }

    #[test]
    fn s29_names_that_load_programs_are_guarded() {
        for step in [
            "path",
            "ld-preload",
            "ld_library_path",
            "docker-host",
            "git-ssh-command",
            "bash_env",
            "env",
            "ifs",
            "other/path",
            "dockercise-run",
            "pythonpath",
        ] {
            assert!(is_guarded(&env_name(step)), "{step}");
        }
        for step in ["access-key-id", "version", "token", "aws-access-key-id", "database-url", "build-path", "digit"] {
            assert!(!is_guarded(&env_name(step)), "{step}");
        }
    }

    #[test]
    fn env_names() {
        assert_eq!(env_name("other/access-key_id"), "ACCESS_KEY_ID");
        assert!(is_env_name("_x1") && !is_env_name("1x") && !is_env_name("") && !is_env_name("a=b") && !is_env_name("a-b"));
        assert!(!is_env_name(&env_name("2fa")));
    }
}
