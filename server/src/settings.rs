//! What can be set, from the command line or the environment.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where GitHub is. Three settings, as for GitHub Enterprise.
#[derive(Debug, Clone, Args)]
pub struct GithubSettings {
    /// Base of GitHub's REST API, as https://ghe.example/api/v3
    #[arg(long, env = "DOCKERCISE_GITHUB_API", default_value = "https://api.github.com", value_name = "URL")]
    pub github_api: String,
    /// Base of GitHub's pages
    #[arg(long, env = "DOCKERCISE_GITHUB_WEB", default_value = "https://github.com", value_name = "URL")]
    pub github_web: String,
    /// GitHub's ssh server, as HOST or HOST:PORT
    #[arg(long, env = "DOCKERCISE_GITHUB_SSH", default_value = "github.com", value_name = "HOST[:PORT]")]
    pub github_ssh: String,
}

/// What every command on an installation needs.
#[derive(Debug, Clone, Args)]
pub struct DataSettings {
    /// Folder that holds the database, the key that seals secrets, results and what the runner keeps
    #[arg(long, env = "DOCKERCISE_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// Address under which GitHub and people reach this server [default: http:// and the address it listens on]
    #[arg(long, env = "DOCKERCISE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

/// The server's settings.
#[derive(Debug, Clone, Args)]
pub struct ServeSettings {
    /// Data folder and public address.
    #[command(flatten)]
    pub data: DataSettings,
    /// Where GitHub is.
    #[command(flatten)]
    pub github: GithubSettings,
    /// Address to listen on
    #[arg(long, env = "DOCKERCISE_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Docker engine to run steps on, as unix:///var/run/docker.sock [default: DOCKER_HOST or the usual socket]
    #[arg(long, env = "DOCKERCISE_DOCKER_HOST", value_name = "URL")]
    pub docker_host: Option<String>,
}

impl ServeSettings {
    /// The public address without a slash at its end.
    pub fn public_url(&self) -> String {
        self.data.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen)).trim_end_matches('/').to_owned()
    }
}

impl GithubSettings {
    /// The ssh address of a repository.
    pub fn ssh_url(&self, full_name: &str) -> String {
        format!("ssh://git@{}/{full_name}.git", self.github_ssh)
    }

    /// The host as a `known_hosts` line names it.
    pub fn known_hosts_name(&self) -> String {
        match self.github_ssh.rsplit_once(':') {
            Some((host, port)) if port != "22" => format!("[{}]:{port}", host.trim_matches(['[', ']'])),
            Some((host, _)) => host.trim_matches(['[', ']']).to_owned(),
            None => self.github_ssh.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_key_is_pinned_under_the_name_that_ssh_looks_for() {
        let at =
            |ssh: &str| GithubSettings { github_api: String::new(), github_web: String::new(), github_ssh: ssh.into() }.known_hosts_name();
        assert_eq!(at("github.com"), "github.com");
        assert_eq!(at("github.com:22"), "github.com");
        assert_eq!(at("127.0.0.1:2222"), "[127.0.0.1]:2222");
    }
}
