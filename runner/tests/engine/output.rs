//! What of a step's output is written, and where: masked, secret, too long.

use crate::docker::{Output, Rig, image, sha256};
use dockercise_pipeline::ids::StepIx;
use dockercise_runner::engine::{AttemptSpec, Secrets};
use futures_util::StreamExt;

fn masking(rig: &Rig, step: u32, secrets: &[&str], script: &str) -> AttemptSpec {
    let (masks, refused) = Secrets::new(secrets);
    assert_eq!(refused, []);
    AttemptSpec { masks, ..rig.spec(step, script) }
}

/// All bytes of a spool.
async fn spool(rig: &Rig, spec: &AttemptSpec) -> Vec<u8> {
    let follow = rig.engine.follow(&spec.key, 0);
    follow.finish();
    follow.map(Result::unwrap).collect::<Vec<_>>().await.concat()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn s47_a_secret_is_in_no_byte_that_is_written() {
    let rig = rig!();
    let secret = "p4ss w0rd/with'quotes";
    let script = r#"echo "it is $SECRET"; echo "err $SECRET" >&2; printf %s "$SECRET" | base64; printf x%s "$SECRET" | base64
        printf %s "$SECRET" | xxd -p; printf '%s' "$SECRET" | cut -c1-9 | tr -d '\n'; printf '%s\n' "$SECRET" | cut -c10-
        set -x; : "$SECRET"; cd "/$SECRET""#;
    let mut spec = masking(&rig, 0, &[secret], script);
    spec.env.push(("SECRET".to_owned(), secret.to_owned()));
    let (ended, output) = rig.finish(&spec).await;
    assert_ne!(ended.code, 0);
    // The first and the last character of the second base64 belong to the `x`, and to what might have come after.
    let lines: Vec<String> = text(&output.stdout).lines().map(|line| line.chars().filter(|c| *c == '*').collect()).collect();
    assert_eq!((text(&output.stdout).lines().next(), lines), (Some("it is ***"), vec!["***".to_owned(); 5]));
    assert!(text(&output.stderr).starts_with("err ***\n+ : '***'\n"), "{}", text(&output.stderr));
    let all = spool(&rig, &spec).await;
    for part in ["p4ss", "w0rd", "with", "cDRzcyB3", "7034737320773072"] {
        assert!(!text(&all).contains(part), "{part} is in {}", text(&all));
    }
    // What is handed on is masked too: it is the log's own stdout.
    let info = rig.engine.project(&spec.key).await.unwrap();
    assert_eq!(info.sha256, sha256(&output.stdout));

    // Also in the words about a command that cannot be run.
    let mut spec = masking(&rig, 1, &["s3cret-name"], "");
    spec.argv = vec!["s3cret-name".to_owned()];
    assert_eq!(rig.finish(&spec).await.1.remarks, b"`***` was not found in the image");
    rig.end().await;
}

#[tokio::test]
async fn s47_what_looks_like_a_secret_is_masked_in_every_step() {
    let rig = rig!();
    let (code, output) = rig.sh(0, "k=AKIA; echo id ${k}IOSFODNN7EXAMPLE; echo ${k}IOSFODNN7EXAMPLE >&2").await;
    assert_eq!((code, text(&output.stdout).as_str(), text(&output.stderr).as_str()), (0, "id ***\n", "***\n"));
    assert!(text(&output.remarks).contains("AWS access key id"), "{}", text(&output.remarks));
    rig.end().await;
}

#[tokio::test]
async fn a_secret_value_goes_to_the_step_that_reads_it_and_nowhere_else() {
    let rig = rig!();
    let value = [b"\0\xff k3y\n".repeat(1000), ["AK", "IAIOSFODNN7EXAMPLE"].concat().into_bytes()].concat();
    let script =
        "i=0; while [ $i -lt 1000 ]; do printf '\\0\\377 k3y\\n'; i=$((i+1)); done; k=AKIA; printf ${k}IOSFODNN7EXAMPLE; echo working >&2";
    let mut spec = AttemptSpec { secret: true, ..rig.spec(0, script) };
    spec.image = image::make(&rig.docker, "user", &["USER 1234:1234"]).await;
    let (ended, output) = rig.finish(&spec).await;
    let remarks = format!("stdout is secret: {} bytes are not shown", value.len()).into_bytes();
    assert_eq!((ended.code, output), (0, Output { stdout: vec![], stderr: b"working\n".to_vec(), remarks }));
    assert!(!text(&spool(&rig, &spec).await).contains("k3y"));
    for _ in 0..2 {
        let info = rig.engine.project(&spec.key).await.unwrap();
        assert_eq!((info.length, info.sha256, info.damaged_at), (value.len() as u64, sha256(&value), None));
    }
    assert_eq!(rig.engine.read_value(rig.run, StepIx(0), u64::MAX).await.unwrap(), value);
    // The value outlives what the step itself left.
    rig.engine.remove(&spec.key).await.unwrap();
    rig.engine.forget_spool(&spec.key).await.unwrap();
    let mut reader = rig.spec(1, "sha256sum < /dockercise/values/build/key; ! echo x > /dockercise/values/build/key");
    reader.values = vec![rig.value(0, "build/key")];
    reader.image = spec.image.clone();
    let (ended, output) = rig.finish(&reader).await;
    assert_eq!((ended.code, text(&output.stdout)), (0, format!("{}  -\n", sha256(&value))), "{output:?}");
    rig.end().await;
}

#[tokio::test]
async fn an_empty_secret_value_is_empty() {
    let rig = rig!();
    let spec = AttemptSpec { secret: true, ..rig.spec(0, "true") };
    let (_, output) = rig.finish(&spec).await;
    assert_eq!(text(&output.remarks), "stdout is secret: 0 bytes are not shown");
    assert_eq!(rig.engine.project(&spec.key).await.unwrap().length, 0);
    rig.end().await;
}

#[tokio::test]
async fn r31_a_line_of_ten_megabytes_without_its_end() {
    let rig = rig!();
    let spec = masking(&rig, 0, &["hunter22"], "head -c 10485760 /dev/zero | tr '\\0' x");
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, output.stdout.len()), (0, 10 * 1024 * 1024));
    assert!(output.stdout.iter().all(|byte| *byte == b'x'));
    rig.end().await;
}

#[tokio::test]
async fn r30_a_flood_is_cut_in_its_middle_and_its_value_is_not() {
    let rig = rig!();
    let script = "i=0; while [ $i -lt 20 ]; do head -c 1000000 /dev/urandom; i=$((i+1)); done | tee /work/all; echo end >&2; exit 3";
    let spec = AttemptSpec { log_cap: 5 * 1024 * 1024, ..rig.spec(0, script) };
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, text(&output.stderr)), (3, "end\n".to_owned()));
    assert!(output.stdout.len() > 6_000_000 && output.stdout.len() < 6_500_000, "{}", output.stdout.len());
    let missing = 20_000_000 - output.stdout.len();
    let words = "the log is over 5 MiB: of what follows only the last 1 MiB is kept";
    assert_eq!(text(&output.remarks), format!("{words}{missing} bytes are missing here: the log is over 5 MiB"));

    let info = rig.engine.project(&spec.key).await.unwrap();
    assert_eq!(info.length, 20_000_000);
    let mut reader = rig.over(1, &["s0"], "cmp /dockercise/values/build/all /work/all");
    reader.values = vec![rig.value(0, "build/all")];
    assert_eq!(rig.finish(&reader).await.0.code, 0);

    // Nobody reads this one: what the log has is all there is.
    let spec = AttemptSpec { value: false, log_cap: 1024 * 1024, ..rig.spec(2, "head -c 20000000 /dev/zero") };
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, rig.engine.project(&spec.key).await.unwrap().length), (0, output.stdout.len() as u64));
    assert!(output.stdout.len() < 3_000_000);
    rig.end().await;
}

#[tokio::test]
async fn a_value_of_a_gigabyte_is_handed_on_whole() {
    let rig = rig!();
    let spec = rig.spec(0, "yes 0123456789abcde | head -c 1048576 > mb; i=0; while [ $i -lt 1024 ]; do cat mb; i=$((i+1)); done");
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!(ended.code, 0, "{}", text(&output.remarks));
    assert!(output.stdout.len() < 103 << 20, "{}", output.stdout.len());
    let info = rig.engine.project(&spec.key).await.unwrap();
    assert_eq!(info.length, 1 << 30);
    let mut reader = rig.spec(1, "tail -c 17 /dockercise/values/build/all; wc -c < /dockercise/values/build/all");
    reader.values = vec![rig.value(0, "build/all")];
    let (ended, output) = rig.finish(&reader).await;
    assert_eq!((ended.code, text(&output.stdout)), (0, "\n0123456789abcde\n1073741824\n".to_owned()));
    rig.end().await;
}

#[tokio::test]
async fn a_value_over_a_gigabyte_fails_the_step_with_words() {
    let rig = rig!();
    let spec = AttemptSpec { secret: true, ..rig.spec(0, "dd if=/dev/zero bs=1M count=1024; printf x") };
    let (ended, output) = rig.finish(&spec).await;
    assert_ne!(ended.code, 0);
    assert!(text(&output.remarks).contains("stdout is over 1 GiB, the most that a value can be"), "{}", text(&output.remarks));
    assert_eq!(rig.engine.project(&spec.key).await.unwrap().length, 0);
    rig.end().await;
}
