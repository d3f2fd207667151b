//! Logins of registries, from Docker's own configuration: entries, credential stores and helpers. Read at each use, so a
//! `docker login` counts at once; used for pulls and pushes, and never seen by a step.

use super::super::EngineError;
use bollard::auth::DockerCredentials;
use docker_credential::{CredentialRetrievalError as Failure, DockerCredential, get_credential_from_reader};
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::PathBuf;

/// What Docker Hub is called in the configuration.
const HUB: &str = "https://index.docker.io/v1/";
/// The file in Docker's folder.
const FILE: &str = "config.json";
/// What credential helpers say of a registry that they do not know.
const UNKNOWN: &str = "credentials not found";

/// Where logins are read from.
#[derive(Debug, Clone)]
pub struct Logins {
    path: Option<PathBuf>,
    /// Was it named? Then it must be there.
    named: bool,
}

impl Logins {
    /// A file, or a folder with a `config.json`; where none is named, `DOCKER_CONFIG`, or `.docker` in the home folder.
    pub fn new(named: Option<PathBuf>) -> Logins {
        let usual = || {
            let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
            std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(home)
        };
        let is_named = named.is_some();
        let path = named.or_else(usual).map(|path| if path.is_dir() { path.join(FILE) } else { path });
        Logins { path, named: is_named }
    }

    /// The login for the registry that an image's name stands in, if there is one.
    pub async fn of(&self, image: &str) -> Result<Option<DockerCredentials>, EngineError> {
        let (this, server) = (self.clone(), registry(image).to_owned());
        let read = tokio::task::spawn_blocking(move || this.read(&server)).await;
        read.map_err(|error| EngineError::Unusable(error.to_string()))?.map_err(EngineError::Unusable)
    }

    fn read(&self, server: &str) -> Result<Option<DockerCredentials>, String> {
        let Some(path) = &self.path else { return Ok(None) };
        let cannot = |why: &str| format!("the login for {server} cannot be read from {}: {why}", path.display());
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && !self.named => return Ok(None),
            outcome => outcome.map_err(|error| cannot(&error.to_string()))?,
        };
        // What a helper puts out may be the password: it is not repeated.
        let login = match get_credential_from_reader(BufReader::new(file), server) {
            Ok(login) => login,
            Err(Failure::NoCredentialConfigured) => return Ok(None),
            Err(Failure::HelperFailure { stdout, stderr, .. }) if format!("{stdout}{stderr}").contains(UNKNOWN) => return Ok(None),
            Err(Failure::HelperFailure { helper, .. }) => return Err(cannot(&format!("{helper} failed"))),
            Err(Failure::HelperCommunicationError) => return Err(cannot("its credential helper cannot be run")),
            Err(Failure::MalformedHelperResponse) => return Err(cannot("its credential helper's answer is not understood")),
            Err(_) => return Err(cannot("it is not Docker's config.json")),
        };
        let at = DockerCredentials { serveraddress: Some(server.to_owned()), ..DockerCredentials::default() };
        Ok(Some(match login {
            DockerCredential::IdentityToken(token) => DockerCredentials { identitytoken: Some(token), ..at },
            DockerCredential::UsernamePassword(name, password) => {
                DockerCredentials { username: Some(name), password: Some(password), ..at }
            }
        }))
    }
}

/// The registry that an image's name stands in, as the configuration calls it.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => match first {
            "docker.io" | "index.docker.io" => HUB,
            first => first,
        },
        _ => HUB,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use base64::Engine as _;

    #[test]
    fn the_registry_is_in_the_name() {
        for hub in ["alpine", "alpine:3", "library/alpine", "docker.io/library/alpine@sha256:00", "index.docker.io/a/b"] {
            assert_eq!(registry(hub), HUB, "{hub}");
        }
        for (image, at) in [("ghcr.io/a/b:1", "ghcr.io"), ("localhost/a", "localhost"), ("127.0.0.1:5000/a:1", "127.0.0.1:5000")] {
            assert_eq!(registry(image), at);
        }
    }

    #[test]
    fn logins_are_read_as_docker_keeps_them() {
        let folder = tempfile::tempdir().unwrap();
        let auth = base64::engine::general_purpose::STANDARD.encode("me:pass:word");
        let text =
            format!(r#"{{"auths": {{"127.0.0.1:5000": {{"auth": "{auth}"}}, "ghcr.io": {{"identitytoken": "t"}}}}, "detachKeys": "x"}}"#);
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let logins = Logins::new(Some(folder.path().to_owned()));
        let found = logins.read("127.0.0.1:5000").unwrap().unwrap();
        assert_eq!((found.username.as_deref(), found.password.as_deref()), (Some("me"), Some("pass:word")));
        assert_eq!(logins.read("ghcr.io").unwrap().unwrap().identitytoken.as_deref(), Some("t"));
        assert!(logins.read("quay.io").unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_read_is_told_without_a_word_of_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logins.json");
        let logins = Logins::new(Some(path.clone()));
        assert!(logins.read("a.b").unwrap_err().starts_with("the login for a.b cannot be read from "));
        std::fs::write(&path, r#"{"auths": {"a.b": {"auth": "not base64 hunter2"}}}"#).unwrap();
        let words = logins.read("a.b").unwrap_err();
        assert!(words.contains("not Docker's config.json") && !words.contains("hunter2"), "{words}");
        std::fs::write(&path, r#"{"credHelpers": {"a.b": "no-such-helper"}}"#).unwrap();
        assert!(logins.read("a.b").unwrap_err().contains("cannot be run"));
        let nobodys = Logins { path: Some(folder.path().join("none")), named: false };
        assert!(nobodys.read("a.b").unwrap().is_none());
    }
}
