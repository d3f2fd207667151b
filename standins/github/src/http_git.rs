//! Repositories over smart HTTP: `git http-backend` as a CGI program, behind GitHub's checks.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::TryStreamExt as _;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::git;
use crate::github::GitHub;
use crate::push::{self, Pusher};
use crate::state::Role;

/// Which of the three requests of the protocol this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    InfoRefs,
    UploadPack,
    ReceivePack,
}

impl Service {
    fn path(self) -> &'static str {
        match self {
            Self::InfoRefs => "info/refs",
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }
}

pub(crate) async fn info_refs(github: State<Arc<GitHub>>, path: Path<(String, String)>, request: Request) -> Response {
    serve(github.0, path.0, Service::InfoRefs, request).await
}

pub(crate) async fn upload_pack(github: State<Arc<GitHub>>, path: Path<(String, String)>, request: Request) -> Response {
    serve(github.0, path.0, Service::UploadPack, request).await
}

pub(crate) async fn receive_pack(github: State<Arc<GitHub>>, path: Path<(String, String)>, request: Request) -> Response {
    serve(github.0, path.0, Service::ReceivePack, request).await
}

async fn serve(github: Arc<GitHub>, (owner, name): (String, String), service: Service, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let writes = service == Service::ReceivePack || query.contains("service=git-receive-pack");
    let (repository, user) = match admit(&github, &owner, &name, request.headers(), writes) {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal.into_response(),
    };
    let served = if service == Service::ReceivePack {
        let pusher = Pusher { user: user.unwrap_or_default(), deploy_key: false };
        let task = {
            let github = Arc::clone(&github);
            async move {
                let cgi = run(&github, repository, service, request, true);
                push::receive(&github, repository, pusher, cgi).await
            }
        };
        // A task of its own: what was received is delivered even if the client is gone by then.
        github.tasks.spawn(task).await.unwrap_or_else(|error| Err(error.into()))
    } else {
        run(&github, repository, service, request, false).await
    };
    served.unwrap_or_else(|error| {
        tracing::error!(%error, "git over http failed");
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response()
    })
}

/// Why a request is not served.
enum Refusal {
    /// Ask for credentials: also where the repository cannot be seen, so that nobody learns of it.
    Challenge(&'static str),
    Missing,
    ReadOnly,
    Archived,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Challenge(text) => {
                let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"GitHub\"")];
                (StatusCode::UNAUTHORIZED, ask, text).into_response()
            }
            Self::Missing => (StatusCode::NOT_FOUND, "Repository not found.").into_response(),
            Self::Archived => (StatusCode::FORBIDDEN, "This repository was archived so it is read-only.").into_response(),
            Self::ReadOnly => (StatusCode::FORBIDDEN, "Write access to repository not granted.").into_response(),
        }
    }
}

/// The repository's and the caller's number, or GitHub's refusal.
fn admit(github: &GitHub, owner: &str, name: &str, headers: &HeaderMap, writes: bool) -> Result<(u64, Option<u64>), Refusal> {
    let world = github.world();
    let user = match secrets(headers) {
        None => None,
        Some(offered) => match offered.iter().find_map(|secret| world.tokens.get(secret)) {
            Some(token) => Some(token.user),
            None => return Err(Refusal::Challenge("Invalid username or token.")),
        },
    };
    let name = name.strip_suffix(".git").unwrap_or(name);
    let found = world.repository_ever_named(owner, name);
    let role = found.map_or(Role::None, |own| world.role(own, user));
    match found {
        Some(repository) if role >= Role::Write && writes && repository.archived => Err(Refusal::Archived),
        Some(repository) if role >= Role::Write => Ok((repository.id, user)),
        Some(repository) if role >= Role::Read && !writes => Ok((repository.id, user)),
        _ if user.is_none() => Err(Refusal::Challenge("Repository not found.")),
        Some(_) if role >= Role::Read => Err(Refusal::ReadOnly),
        _ => Err(Refusal::Missing),
    }
}

/// Login and password of basic authentication: GitHub takes the token as either.
fn secrets(headers: &HeaderMap) -> Option<[String; 2]> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let bytes = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (login, password) = text.split_once(':')?;
    Some([password.to_owned(), login.to_owned()])
}

/// Runs the CGI program. With `whole` the answer is read to its end, and the program's, before it is returned.
async fn run(github: &GitHub, repository: u64, service: Service, request: Request, whole: bool) -> anyhow::Result<Response> {
    let mut child = spawn(github, repository, service, &request)?;
    let stdin = child.stdin.take().context("git http-backend has no standard input")?;
    let stdout = child.stdout.take().context("git http-backend has no standard output")?;
    let feeding = tokio::spawn(feed(stdin, request.into_body()));
    let mut stdout = BufReader::new(stdout);
    let (status, headers) = cgi_head(&mut stdout).await?;
    let body = if whole {
        let mut bytes = Vec::new();
        tokio::io::copy(&mut stdout, &mut bytes).await?;
        feeding.await??;
        child.wait().await?;
        Body::from(bytes)
    } else {
        // The child rides along with the stream, so that it ends when the client goes away.
        let stream = ReaderStream::new(stdout).inspect_ok(move |_| {
            let _alive = &child;
        });
        Body::from_stream(stream)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn spawn(github: &GitHub, repository: u64, service: Service, request: &Request) -> anyhow::Result<Child> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let mut command = git::command(github.git_home());
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", github.repositories_dir())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", format!("/{repository}.git/{}", service.path()))
        .env("QUERY_STRING", request.uri().query().unwrap_or_default())
        .env("REQUEST_METHOD", request.method().as_str())
        .env("CONTENT_TYPE", header("content-type").unwrap_or_default())
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    for (variable, name) in
        [("CONTENT_LENGTH", "content-length"), ("HTTP_CONTENT_ENCODING", "content-encoding"), ("GIT_PROTOCOL", "git-protocol")]
    {
        if let Some(value) = header(name) {
            command.env(variable, value);
        }
    }
    command.spawn().context("cannot run git http-backend\ninstall git (apt-get install git)")
}

async fn feed(mut stdin: ChildStdin, body: Body) -> std::io::Result<()> {
    let mut body = StreamReader::new(body.into_data_stream().map_err(std::io::Error::other));
    match tokio::io::copy(&mut body, &mut stdin).await {
        // The program may answer without reading all.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error),
        Ok(_) => stdin.shutdown().await,
    }
}

async fn cgi_head(stdout: &mut BufReader<impl AsyncRead + Unpin>) -> anyhow::Result<(StatusCode, HeaderMap)> {
    let (mut status, mut headers) = (StatusCode::OK, HeaderMap::new());
    let mut line = String::new();
    loop {
        line.clear();
        anyhow::ensure!(stdout.read_line(&mut line).await? > 0, "git http-backend ended without an answer");
        let text = line.trim_end();
        if text.is_empty() {
            return Ok((status, headers));
        }
        let Some((name, value)) = text.split_once(": ") else {
            continue;
        };
        if name.eq_ignore_ascii_case("status") {
            status = value.split(' ').next().unwrap_or_default().parse()?;
        } else {
            headers.append(name.parse::<HeaderName>()?, value.parse::<HeaderValue>()?);
        }
    }
}
