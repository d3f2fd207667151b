//! `dockercise login`: keeps a token for a server, for this user of this computer only.

use super::remote::{ServerArgs, place};
use anyhow::{Context as _, bail};
use clap::Args;
use dockercise_pipeline::diagnostic::escape;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::ExitCode;

/// Log in to a server with a token that you have made on its page /settings
#[derive(Debug, Args)]
pub struct LoginArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Forget the token instead
    #[arg(long)]
    forget: bool,
}

/// Logs in.
///
/// # Errors
/// The server does not know the token, or it cannot be kept.
pub fn run(args: &LoginArgs) -> anyhow::Result<ExitCode> {
    let place = place()?;
    if args.forget {
        match std::fs::remove_file(&place) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e).with_context(|| format!("removing {}", place.display())),
            _ => println!("no token is kept here any more; the page /settings removes it from the server"),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut server = args.server.clone();
    if server.token.is_none() {
        let address = server.open()?.address(&["settings"])?;
        server.token = Some(read(address.as_str())?);
    }
    let remote = server.open()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (_, me) = runtime.block_on(async { remote.ask(remote.get(remote.address(&["api", "me"])?)).await })?;
    let Some(login) = me["login"].as_str() else {
        bail!("{} has no login, so there is nothing to log in to\nhelp: the other commands work there without a token", remote.server)
    };
    let folder = place.parent().context("the place of the token has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let text = format!("{}\n{}\n", remote.server, server.token.unwrap_or_default());
    // Beside it first: at no time is there half a token, or one that others can read.
    let beside = folder.join(".login");
    let _ = std::fs::remove_file(&beside);
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&beside, &place))
        .with_context(|| format!("keeping the token in {}", place.display()))?;
    println!("logged in to {} as {}", remote.server, escape(login));
    Ok(ExitCode::SUCCESS)
}

fn read(address: &str) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprint!("Make a token on {address} and paste it here: ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("reading the token")?;
    match line.trim() {
        "" => bail!("no token was given"),
        token => Ok(token.to_owned()),
    }
}
