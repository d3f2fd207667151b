//! How a step's programs find the ssh agent, which the runner is: it signs with the repository's key, and the key is not
//! here.

use dockercise_init::spec::{AGENT_FILE, GO, KNOWN_HOSTS_FILE};

/// Adds what ssh and git are told, but for what the step says itself or has in its image: that stands.
pub fn tell(env: &mut Vec<(String, String)>, in_image: impl Fn(&str) -> bool) {
    let has = |env: &[(String, String)], name: &str| env.iter().any(|(other, _)| other == name);
    if !has(env, "SSH_AUTH_SOCK") {
        env.push(("SSH_AUTH_SOCK".to_owned(), format!("{GO}/{AGENT_FILE}")));
    }
    if !["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| has(env, name) || in_image(name)) {
        // What a person has in `~/.ssh/known_hosts` counts too.
        let ssh = format!("ssh -o StrictHostKeyChecking=yes -o 'GlobalKnownHostsFile={GO}/{KNOWN_HOSTS_FILE} /etc/ssh/ssh_known_hosts'");
        env.push(("GIT_SSH_COMMAND".to_owned(), ssh));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(mut env: Vec<(String, String)>, in_image: &str) -> Vec<String> {
        tell(&mut env, |name| name == in_image);
        env.into_iter().map(|(name, value)| format!("{name}={}", value.split(' ').next().unwrap_or_default())).collect()
    }

    #[test]
    fn what_a_step_says_itself_stands() {
        assert_eq!(names(vec![], ""), ["SSH_AUTH_SOCK=/dockercise/go/agent", "GIT_SSH_COMMAND=ssh"]);
        assert_eq!(names(vec![], "GIT_SSH"), ["SSH_AUTH_SOCK=/dockercise/go/agent"]);
        let own = |name: &str| vec![(name.to_owned(), "own".to_owned())];
        assert_eq!(names(own("GIT_SSH_COMMAND"), ""), ["GIT_SSH_COMMAND=own", "SSH_AUTH_SOCK=/dockercise/go/agent"]);
        assert_eq!(names(own("SSH_AUTH_SOCK"), ""), ["SSH_AUTH_SOCK=own", "GIT_SSH_COMMAND=ssh"]);
    }
}
