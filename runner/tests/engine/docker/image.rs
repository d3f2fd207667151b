//! The image that tests use: busybox, made from what the machine has, as no registry is reachable.

use bollard::Docker;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use std::process::Command;

pub const BUSYBOX: &str = "/usr/bin/busybox";

/// The id of an image with busybox and all its applets.
pub async fn busybox(docker: &Docker) -> String {
    make(docker, "busybox", &[]).await
}

/// The same with instructions of a Dockerfile on top, such as `USER 1234`.
pub async fn make(docker: &Docker, tag: &str, changes: &[&str]) -> String {
    make_with(docker, tag, changes, &[]).await
}

/// The same with more files.
pub async fn make_with(docker: &Docker, tag: &str, changes: &[&str], files: &[(&str, &[u8])]) -> String {
    import(docker, tag, changes, tar(files)).await
}

/// An image of this tree.
pub async fn import(docker: &Docker, tag: &str, changes: &[&str], tar: Vec<u8>) -> String {
    let name = format!("dct-busybox:{tag}");
    if let Ok(found) = docker.inspect_image(&name).await {
        return found.id.unwrap();
    }
    let changes = changes.iter().map(|&change| change.to_owned()).collect();
    let options = CreateImageOptionsBuilder::default().from_src("-").repo("dct-busybox").tag(tag).changes(changes).build();
    let mut steps = docker.create_image(Some(options), Some(bollard::body_full(tar.into())), None);
    while let Some(step) = steps.next().await {
        step.unwrap();
    }
    docker.inspect_image(&name).await.unwrap().id.unwrap()
}

/// Adds a file.
pub fn append(tar: &mut tar::Builder<Vec<u8>>, name: &str, mode: u32, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, name, content).unwrap();
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let busybox = std::fs::read(BUSYBOX).expect("busybox-static is needed to make images for tests");
    let applets = Command::new(BUSYBOX).arg("--list").output().unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut directory = |name: &str, mode| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(mode);
        header.set_size(0);
        tar.append_data(&mut header, name, &[][..]).unwrap();
    };
    directory("bin/", 0o755);
    directory("tmp/", 0o1777);
    append(&mut tar, "bin/busybox", 0o755, &busybox);
    for (name, content) in files {
        append(&mut tar, name, 0o644, content);
    }
    for applet in String::from_utf8(applets.stdout).unwrap().lines().filter(|applet| *applet != "busybox") {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox").unwrap();
    }
    tar.into_inner().unwrap()
}
