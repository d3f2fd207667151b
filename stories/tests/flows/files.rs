//! Files that a step leaves for people.
#![expect(clippy::unwrap_used, reason = "tests")]

use stories::World;

/// Names that mean something to a disk, a shell, a page or a terminal; links and a fifo; a file that is there twice.
const LEAVES: &str = r#"
tests:
  img: IMAGE
  run: |
    mkdir -p reports/a
    printf '<script>alert(1)</script>' > 'reports/a/<b>page<\b>.html'
    printf 'same' > reports/one.txt
    printf 'same' > reports/two.txt
    printf 'x' > "$(printf 'reports/..\\-rf\r\nx: y')"
    ln -s /etc/passwd reports/passwd
    mkfifo reports/pipe
    false
  results: reports/**
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s37_s42_files_are_listed_by_name_saved_by_sum_and_never_a_page() {
    let Some(world) = World::new().await else { return };
    world.push("ci", LEAVES).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    let step = run.step("tests").await.unwrap();
    let files = step["files"].as_array().unwrap();
    let paths: Vec<&str> = files.iter().map(|f| f["path"].as_str().unwrap()).collect();
    assert_eq!(paths.len(), 4, "{step}");
    assert!(paths.contains(&r"reports/a/<b>page<\b>.html") && paths.iter().any(|p| p.contains("-rf\r\nx: y")), "{paths:?}");
    let left: Vec<&str> = step["left_out"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    assert_eq!(left.len(), 2, "{step}");
    assert!(left.contains(&"reports/passwd") && left.contains(&"reports/pipe"), "{left:?}");

    let client = reqwest::Client::new();
    let base = format!("{}{}/steps/0/files", world.server.url(), run.path());
    for (nth, file) in files.iter().enumerate() {
        let answer = client.get(format!("{base}/{}?nth={nth}", file["sha256"].as_str().unwrap())).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/octet-stream");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").contains("default-src 'self'"));
        let saved = header("content-disposition");
        let name = saved.strip_prefix("attachment; filename=\"").and_then(|s| s.strip_suffix('"')).unwrap();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c)) && !name.starts_with(['-', '.']), "{saved}");
        if let Some(plain @ ("one.txt" | "two.txt")) = paths[nth].strip_prefix("reports/") {
            assert_eq!(name, plain);
        }
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(bytes.len() as u64, file["length"].as_u64().unwrap());
    }
    let sum = files[0]["sha256"].as_str().unwrap();
    for wrong in ["", "x", "../../1-run.log", "%2e%2e%2f1-run.log", &sum.to_uppercase(), &"0".repeat(64)] {
        let code = client.get(format!("{base}/{wrong}")).send().await.unwrap().status().as_u16();
        assert!([400, 404].contains(&code), "{wrong}: {code}");
    }
    world.close().await;
}
