//! Values and logs are what was written, byte for byte.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use stories::World;

const LENGTH: usize = 10 * 1024 * 1024;

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r31_ten_mebibytes_in_one_line_and_all_byte_values_arrive_as_written() {
    let Some(world) = World::new().await else { return };
    let yaml = format!(
        "img: IMAGE
line:
  run: head -c {LENGTH} /dev/zero | tr '\\0' x
noise:
  run: head -c {LENGTH} /dev/urandom > kept && sha256sum < kept >&2 && cat kept
again:
  run: sha256sum < {{noise}} && wc -c < {{line}}
mixed:
  run: |
    for i in $(seq 1 2000); do echo out $i; echo err $i >&2; done
    printf '\\000\\377\\r\\nno newline at the end'
"
    );
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let line = run.value("line").await.unwrap();
    assert!(line.len() == LENGTH && line.iter().all(|b| *b == b'x'), "{} bytes", line.len());
    let noise = run.value("noise").await.unwrap();
    assert_eq!(noise.len(), LENGTH);
    let again = String::from_utf8(run.value("again").await.unwrap()).unwrap();
    assert_eq!(again, format!("{}  -\n{LENGTH}\n", sha256(&noise)));
    let mut wanted: Vec<u8> = (1..=2000).flat_map(|i| format!("out {i}\n").into_bytes()).collect();
    wanted.extend_from_slice(b"\0\xff\r\nno newline at the end");
    assert!(run.value("mixed").await.unwrap() == wanted);
    let log = run.log("mixed", "run").await.unwrap();
    assert_eq!(log.matches("err ").count(), 2000);
    world.close().await;
}

/// reliability.md R34.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_closed_outputs_progress_bars_and_a_million_empty_lines_arrive_as_written() {
    let Some(world) = World::new().await else { return };
    let yaml = "img: IMAGE
closed:
  run: |
    echo before
    exec >&-
    echo into nothing 2>/dev/null || true
    echo still >&2
progress:
  run: for i in $(seq 1 2000); do printf '\\r%5d of 2000' $i; done; echo
empty:
  run: yes '' | head -n 1000000
";
    world.push("ci", yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("closed").await.unwrap(), b"before\n");
    assert!(run.log("closed", "run").await.unwrap().contains("still\n"));
    let bars: String = (1..=2000).map(|i| format!("\r{i:5} of 2000")).collect();
    assert_eq!(run.value("progress").await.unwrap(), format!("{bars}\n").into_bytes());
    let empty = run.value("empty").await.unwrap();
    assert!(empty.len() == 1_000_000 && empty.iter().all(|b| *b == b'\n'), "{} bytes", empty.len());
    // What a page asks for first: the run, the step, and the first page of its log.
    let index = run.step("empty").await.unwrap()["index"].clone();
    let asked = std::time::Instant::now();
    run.view().await.unwrap();
    world.api.get(&format!("{}/steps/{index}", run.path())).await.unwrap().unwrap();
    let page = world.api.get(&format!("{}/steps/{index}/log?attempt=1&phase=run&from=0", run.path())).await.unwrap().unwrap();
    assert!(page["frames"].as_array().is_some_and(|frames| !frames.is_empty()), "{page}");
    assert!(asked.elapsed() < std::time::Duration::from_secs(2), "{:?}", asked.elapsed());
    world.close().await;
}

/// security.md S29.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s29_a_value_is_only_ever_a_value() {
    let Some(world) = World::new().await else { return };
    let yaml = r#"img: IMAGE
odd:
  run: |
    cat << 'END'
    one
    " --privileged
    --volume=/:/host $(touch /hacked) `touch /hacked` ; exit 9 \ %s ${HOME} 'x' > /hacked
    END
as-env:
  env: [odd]
  run: test ! -e /hacked && printf %s "$ODD"
as-file:
  run: cat {odd}
as-literal:
  env: {TEXT: '" --privileged $(touch /hacked) ; exit 9'}
  run: test ! -e /hacked && printf %s "$TEXT"
nul:
  run: printf 'a\000b'
uses-nul:
  env: [nul]
  run: echo never
"#;
    world.push("ci", yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("infra").await.unwrap();
    let odd = run.value("odd").await.unwrap();
    let text = String::from_utf8(odd.clone()).unwrap();
    let written = "one\n\" --privileged\n--volume=/:/host $(touch /hacked) `touch /hacked` ; exit 9 \\ %s ${HOME} 'x' > /hacked\n";
    assert_eq!(text, written);
    assert_eq!(run.value("as-file").await.unwrap(), odd);
    assert_eq!(run.value("as-env").await.unwrap(), text.strip_suffix('\n').unwrap().as_bytes());
    assert_eq!(run.value("as-literal").await.unwrap(), b"\" --privileged $(touch /hacked) ; exit 9");
    let refused = run.step("uses-nul").await.unwrap();
    // The step never began, so it did not fail either.
    assert_eq!(refused["state"], "infra", "{refused}");
    assert!(refused["started_at"].is_null(), "an error before the step starts: {refused}");
    assert!(refused["reason"].as_str().unwrap().contains("use {ci/nul} in `run`"), "{refused}");
    // Names that would change how a program is loaded cannot come from a step's.
    for name in ["ld-preload", "path", "docker-host", "git-ssh-command", "bash-env", "ifs"] {
        let bad = world.push("ci", &format!("img: IMAGE\n{name}: {{run: echo x}}\nuse: {{env: [{name}], run: echo never}}\n")).unwrap();
        let told = async || Ok(world.statuses("ci", &bad).pop().filter(|s| s.starts_with("failure: ci.dockercise.yaml:3: ")));
        stories::api::eventually(name, told).await.unwrap();
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r30_a_log_over_its_cap_is_cut_with_a_mark_and_its_value_arrives_whole() {
    let Some(world) = World::new().await else { return };
    let yaml = "img: IMAGE
flood:
  run: |
    yes 'one line of very many' | head -c 1000000 > mb
    for i in $(seq 130); do cat mb; done
    echo the last line >&2
reader:
  run: wc -c < {flood}
";
    world.push("ci", yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("reader").await.unwrap(), b"130000000\n");
    let file = world.server.data().join("results/local/ci/1/flood/1-run.log");
    let length = std::fs::metadata(&file).unwrap().len();
    assert!((100 << 20..102 << 20).contains(&length), "{length}");
    let log = String::from_utf8(std::fs::read(&file).unwrap().split_off(length as usize - (2 << 20)))
        .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
    assert!(log.contains("bytes are missing here: the log is over 100 MiB") && log.ends_with("the last line\n"));
    world.close().await;
}
