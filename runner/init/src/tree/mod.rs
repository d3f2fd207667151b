//! `init look DIR`: reads a tree that steps have made and nobody writes any more. Links are told and never followed, and
//! nothing but a regular file is ever opened.

mod walk;

use dockercise_init::look::{Answer, Ask, paths};
use dockercise_init::message::{MAX_BODY, PREFIX, decode, encode, lengths};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, fstat, openat};
use std::fs::File;
use std::io::{self, Read, Write};

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Answers until stdin ends.
pub fn run(root: &str) -> io::Result<i32> {
    let root = rustix::fs::open(root, DIRECTORY, Mode::empty())?;
    serve(&root, &mut io::stdin().lock(), &mut io::stdout().lock())?;
    Ok(0)
}

fn serve(root: &OwnedFd, input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    loop {
        let mut prefix = [0; PREFIX];
        match input.read_exact(&mut prefix) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            outcome => outcome?,
        }
        let (head, body) = lengths(prefix).map_err(io::Error::other)?;
        let mut bytes = vec![0; head + body];
        input.read_exact(&mut bytes)?;
        let (head, body) = bytes.split_at(head);
        match decode::<Ask>(head).map_err(io::Error::other)? {
            Ask::List { most } => {
                let answer = match walk::list(root, body, most, |entries| say(output, &Answer::Entries, entries)) {
                    Ok(whole) => Answer::Done { whole },
                    Err(walk::Stopped::Reading(error)) => Answer::Failed { words: error.to_string() },
                    Err(walk::Stopped::Telling(error)) => return Err(error),
                };
                say(output, &answer, &[])?;
            }
            Ask::Send => {
                for path in paths(body) {
                    match open(root, path) {
                        Ok(file) => send(file, output)?,
                        Err(error) => say(output, &Answer::Refused { words: error.to_string() }, &[])?,
                    }
                }
                say(output, &Answer::Done { whole: true }, &[])?;
            }
        }
    }
}

fn say(output: &mut impl Write, answer: &Answer, body: &[u8]) -> io::Result<()> {
    output.write_all(&encode(answer, body).map_err(io::Error::other)?)?;
    output.flush()
}

/// Opens a regular file, name by name.
fn open(root: &OwnedFd, path: &[u8]) -> io::Result<File> {
    let (above, name) = match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (directory(root, &path[..slash])?, &path[slash + 1..]),
        None => (root.try_clone()?, path),
    };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(&above, plain(name)?, flags, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok(file.into())
}

/// Opens a directory, name by name; the empty path is the tree itself.
fn directory(root: impl AsFd, path: &[u8]) -> io::Result<OwnedFd> {
    let mut here = root.as_fd().try_clone_to_owned()?;
    for name in path.split(|byte| *byte == b'/').filter(|_| !path.is_empty()) {
        here = openat(&here, plain(name)?, DIRECTORY, Mode::empty())?;
    }
    Ok(here)
}

fn plain(name: &[u8]) -> io::Result<&[u8]> {
    let bad = [&b""[..], b".", b".."].contains(&name);
    if bad { Err(io::Error::new(io::ErrorKind::InvalidInput, "that is no path below the tree")) } else { Ok(name) }
}

fn send(mut file: File, output: &mut impl Write) -> io::Result<()> {
    let length = file.metadata()?.len();
    say(output, &Answer::File { length }, &[])?;
    let mut buffer = vec![0; MAX_BODY / 4];
    let mut left = length;
    while left > 0 {
        let part = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = match file.read(&mut buffer[..part]) {
            Ok(0) => return say(output, &Answer::Refused { words: "it became shorter while it was read".to_owned() }, &[]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return say(output, &Answer::Refused { words: error.to_string() }, &[]),
            Ok(read) => read,
        };
        say(output, &Answer::Bytes, &buffer[..read])?;
        left -= read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
