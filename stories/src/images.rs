//! Images for places that no registry reaches: made from what the machine has.

use anyhow::{Context as _, bail};
use bollard::Docker;
use bollard::body_full;
use bollard::query_parameters::{CreateImageOptionsBuilder, ListImagesOptions, RemoveImageOptions};
use futures_util::TryStreamExt as _;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// The image of the stories' steps.
pub const BUSYBOX: &str = "dockercise-stories/busybox:1";

/// How long a registry is given before it counts as out of reach.
const PULL: Duration = Duration::from_secs(20);

/// Makes [`BUSYBOX`] unless it is there.
///
/// # Errors
/// No static busybox on this machine, or the engine refuses.
pub async fn busybox(docker: &Docker) -> anyhow::Result<()> {
    if docker.inspect_image(BUSYBOX).await.is_ok() {
        return Ok(());
    }
    import(docker, BUSYBOX).await
}

/// Makes an image of Debian packages by `scripts/image` unless it is there; returns its name.
///
/// # Errors
/// The packages cannot be had.
pub async fn debian(docker: &Docker, name: &str) -> anyhow::Result<String> {
    let image = format!("dockercise-stories/{name}:1");
    if docker.inspect_image(&image).await.is_ok() {
        return Ok(image);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/image");
    let name = name.to_owned();
    let out = tokio::task::spawn_blocking(move || Command::new(script).arg(name).output()).await??;
    if !out.status.success() {
        bail!("{}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(image)
}

/// Makes an image from a Dockerfile's text and nothing else.
///
/// # Errors
/// The engine refuses it.
pub async fn build(image: &str, dockerfile: &str) -> anyhow::Result<()> {
    let mut child = tokio::process::Command::new("docker")
        .args(["build", "--quiet", "--tag", image, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("docker has no stdin")?;
    stdin.write_all(dockerfile.as_bytes()).await?;
    drop(stdin);
    let out = child.wait_with_output().await?;
    if !out.status.success() {
        bail!("docker build {image}: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}

/// Makes sure that an image is there: pulled, or, where no registry answers, made from this machine's busybox under that
/// name. Returns what was done, in words.
///
/// # Errors
/// Neither works.
pub async fn pull_or_make(docker: &Docker, image: &str) -> anyhow::Result<String> {
    if docker.inspect_image(image).await.is_ok() {
        return Ok(format!("image {image} is there"));
    }
    let options = CreateImageOptionsBuilder::default().from_image(image).build();
    let pull = docker.create_image(Some(options), None, None).try_collect::<Vec<_>>();
    let why = match tokio::time::timeout(PULL, pull).await {
        Ok(Ok(_)) => return Ok(format!("pulled {image}")),
        Ok(Err(e)) => e.to_string(),
        Err(_) => "no answer in 20 s".to_owned(),
    };
    import(docker, image).await?;
    let why = why.lines().next().unwrap_or_default().to_owned();
    Ok(format!("no registry gives {image} ({why}); made it from this machine's busybox"))
}

/// The names of all images of the engine.
///
/// # Errors
/// The engine does not answer.
pub async fn names(docker: &Docker) -> anyhow::Result<BTreeSet<String>> {
    let all = docker.list_images(None::<ListImagesOptions>).await?;
    Ok(all.into_iter().flat_map(|image| image.repo_tags).collect())
}

/// Removes the images that have come since and that are ours or in `also`; one that something else uses by now stays.
///
/// # Errors
/// The engine does not answer.
pub async fn remove_new(docker: &Docker, before: &BTreeSet<String>, also: &str) -> anyhow::Result<Vec<String>> {
    let mut removed = Vec::new();
    for name in names(docker).await?.difference(before) {
        let ours = name.starts_with("dockercise/init:") || name == also;
        if ours && docker.remove_image(name, None::<RemoveImageOptions>, None).await.is_ok() {
            removed.push(format!("image {name}"));
        }
    }
    Ok(removed)
}

async fn import(docker: &Docker, image: &str) -> anyhow::Result<()> {
    let layer = layer()?;
    let (repo, tag) = image.rsplit_once(':').context("an image's name has a tag")?;
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo(repo)
        .tag(tag)
        .changes(vec!["ENV PATH=/bin".to_owned(), "CMD [\"sh\"]".to_owned()])
        .build();
    docker.create_image(Some(options), Some(body_full(layer.into())), None).try_collect::<Vec<_>>().await?;
    docker.inspect_image(image).await.with_context(|| format!("the engine took the layer and has no {image}"))?;
    Ok(())
}

/// A root file system with busybox and a link for each of its applets.
fn layer() -> anyhow::Result<Vec<u8>> {
    let busybox = ["/usr/bin/busybox", "/bin/busybox"].into_iter().find(|p| is_static(p));
    let Some(busybox) = busybox else {
        bail!("there is no static busybox on this machine\nhelp: apt-get install busybox-static");
    };
    let mut tar = tar::Builder::new(Vec::new());
    for (dir, mode) in
        [("bin", 0o755), ("tmp", 0o1777), ("etc", 0o755), ("root", 0o700), ("var", 0o755), ("proc", 0o555), ("sys", 0o555), ("dev", 0o755)]
    {
        let mut header = head(tar::EntryType::Directory, mode, 0);
        tar.append_data(&mut header, format!("{dir}/"), std::io::empty())?;
    }
    let bytes = std::fs::read(busybox)?;
    tar.append_data(&mut head(tar::EntryType::Regular, 0o755, bytes.len() as u64), "bin/busybox", &bytes[..])?;
    let applets = Command::new(busybox).arg("--list").output()?;
    for applet in String::from_utf8(applets.stdout)?.lines().filter(|a| *a != "busybox") {
        tar.append_link(&mut head(tar::EntryType::Symlink, 0o777, 0), format!("bin/{applet}"), "busybox")?;
    }
    for (name, text) in [
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"),
        ("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    ] {
        tar.append_data(&mut head(tar::EntryType::Regular, 0o644, text.len() as u64), name, text.as_bytes())?;
    }
    Ok(tar.into_inner()?)
}

fn head(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header
}

/// A static program names no interpreter.
fn is_static(path: &str) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF") && !bytes.windows(7).take(4096).any(|w| w == b"ld-linu"))
}
