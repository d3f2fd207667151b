//! What can be set, from the command line or the environment.

use crate::people::Allowed;
use clap::Args;
use clap::builder::FalseyValueParser;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

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

/// Who logs in, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct LoginSettings {
    /// Client id of the OAuth app that people log in with [default: none, and no login]
    #[arg(long = "github-client-id", env = "DOCKERCISE_GITHUB_CLIENT_ID", value_name = "ID")]
    pub client_id: Option<String>,
    /// Its client secret; better given in the environment, where other users of this computer cannot read it
    #[arg(long = "github-client-secret", env = "DOCKERCISE_GITHUB_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub client_secret: Option<String>,
    /// Who may log in besides who claimed this server, as octocat, id:583231, org:acme, team:acme/ops or * for everybody
    #[arg(long = "allow-login", env = "DOCKERCISE_ALLOW_LOGIN", value_name = "WHO", value_delimiter = ',')]
    pub login: Vec<Allowed>,
    /// Who runs this server besides who claimed it, as octocat or id:583231
    #[arg(long = "admin", env = "DOCKERCISE_ADMIN", value_name = "WHO", value_delimiter = ',')]
    pub admins: Vec<Allowed>,
    /// Show results of public repositories to anybody
    #[arg(long, env = "DOCKERCISE_PUBLIC_RESULTS", value_parser = FalseyValueParser::new())]
    pub public_results: bool,
    /// Networks of proxies in front, as 172.16.0.0/12: their `X-Forwarded-For` is believed
    #[arg(long = "proxy", env = "DOCKERCISE_PROXY", value_name = "NETWORK", value_delimiter = ',')]
    pub proxies: Vec<IpNet>,
    /// Listen beyond this computer also where there is no TLS (no https:// in the public address) or no login
    #[arg(long, env = "DOCKERCISE_INSECURE", value_parser = FalseyValueParser::new())]
    pub insecure: bool,
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

/// What hosts keep of runs that are over, so that others can go on from them.
#[derive(Debug, Clone, Args)]
pub struct Keep {
    /// How long the values and volumes of runs that are over are kept, as 24h, 90m or 0s
    #[arg(long = "keep-for", env = "DOCKERCISE_KEEP_FOR", default_value = "24h", value_name = "TIME", value_parser = time)]
    pub time: Duration,
    /// How much they may take on a host, as 10GB or 500MB; the oldest go first
    #[arg(long = "keep-bytes", env = "DOCKERCISE_KEEP_BYTES", default_value = "10GB", value_name = "BYTES", value_parser = bytes)]
    pub bytes: u64,
}

fn time(text: &str) -> Result<Duration, String> {
    let units = [("h", 3600), ("m", 60), ("s", 1)];
    let seconds = units.iter().find_map(|(unit, seconds)| text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(*seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "write a number and h, m or s, as in 24h".to_owned())
}

fn bytes(text: &str) -> Result<u64, String> {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("", 1)];
    let bytes = units.iter().find_map(|(unit, bytes)| text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(*bytes));
    bytes.ok_or_else(|| "write a number and GB, MB or kB, as in 10GB".to_owned())
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
    /// Who logs in.
    #[command(flatten)]
    pub login: LoginSettings,
    /// Login of the person who clicks and starts runs here, where this server has no login of its own: gates that name who
    /// may pass them ask for it
    #[arg(long, env = "DOCKERCISE_OPERATOR", value_name = "LOGIN")]
    pub operator: Option<String>,
    /// How many seconds the clock that schedules go by is ahead of the computer's: for tests of what comes at a time
    #[arg(long, env = "DOCKERCISE_SCHEDULES_AHEAD", default_value_t = 0, hide = true, value_name = "SECONDS")]
    pub schedules_ahead: u32,
    /// What hosts keep.
    #[command(flatten)]
    pub keep: Keep,
    /// How much of steps' caches a host keeps from run to run, as 10GB or 500MB; 0 for none
    #[arg(long, env = "DOCKERCISE_CACHE_BYTES", default_value = "10GB", value_name = "BYTES", value_parser = bytes)]
    pub cache_bytes: u64,
    /// AWS profile of this computer whose credentials steps of trusted runs get [default: none]
    #[arg(long, env = "DOCKERCISE_AWS_PROFILE", value_name = "NAME")]
    pub aws_profile: Option<String>,
    /// Docker's configuration with the logins of registries, or its folder [default: DOCKER_CONFIG or ~/.docker]
    #[arg(long, env = "DOCKERCISE_DOCKER_CONFIG", value_name = "PATH")]
    pub docker_config: Option<PathBuf>,
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

impl Default for GithubSettings {
    fn default() -> Self {
        let [api, web, ssh] = ["https://api.github.com", "https://github.com", "github.com"].map(str::to_owned);
        GithubSettings { github_api: api, github_web: web, github_ssh: ssh }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read() {
        assert_eq!((time("24h"), time("0s")), (Ok(Duration::from_secs(86_400)), Ok(Duration::ZERO)));
        assert_eq!((bytes("10GB"), bytes("500MB"), bytes("7")), (Ok(10_000_000_000), Ok(500_000_000), Ok(7)));
        assert!(["24", "h", "-1h", "1d", ""].iter().all(|bad| time(bad).is_err()));
        assert!(["GB", "10 GB", "-1", "99999999999999GB"].iter().all(|bad| bytes(bad).is_err()));
    }

    #[test]
    fn a_host_key_is_pinned_under_the_name_that_ssh_looks_for() {
        let at =
            |ssh: &str| GithubSettings { github_api: String::new(), github_web: String::new(), github_ssh: ssh.into() }.known_hosts_name();
        assert_eq!(at("github.com"), "github.com");
        assert_eq!(at("github.com:22"), "github.com");
        assert_eq!(at("127.0.0.1:2222"), "[127.0.0.1]:2222");
    }
}
