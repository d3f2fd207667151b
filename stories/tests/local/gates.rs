//! A gate at the terminal, and where there is none.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use stories::Local;

const PIPELINE: &str = "img: IMAGE
build: {run: echo built}
deploy: {after: {build: , human-click: {note: look first}}, run: echo deployed}
then: {after: deploy, run: echo then}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_terminal_a_run_stops_at_a_gate_and_says_so() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", PIPELINE).unwrap();
    let said = local.call(&["run"]).unwrap();
    assert_eq!(said.code, 4, "{}{}", said.out, said.err);
    assert!(said.out.contains("deploy waits for a click: look first\n  behind it: deploy, then\n"), "{}", said.out);
    assert!(said.out.contains("--yes") && said.out.contains("1 passed, 2 not run"), "{}", said.out);
    let run: serde_json::Value = serde_json::from_slice(&local.result("run.json").unwrap()).unwrap();
    assert_eq!(run["outcome"], "at-gate");
    assert_eq!(local.left_of(run["host"].as_str().unwrap()).await.unwrap(), Vec::<String>::new());

    let said = local.call(&["run", "--yes"]).unwrap();
    assert!(said.code == 0 && said.out.contains("3 passed"), "{}{}", said.out, said.err);
}

/// Runs it at a terminal; types an answer once it is asked.
fn at_a_terminal(local: &Local, answer: &str) -> (i32, String) {
    let mut child = local.at_a_terminal(&["run"]).unwrap().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut types, mut reads) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut screen, mut piece, mut asked) = (Vec::new(), [0; 4096], false);
    while let Ok(read @ 1..) = reads.read(&mut piece) {
        screen.extend_from_slice(&piece[..read]);
        if !asked && String::from_utf8_lossy(&screen).contains("go on? y or n") {
            asked = true;
            types.write_all(answer.as_bytes()).unwrap();
        }
    }
    drop(types);
    (child.wait().unwrap().code().unwrap(), String::from_utf8_lossy(&screen).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_terminal_a_person_is_asked() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", PIPELINE).unwrap();
    let (code, screen) = at_a_terminal(&local, "xy");
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("deploy waits for a click: look first") && screen.contains("behind it: deploy, then"), "{screen}");
    assert!(screen.contains("3 passed"), "{screen}");
    let (code, screen) = at_a_terminal(&local, "n");
    assert_eq!(code, 4, "{screen}");
    assert!(screen.contains("1 passed, 2 not run"), "{screen}");
}
