//! Any folder with pipeline files, as it is at this moment.

use stories::{Checkout, Local};

/// The lines without the first, which names commit and plan, and without times; those of a step together, for a step may
/// start before the last one's log is stored.
fn tame(out: &str) -> String {
    let mut tame = Vec::new();
    for line in out.lines().skip(1) {
        let words: Vec<&str> = line.split(' ').collect();
        let times = |i: usize| words.get(i + 1) == Some(&"s") && words[i].parse::<f64>().is_ok();
        let words: Vec<&str> = words.iter().enumerate().map(|(i, word)| if times(i) { "N" } else { word }).collect();
        tame.push(words.join(" ").trim_end().to_owned());
    }
    // The sort keeps what is equal in its order.
    let sum = tame.split_off(tame.len() - 2);
    tame.sort_by_key(|line| line.split(' ').next().map(str::to_owned));
    [tame, sum].concat().join("\n") + "\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_no_checkout_is_run_as_it_is() {
    let Some(local) = Local::new().await else { return };
    let pipeline = "img: IMAGE
build:
  vol: source
  run: cat words && echo made > made
  results: [made]
use:
  vol: build
  env: [build]
  run: 'cat made {build}; echo $BUILD; test ! -e .dockercise; printf \"\\033[31mred\\033[0m \\033]0;x\\007end\"'
fails:
  after: use
  run: 'exit 3'
never:
  after: fails
  run: 'true'
";
    local.write("ci.dockercise.yaml", pipeline).unwrap();
    local.write("words", "hello from here\n").unwrap();
    let said = local.call(&["run"]).unwrap();
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{}", said.out);
    assert!(said.out.starts_with("folder, plan "), "{}", said.out);
    let lines = "build * starts
build | hello from here
build = passed in N s
fails * starts
fails = failed with 3 after N s
never = skipped: `ci/fails`: failed
use   * starts
use   | made
use   | hello from here
use   | hello from here
use   | red \\u{1b}]0;x\\u{7}end
use   = passed in N s
2 passed, 1 failed, 1 skipped in N s
results: .dockercise/results/1
";
    assert_eq!(tame(&said.out), lines);
    assert_eq!(local.result("ci/build/value").unwrap(), b"hello from here\n");
    assert_eq!(local.result("ci/build/files/made").unwrap(), b"made\n");
    assert!(local.result("ci/use/run.log").unwrap().ends_with(b"\x1b]0;x\x07end"), "a log is what the step wrote");
    let run: serde_json::Value = serde_json::from_slice(&local.result("run.json").unwrap()).unwrap();
    assert_eq!((&run["outcome"], &run["steps"][2]["outcome"]["code"]), (&"failed".into(), &3.into()));
    assert_eq!(local.left_of(run["host"].as_str().unwrap()).await.unwrap(), Vec::<String>::new());
    assert!(local.hosts().is_empty(), "its state is put away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_is_run_with_what_is_not_committed_and_without_what_git_ignores() {
    let Some(local) = Local::new().await else { return };
    let clone = Checkout::new("https://anna:secret@github.com/anna/app.git").unwrap();
    clone.git(&["remote", "add", "origin", clone.url()]).unwrap();
    let pipeline = "look:
  img: IMAGE
  vol: source
  run: cat words new; ls; test ! -e key.secret; cat .git/HEAD; cat .git/config; echo $DOCKERCISE_REPOSITORY $DOCKERCISE_BRANCH
";
    clone.write("sub/ci.dockercise.yaml", pipeline.replace("IMAGE", stories::images::BUSYBOX)).unwrap();
    clone.write(".gitignore", "*.secret\n").unwrap();
    clone.write("words", "committed\n").unwrap();
    let sha = clone.commit("All").unwrap();
    clone.write("words", "changed\n").unwrap();
    clone.write("new", "new\n").unwrap();
    clone.write("key.secret", "key\n").unwrap();
    // From a folder within: the pipelines below it, on the whole checkout.
    let said = local.call_in(&clone.path().join("sub"), &["run"]).unwrap();
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.starts_with(&format!("app at {} with changes, plan ", &sha[..7])), "{}", said.out);
    let results = clone.path().join(".dockercise/results/1");
    let value = std::fs::read_to_string(results.join("ci/look/value")).unwrap();
    assert!(value.starts_with("changed\nnew\nnew\nsub\nwords\n"), "{value}");
    assert!(value.contains(&sha) && value.contains("anna/app main\n") && !value.contains("anna:secret"), "{value}");
    assert_eq!(clone.git(&["status", "--porcelain"]).unwrap(), "M words\n?? new", "results stay out of git");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_with_mistakes_are_said_and_nothing_is_run() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", "a: {imgg: IMAGE, run: x}\n").unwrap();
    let said = local.call(&["run"]).unwrap();
    assert_eq!(said.code, 2);
    assert!(said.err.contains("a step has no key `imgg`") && said.err.contains("must be mended"), "{}", said.err);
    assert!(!local.path().join(".dockercise").exists());
    local.write("ci.dockercise.yaml", "a: {img: IMAGE, run: x}\n").unwrap();
    let no_engine = local.call(&["run", "--docker-host", "unix:///no/such/socket"]).unwrap();
    assert!(no_engine.code == 1 && no_engine.err.contains("the docker engine cannot be used"), "{}", no_engine.err);
    assert!(local.hosts().is_empty());
}
