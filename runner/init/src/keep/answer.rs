//! Doing what is asked, and saying how it went.

use super::out::Out;
use super::sum;
use crate::files::{Roots, copy, names_in, size};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dockercise_init::message::{Answer, Ask, Failure, Kind, MAX_BODY, Place, Reply, Request, Root};
use rustix::fs::{AtFlags, FileType, fstatvfs, statat};
use rustix::io::Errno;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;

/// A place in memory.
pub fn go(path: &str) -> Place {
    Place { root: Root::Go, path: path.to_owned() }
}

/// Does it and sends the answer.
pub fn send(roots: &Roots, out: &Out, ask: Ask) -> io::Result<()> {
    let mut body = Vec::new();
    let reply = carry_out(roots, ask.request, &mut body).unwrap_or_else(|error| failed(&error));
    out.send(&Answer { id: ask.id, reply }, &body)
}

/// An error as an answer.
pub fn failed(error: &io::Error) -> Reply {
    let full = [Errno::NOSPC, Errno::DQUOT].iter().any(|code| error.raw_os_error() == Some(code.raw_os_error()));
    let kind = match error.kind() {
        io::ErrorKind::NotFound => Failure::Absent,
        _ if full => Failure::NoSpace,
        _ => Failure::Other,
    };
    Reply::Failed { kind, words: error.to_string() }
}

fn carry_out(roots: &Roots, request: Request, body: &mut Vec<u8>) -> io::Result<Reply> {
    match request {
        Request::Batch { requests } => {
            for request in requests {
                carry_out(roots, request, body)?;
            }
        }
        Request::MakeDir { at, mode, like } => roots.make_dir(&at, mode, like.as_ref())?,
        Request::MountPoint { at, path, over } => roots.mount_point(&at, &path, &over)?,
        Request::Write { at, mode, text } => roots.write(&at, mode, |file| file.write_all(text.as_bytes()))?,
        Request::WriteAt { at, offset, base64 } => {
            let bytes = BASE64_STANDARD.decode(base64).map_err(io::Error::other)?;
            roots.file_to_write(&at)?.write_all_at(&bytes, offset)?;
        }
        Request::Touch { at, mode } => roots.touch(&at, mode)?,
        Request::Link { from, to } => roots.link(&from, &to)?,
        Request::Rename { from, to } => roots.rename(&from, &to)?,
        Request::Remove { at } => roots.remove(&at)?,
        Request::LinkTree { from, to } => copy::links(roots.directory(&from)?, roots.directory(&to)?)?,
        Request::Copy { from, to } => copy::tree(roots.directory(&from)?, roots.directory(&to)?)?,
        Request::Stat { at } => return stat(roots, &at),
        Request::Read { at, offset, limit } => {
            let mut file = roots.file(&at)?;
            file.seek(SeekFrom::Start(offset))?;
            file.take(u64::from(limit).min(MAX_BODY as u64)).read_to_end(body)?;
            return Ok(Reply::Bytes);
        }
        Request::List { at } => {
            let names = names_in(roots.directory(&at)?)?;
            let mut names: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
            names.sort();
            return Ok(Reply::Names { names });
        }
        Request::Sum { at } => return sum::of_file(roots.file(&at)?),
        Request::Project { from, own, to } => return sum::project(roots, &from, &own, &to),
        Request::Size { at } => return Ok(Reply::Size { bytes: size::of(roots.directory(&at)?)? }),
        Request::Free { root } => {
            let stat = fstatvfs(roots.root(root))?;
            return Ok(Reply::Free { bytes: stat.f_bavail * stat.f_frsize, files: stat.f_favail });
        }
        Request::Follow { .. }
        | Request::Credit { .. }
        | Request::Finish { .. }
        | Request::Cancel { .. }
        | Request::Listen { .. }
        | Request::Say { .. } => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a follow or a socket cannot be part of a batch"));
        }
    }
    Ok(Reply::Done)
}

fn stat(roots: &Roots, at: &Place) -> io::Result<Reply> {
    let found = roots.parent(at).and_then(|(parent, name)| Ok(statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?));
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Reply::Stat { kind: None, length: 0 }),
        Err(error) => Err(error),
        Ok(stat) => {
            let kind = match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Directory,
                _ => Kind::Other,
            };
            Ok(Reply::Stat { kind: Some(kind), length: u64::try_from(stat.st_size).unwrap_or(0) })
        }
    }
}
