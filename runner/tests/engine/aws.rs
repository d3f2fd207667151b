//! AWS credentials of a step: asked for on loopback, masked in what it prints, renewed while it runs.

/// Asks as AWS's programs do.
const ASK: &str = r#"
uri=${AWS_CONTAINER_CREDENTIALS_FULL_URI#http://127.0.0.1:}
ask() {
  printf 'GET /%s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n' "${uri#*/}" "$1" | nc 127.0.0.1 "${uri%%/*}"
}
"#;

fn credentials(secret: &str) -> String {
    format!(r#"{{"AccessKeyId":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"{secret}","Token":"","Expiration":"2030-01-01T00:00:00Z"}}"#)
}

#[tokio::test]
async fn a_step_gets_its_credentials_and_cannot_print_them() {
    let rig = rig!();
    let script = format!("{ASK}\nask \"$AWS_CONTAINER_AUTHORIZATION_TOKEN\" >answer; ask wrong | head -n 1; wc -c <answer; cat answer");
    let mut spec = rig.spec(0, &script);
    spec.aws = Some(credentials("wJalrXUtnFEMI/first"));
    let (ended, output) = rig.finish(&spec).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(ended.code, 0, "{output:?}");
    assert!(text.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{text}");
    assert!(text.contains("HTTP/1.1 200 OK") && text.contains("2030-01-01"), "{text}");
    assert!(!text.contains("wJalr") && !text.contains("AKIAIOS") && text.contains("***"), "{text}");
    rig.end().await;
}

#[tokio::test]
async fn credentials_are_renewed_while_a_step_runs() {
    let rig = rig!();
    let script =
        format!("{ASK}\nuntil ask \"$AWS_CONTAINER_AUTHORIZATION_TOKEN\" | grep -q FEMI/second; do sleep 0.05; done; echo renewed");
    let mut spec = rig.spec(0, &script);
    spec.aws = Some(credentials("wJalrXUtnFEMI/first"));
    rig.start(&spec).await;
    rig.engine.renew_aws(&spec.key, &credentials("wJalrXUtnFEMI/second")).await.unwrap();
    assert_eq!(rig.wait(&spec.key).await.code, 0);
    assert_eq!(rig.output(&spec.key).await.stdout, b"renewed\n");
    rig.end().await;
}

#[tokio::test]
async fn a_new_keeper_still_reaches_the_steps_that_run() {
    let rig = rig!();
    let script =
        format!("{ASK}\nuntil ask \"$AWS_CONTAINER_AUTHORIZATION_TOKEN\" | grep -q FEMI/second; do sleep 0.05; done; echo renewed");
    let mut spec = rig.spec(0, &script);
    spec.aws = Some(credentials("wJalrXUtnFEMI/first"));
    rig.start(&spec).await;
    crate::restart::lose_the_keeper(&rig).await;
    rig.engine.renew_aws(&spec.key, &credentials("wJalrXUtnFEMI/second")).await.unwrap();
    assert_eq!(rig.wait(&spec.key).await.code, 0);
    assert_eq!(rig.output(&spec.key).await.stdout, b"renewed\n");
    rig.end().await;
}

#[tokio::test]
async fn without_credentials_there_is_no_endpoint() {
    let rig = rig!();
    let (code, output) = rig.sh(0, "env | grep AWS_ || echo none").await;
    assert_eq!((code, &output.stdout[..]), (0, &b"none\n"[..]));
    rig.end().await;
}
