//! Who a step runs as: found in the image's own files, as Docker does it.

use super::command::Refusal;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::str::FromStr;

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
/// No more is read of either.
const LONGEST: u64 = 4 * 1024 * 1024;

/// A user, resolved.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub uid: u32,
    /// Its main group.
    pub gid: u32,
    /// The other groups it is in.
    pub groups: Vec<u32>,
    /// Its home folder.
    pub home: String,
}

impl User {
    /// The one this program runs as already.
    pub fn is_root(&self) -> bool {
        self.uid == 0 && self.gid == 0 && self.groups.is_empty()
    }
}

/// Has a command begin as the user, and as nobody else any more.
#[expect(unsafe_code, reason = "std cannot set the other groups")]
pub fn become_in<'a>(command: &'a mut Command, user: &User) -> &'a mut Command {
    let User { uid, gid, groups, .. } = user.clone();
    // SAFETY: between fork and exec these three are plain system calls; the list was made before, and nothing allocates.
    unsafe {
        command.pre_exec(move || {
            if libc::setgroups(groups.len(), groups.as_ptr()) != 0 || libc::setgid(gid) != 0 || libc::setuid(uid) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        })
    }
}

/// Finds the user that is meant by `name`, `uid`, `name:group` or `uid:gid`. Empty is root, as whom this program runs.
pub fn find(meant: &str) -> Result<User, Refusal> {
    if ["", "0", "root", "0:0", "root:root"].contains(&meant) {
        return Ok(User::default());
    }
    let read = |path| read(path).map_err(|error| refusal(&format!("`{path}` of the image cannot be read: {error}")));
    resolve(meant, &read(PASSWD)?, &read(GROUP)?)
}

/// The rules are Docker's: a number is never a name, a group that is named stands alone, and a number without an entry has
/// the group 0 and no home.
fn resolve(meant: &str, passwd: &str, group: &str) -> Result<User, Refusal> {
    let (name, of) = meant.split_once(':').unwrap_or((meant, ""));
    let name = if name.is_empty() { "0" } else { name };
    let number = number(name);
    let entry = lines(passwd, 7).find(|fields| match number {
        Some(uid) => fields[2].parse() == Ok(uid),
        None => fields[0] == name,
    });
    let mut user = match (&entry, number) {
        (Some(fields), _) => {
            let id = |text: &str| u32::from_str(text).map_err(|_| refusal(&format!("the image's `{PASSWD}` has no number for `{name}`")));
            User { uid: id(fields[2])?, gid: id(fields[3])?, groups: Vec::new(), home: fields[5].to_owned() }
        }
        (None, Some(uid)) => User { uid, ..User::default() },
        (None, None) => return Err(refusal(&format!("the image has no user `{name}`"))),
    };
    if !of.is_empty() {
        user.gid = match self::number(of) {
            Some(gid) => gid,
            None => lines(group, 4)
                .find(|fields| fields[0] == of)
                .and_then(|fields| fields[2].parse().ok())
                .ok_or_else(|| refusal(&format!("the image has no group `{of}`")))?,
        };
    } else if let Some(fields) = entry {
        let member = |line: &Vec<&str>| line[3].split(',').any(|name| name == fields[0]);
        user.groups = lines(group, 4).filter(member).filter_map(|line| line[2].parse().ok()).collect();
    }
    if user.home.is_empty() {
        user.home = "/".to_owned();
    }
    Ok(user)
}

/// Digits alone are a number: no sign, no space.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The entries of a file, each with all its fields.
fn lines(text: &str, fields: usize) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect::<Vec<_>>()).filter(move |line| line.len() >= fields)
}

/// A file of the image's. Whatever else stands under its name is taken for an empty one.
fn read(path: &str) -> io::Result<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(String::new()),
        outcome => File::from(outcome?),
    };
    let mut bytes = Vec::new();
    if file.metadata()?.is_file() {
        file.take(LONGEST).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn refusal(words: &str) -> Refusal {
    Refusal { code: 126, words: words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\n# a remark\nnode:x:1000:1001::/home/node:/bin/sh\nbad:x:y:1::/:/\n1000:x:7:7::/:/\n";
    const GROUP: &str = "root:x:0:\nnode:x:1001:\ndocker:x:998:node,other\nwheel:x:10:x,node\n";

    fn of(meant: &str) -> Result<(u32, u32, Vec<u32>, String), String> {
        resolve(meant, PASSWD, GROUP).map(|u| (u.uid, u.gid, u.groups, u.home)).map_err(|refusal| refusal.words)
    }

    #[test]
    fn users_are_found_as_docker_finds_them() {
        let node = "/home/node".to_owned();
        assert_eq!(of("node"), Ok((1000, 1001, vec![998, 10], node.clone())));
        assert_eq!(of("1000"), Ok((1000, 1001, vec![998, 10], node.clone())), "a number is never a name");
        assert_eq!(of("node:wheel"), Ok((1000, 10, vec![], node.clone())));
        assert_eq!(of("1000:5"), Ok((1000, 5, vec![], node)));
        assert_eq!(of("65534"), Ok((65534, 0, vec![], "/".into())));
        assert_eq!(of("65534:65534"), Ok((65534, 65534, vec![], "/".into())));
        assert_eq!(of(":10"), Ok((0, 10, vec![], "/root".into())));
    }

    #[test]
    fn s25_what_is_no_user_is_told_in_words() {
        assert_eq!(of("nobody"), Err("the image has no user `nobody`".into()));
        assert_eq!(of("node:nobody"), Err("the image has no group `nobody`".into()));
        for bad in ["+5", "-1", "99999999999", "bad", "0x0", " 0"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
