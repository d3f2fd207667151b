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
