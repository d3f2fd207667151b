//! A real sshd on this machine that serves git repositories, where there is one.

use dockercise_pipeline::wire::Source;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const SSHD: &str = "/usr/sbin/sshd";

/// An sshd with a repository of two commits; ended when it is dropped.
pub struct Sshd {
    dir: tempfile::TempDir,
    child: Child,
    port: u16,
    /// The two commits, oldest first.
    pub commits: Vec<String>,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(dir: &Path, program: &str, args: &[&str]) -> String {
    let out = Command::new(program).current_dir(dir).args(args).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

impl Sshd {
    /// None, loudly, where sshd is not installed or this user may not run it.
    pub fn start() -> Option<Sshd> {
        if !Path::new(SSHD).exists() || !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: no {SSHD} that this user may start");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        // sshd looks at the whole way to the authorized keys.
        std::fs::set_permissions(at, std::fs::Permissions::from_mode(0o755)).unwrap();
        for key in ["host", "deploy", "other"] {
            run(at, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", key]);
        }
        std::fs::rename(at.join("deploy.pub"), at.join("authorized")).unwrap();
        std::fs::create_dir_all("/run/sshd").unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized\nPidFile none\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\nPermitRootLogin yes\nAcceptEnv GIT_PROTOCOL\n",
            at.display()
        );
        std::fs::write(at.join("config"), config).unwrap();
        let child = Command::new(SSHD).args(["-D", "-e", "-f"]).arg(at.join("config")).stderr(Stdio::null()).spawn().unwrap();
        let repository = at.join("name.git");
        std::fs::create_dir(&repository).unwrap();
        let git = |args: &[&str]| run(&repository, "git", &[&["-c", "user.name=t", "-c", "user.email=t@example.com"], args].concat());
        git(&["init", "--quiet", "--initial-branch=main"]);
        let commits = ["one", "two"].map(|text| {
            std::fs::write(repository.join("README"), format!("{text}\n")).unwrap();
            git(&["add", "-A"]);
            git(&["commit", "--quiet", "-m", text]);
            git(&["rev-parse", "HEAD"])
        });
        let this = Sshd { dir, child, port, commits: commits.to_vec() };
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(std::time::Instant::now() < deadline, "sshd does not come up");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Some(this)
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    /// The repository at a commit.
    pub fn source(&self, commit: &str) -> Source {
        let path: PathBuf = self.dir.path().join("name.git");
        Source {
            repository_id: 77,
            url: format!("ssh://root@127.0.0.1:{}{}", self.port, path.display()),
            sha: commit.to_owned(),
            git_ref: "refs/heads/main".into(),
            deploy_key: self.file("deploy"),
            known_hosts: format!("[127.0.0.1]:{} {}", self.port, self.file("host.pub")),
        }
    }

    /// With a key that is not (any more) the repository's.
    pub fn with_other_key(&self, commit: &str) -> Source {
        Source { repository_id: 78, deploy_key: self.file("other"), ..self.source(commit) }
    }

    /// With another host key on record.
    pub fn with_other_host(&self, commit: &str) -> Source {
        let known_hosts = format!("[127.0.0.1]:{} {}", self.port, self.file("other.pub"));
        Source { repository_id: 79, known_hosts, ..self.source(commit) }
    }
}
