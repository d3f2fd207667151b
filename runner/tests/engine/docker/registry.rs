//! A real registry of images (Debian's docker-registry) on this machine, for one test.

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::query_parameters::{PushImageOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder};
use futures_util::StreamExt;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub const USER: &str = "me";
pub const PASSWORD: &str = "sesame";
/// By `htpasswd -nbBC 4 me sesame`.
const HTPASSWD: &str = "me:$2y$04$W9pWRpkffZaCPlUFHCMIZuJOfU9jJiU.zH41/98aXv7HPGCqSJqLC\n";

/// Ends with this value.
pub struct Registry {
    process: Child,
    /// As `127.0.0.1:41234`.
    pub at: String,
    folder: tempfile::TempDir,
}

impl Registry {
    /// A registry that asks who is there, or none where the program is missing: then the test is skipped, loudly.
    pub fn start() -> Option<Registry> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("htpasswd"), HTPASSWD).unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\nhttp: {{addr: '127.0.0.1:0'}}\nauth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            path("store"),
            path("htpasswd")
        );
        std::fs::write(path("config.yml"), config).unwrap();
        let started =
            Command::new("docker-registry").args(["serve", &path("config.yml")]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut process = match started {
            Ok(process) => process,
            Err(error) if std::env::var(super::NEED).is_ok_and(|value| value == "1") => panic!("docker-registry is needed: {error}"),
            Err(error) => {
                eprintln!("SKIPPED: no docker-registry ({error}); apt-get install docker-registry");
                return None;
            }
        };
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let at = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.chars().take_while(|c| c.is_ascii_digit() || [':', '.'].contains(c)).collect::<String>())
        });
        // Somebody must go on reading what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Registry { process, at: at.expect("the registry does not listen"), folder })
    }

    /// Docker's configuration with a login for a registry, in a file.
    pub fn login(&self, at: &str, password: &str) -> std::path::PathBuf {
        use base64::Engine as _;
        let auth = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{password}"));
        let path = self.folder.path().join("config.json");
        std::fs::write(&path, serde_json::json!({"auths": {at: {"auth": auth}}}).to_string()).unwrap();
        path
    }

    /// Pushes an image of this engine's under a name, and takes it away here. Gives its digest.
    pub async fn push(&self, docker: &Docker, image: &str, name: &str, tag: &str) -> String {
        let repository = format!("{}/{name}", self.at);
        docker.tag_image(image, Some(TagImageOptionsBuilder::default().repo(&repository).tag(tag).build())).await.unwrap();
        let login =
            DockerCredentials { username: Some(USER.to_owned()), password: Some(PASSWORD.to_owned()), ..DockerCredentials::default() };
        let mut steps = docker.push_image(&repository, Some(PushImageOptionsBuilder::default().tag(tag).build()), Some(login));
        while let Some(step) = steps.next().await {
            step.unwrap();
        }
        let full = format!("{repository}:{tag}");
        let digests = docker.inspect_image(&full).await.unwrap().repo_digests.unwrap();
        let digest = digests.into_iter().find(|digest| digest.starts_with(&format!("{repository}@"))).unwrap();
        forget(docker, &full).await;
        digest
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Removes an image from the engine.
pub async fn forget(docker: &Docker, image: &str) {
    docker.remove_image(image, None::<RemoveImageOptions>, None).await.unwrap();
}
