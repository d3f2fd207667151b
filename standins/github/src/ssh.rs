//! Repositories over ssh: deploy keys open one repository each; the two pack programs run as children.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::Utc;
use russh::MethodKind;
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use ssh_key::private::Ed25519Keypair;
use tokio::io::{AsyncRead, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Child;

use crate::git;
use crate::github::GitHub;
use crate::lfs;
use crate::push::{self, Pusher};

/// Makes an ed25519 host key.
pub(crate) fn host_key() -> PrivateKey {
    let seed: [u8; 32] = rand::random();
    PrivateKey::from(Ed25519Keypair::from_seed(&seed))
}

/// `ssh-ed25519 AAAA...`, without comment.
pub(crate) fn public_line(key: &PublicKey) -> anyhow::Result<String> {
    let mut key = key.clone();
    key.set_comment("");
    Ok(key.to_openssh().context("cannot write the ssh key")?.trim().to_owned())
}

/// Accepts connections until shutdown.
pub(crate) async fn serve(github: Arc<GitHub>, listener: TcpListener, key: PrivateKey) {
    let config = Arc::new(Config {
        keys: vec![key],
        // As GitHub: no passwords.
        methods: (&[MethodKind::PublicKey][..]).into(),
        auth_rejection_time: Duration::from_millis(50),
        auth_rejection_time_initial: Some(Duration::ZERO),
        inactivity_timeout: Some(Duration::from_secs(600)),
        nodelay: true,
        ..Config::default()
    });
    loop {
        let (stream, _) = tokio::select! {
            () = github.stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::error!(%error, "cannot accept an ssh connection");
                    continue;
                }
            },
        };
        let connection = Connection { github: Arc::clone(&github), key: None, protocol: None, channels: HashMap::new() };
        let (config, stop) = (Arc::clone(&config), github.stop.clone());
        github.tasks.spawn(async move {
            let ended = async {
                match russh::server::run_stream(config, stream, connection).await {
                    Ok(session) => session.await,
                    Err(error) => Err(error),
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                ended = ended => if let Err(error) = ended {
                    tracing::debug!(%error, "ssh connection ended");
                },
            }
        });
    }
}

/// Which deploy key opened the door.
#[derive(Debug, Clone)]
struct Opened {
    repository: u64,
    key: u64,
    read_only: bool,
    added_by: String,
}

struct Connection {
    github: Arc<GitHub>,
    key: Option<Opened>,
    /// What the client wants as `GIT_PROTOCOL`.
    protocol: Option<String>,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Connection {
    fn find(&self, key: &PublicKey) -> Option<Opened> {
        let line = public_line(key).ok()?;
        let world = self.github.world();
        let (repository, key) = world.deploy_key(&line)?;
        let (id, read_only, added_by) = (key.id, key.read_only, key.added_by.clone());
        Some(Opened { repository, key: id, read_only, added_by })
    }
}

impl Handler for Connection {
    type Error = anyhow::Error;

    async fn auth_publickey_offered(&mut self, _user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        Ok(self.find(offer.public_key).map_or_else(Auth::reject, |_| Auth::Accept))
    }

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.key = self.find(key.public_key);
        Ok(if self.key.is_some() { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn env_request(&mut self, channel: ChannelId, name: &str, value: &str, session: &mut Session) -> Result<(), Self::Error> {
        if name == "GIT_PROTOCOL" {
            self.protocol = Some(value.to_owned());
        }
        session.channel_success(channel)?;
        Ok(())
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.channel_success(id)?;
        if let Some(channel) = self.channels.remove(&id) {
            let text = "Hi! You've successfully authenticated, but GitHub does not provide shell access.\n";
            self.github.tasks.spawn(async move { refuse(&channel, text).await });
        }
        Ok(())
    }

    async fn exec_request(&mut self, id: ChannelId, command: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        session.channel_success(id)?;
        let Some(channel) = self.channels.remove(&id) else {
            return Ok(());
        };
        let admitted = admit(&self.github, self.key.as_ref(), &String::from_utf8_lossy(command));
        let (github, protocol) = (Arc::clone(&self.github), self.protocol.clone());
        self.github.tasks.spawn(async move {
            match admitted {
                Ok(Admitted { says: Some(text), .. }) => {
                    let _ = channel.data_bytes(text.into_bytes()).await;
                    end(&channel, 0).await;
                }
                Ok(admitted) => run(github, channel, admitted, protocol).await,
                Err(text) => refuse(&channel, &text).await,
            }
        });
        Ok(())
    }
}

/// A pack program that may run, or an answer at once.
struct Admitted {
    says: Option<String>,
    writes: bool,
    repository: u64,
    pusher: Pusher,
}

/// Checks `git-upload-pack 'owner/repo.git'` against the key; the error is GitHub's text.
fn admit(github: &GitHub, key: Option<&Opened>, command: &str) -> Result<Admitted, String> {
    let unknown = || "Invalid command\n".to_owned();
    let missing = || "ERROR: Repository not found.\n".to_owned();
    let (program, path) = command.trim().split_once(' ').ok_or_else(unknown)?;
    let (path, operation) = path.rsplit_once(' ').filter(|_| program == "git-lfs-authenticate").unwrap_or((path, "download"));
    let writes = match program {
        "git-lfs-authenticate" => operation != "download",
        "git-upload-pack" => false,
        "git-receive-pack" => true,
        _ => return Err(unknown()),
    };
    let path = path.trim().trim_matches('\'').trim_start_matches('/');
    let (owner, name) = path.split_once('/').ok_or_else(missing)?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    let opened = key.ok_or_else(missing)?;
    let mut world = github.world();
    let found = world.repository_ever_named(owner, name).ok_or_else(missing)?;
    if found.id != opened.repository {
        return Err(missing());
    }
    if writes && opened.read_only {
        return Err("ERROR: The key you are authenticating with has been marked as read only.\n".to_owned());
    }
    let user = world.user_by_login(&opened.added_by).map_or(found.owner, |user| user.id);
    let own = world.repositories.get_mut(&opened.repository).and_then(|own| own.keys.get_mut(&opened.key));
    // The key may have been removed since the connection was opened.
    own.ok_or_else(missing)?.last_used = Some(Utc::now());
    drop(world);
    let says = (program == "git-lfs-authenticate").then(|| lfs::authenticate(github, opened.repository, path));
    Ok(Admitted { says, writes, repository: opened.repository, pusher: Pusher { user, deploy_key: true } })
}

/// Says why not and ends the channel.
async fn refuse(channel: &Channel<Msg>, text: &str) {
    let _ = channel.extended_data_bytes(1, text.as_bytes().to_vec()).await;
    end(channel, 1).await;
}

async fn end(channel: &Channel<Msg>, code: u32) {
    // A client that is gone needs no ending.
    let _ = channel.exit_status(code).await;
    let _ = channel.eof().await;
    let _ = channel.close().await;
}

async fn run(github: Arc<GitHub>, mut channel: Channel<Msg>, admitted: Admitted, protocol: Option<String>) {
    let repository = admitted.repository;
    let served = if admitted.writes {
        let child = pack(&github, repository, "receive-pack", protocol.as_deref());
        let served = async { talk(&mut channel, child?).await };
        push::receive(&github, repository, admitted.pusher, served).await
    } else {
        match pack(&github, repository, "upload-pack", protocol.as_deref()) {
            Ok(child) => talk(&mut channel, child).await,
            Err(error) => Err(error),
        }
    };
    let code = served.unwrap_or_else(|error| {
        tracing::error!(%error, "git over ssh failed");
        1
    });
    end(&channel, code).await;
}

fn pack(github: &GitHub, repository: u64, program: &str, protocol: Option<&str>) -> anyhow::Result<Child> {
    let mut command = git::command(github.git_home());
    command.arg(program).arg(github.git(repository).dir());
    if let Some(protocol) = protocol {
        command.env("GIT_PROTOCOL", protocol);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().with_context(|| format!("cannot run git {program}"))
}

/// Joins the channel and the program until the program ends; returns its exit code.
async fn talk(channel: &mut Channel<Msg>, mut child: Child) -> anyhow::Result<u32> {
    let mut stdin = child.stdin.take().context("git has no standard input")?;
    let stdout = child.stdout.take().context("git has no standard output")?;
    let stderr = child.stderr.take().context("git has no standard error")?;
    let out = copy(stdout, channel.make_writer());
    let err = copy(stderr, channel.make_writer_ext(Some(1)));
    let mut input = channel.make_reader();
    let feed = async {
        let _ = tokio::io::copy(&mut input, &mut stdin).await;
        let _ = stdin.shutdown().await;
        drop(stdin);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = feed => {}
        _ = async { tokio::join!(out, err) } => {}
    }
    let status = child.wait().await?;
    Ok(status.code().and_then(|code| u32::try_from(code).ok()).unwrap_or(128))
}

async fn copy(mut from: impl AsyncRead + Unpin, to: impl tokio::io::AsyncWrite) {
    let mut to = std::pin::pin!(to);
    let _ = tokio::io::copy(&mut from, &mut to).await;
    let _ = to.flush().await;
}
