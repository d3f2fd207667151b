//! The commands as a person calls them.
#![expect(clippy::unwrap_used, reason = "tests")]

use standin_github::{NewRepository, Role, Standin, StandinOptions};
use std::path::Path;
use std::process::{Command, Stdio};
use stories::Server;
use tempfile::TempDir;

/// What a command came to.
struct Said {
    code: i32,
    out: String,
    err: String,
}

fn call(folder: &Path, env: &[(&str, &str)], args: &[&str]) -> Said {
    let mut command = Command::new(Server::binary().unwrap());
    command.current_dir(folder).args(args).stdin(Stdio::null()).env("NO_COLOR", "1");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCKERCISE_")) {
        command.env_remove(name);
    }
    let done = command.envs(env.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
}

#[test]
fn check_and_graph_tell_by_their_exit_codes() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path();
    std::fs::write(folder.join("ci.dockercise.yaml"), "one: {img: alpine, run: echo 1}\ntwo: {img: alpine, run: 'cat {one}'}\n").unwrap();
    let good = call(folder, &[], &["check"]);
    assert_eq!((good.code, good.out.as_str(), good.err.as_str()), (0, "all is well: 1 pipeline with 2 steps\n", ""));
    let drawn = call(folder, &[], &["graph", "ci.dockercise.yaml"]);
    assert!(drawn.code == 0 && drawn.out.contains("two") && drawn.err.is_empty(), "{}{}", drawn.out, drawn.err);

    std::fs::create_dir(folder.join("bad")).unwrap();
    std::fs::write(folder.join("bad/ci.dockercise.yaml"), "one: {img: alpine, run: echo 1}\ntwo: {img: alpine, vol: oen, run: x}\n")
        .unwrap();
    for verb in ["check", "graph"] {
        let bad = call(folder, &[], &[verb, "bad"]);
        let place = "bad/ci.dockercise.yaml:2:";
        assert!(bad.code == 1 && bad.out.is_empty() && bad.err.contains("there is no step `oen`"), "{}{}", bad.out, bad.err);
        assert!(bad.err.contains("did you mean `one`?") && bad.err.contains(&place[4..]), "{}", bad.err);
        let lost = call(folder, &[], &[verb, "nowhere", "/no/such/\u{1b}[31mfolder"]);
        assert!(lost.code == 1 && lost.err.contains("there is no file or folder `nowhere`"), "{}", lost.err);
        // What a path holds does not colour the terminal.
        assert!(!lost.err.contains('\u{1b}'), "{:?}", lost.err);
        let empty = call(&folder.join("bad"), &[], &[verb, ".."]);
        assert_eq!(empty.code, 1);
    }
    let none = TempDir::new().unwrap();
    let nothing = call(none.path(), &[], &["check"]);
    assert!(nothing.code == 1 && nothing.err.contains("no pipeline file in"), "{}", nothing.err);
}

#[test]
fn wrong_flags_are_the_command_lines_fault() {
    let dir = TempDir::new().unwrap();
    let wrong: [&[&str]; 9] = [
        &[],
        &["deploy"],
        &["check", "--fix"],
        &["graph", "--format"],
        &["connect"],
        &["connect", "anna/app"],
        &["serve", "--listen", "8080"],
        &["serve", "--no-such-flag"],
        &["runner", "--server", "http://127.0.0.1:1"],
    ];
    for args in wrong {
        let said = call(dir.path(), &[], args);
        assert!(said.code == 2 && said.out.is_empty() && !said.err.is_empty(), "{args:?}: {} {}{}", said.code, said.out, said.err);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "a wrong command line leaves nothing behind");
    let version = call(dir.path(), &[], &["--version"]);
    assert!(version.code == 0 && version.out.starts_with("dockercise "), "{}", version.out);
    let help = call(dir.path(), &[], &["connect", "--help"]);
    assert!(help.code == 0 && help.out.contains("OWNER/REPO"), "{}", help.out);
}

/// A GitHub with what can go wrong, and a folder for a server's data.
struct Desk {
    github: Standin,
    dir: TempDir,
    anna: String,
}

impl Desk {
    async fn new() -> Desk {
        let dir = TempDir::new().unwrap();
        let github = Standin::start(StandinOptions::new(dir.path().join("github"))).await.unwrap();
        for user in ["anna", "ben"] {
            github.create_user(user).unwrap();
        }
        let anna = github.create_token("anna", &["repo", "admin:repo_hook"]).unwrap();
        github.create_repository(NewRepository::private("anna/app".parse().unwrap())).await.unwrap();
        Desk { github, dir, anna }
    }

    fn connect(&self, repository: &str, token: &str) -> Said {
        let api = self.github.api_base();
        let web = self.github.web_base();
        let ssh = format!("{}:{}", self.github.ssh_host(), self.github.ssh_port());
        let env = [
            ("DOCKERCISE_GITHUB_API", api.as_str()),
            ("DOCKERCISE_GITHUB_WEB", &web),
            ("DOCKERCISE_GITHUB_SSH", &ssh),
            ("DOCKERCISE_GITHUB_TOKEN", token),
            ("DOCKERCISE_PUBLIC_URL", "https://ci.example/"),
        ];
        tokio::task::block_in_place(|| call(self.dir.path(), &env, &["connect", repository]))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect_adds_one_hook_and_one_key_however_often_it_is_called() {
    let desk = Desk::new().await;
    for time in 1..=3 {
        let said = desk.connect("anna/app", &desk.anna);
        assert!(said.code == 0 && said.out.contains("connected anna/app"), "{time}: {}{}", said.out, said.err);
        assert!(!format!("{}{}", said.out, said.err).contains(&desk.anna));
    }
    let (hooks, keys) = (desk.github.hooks("anna/app"), desk.github.deploy_keys("anna/app"));
    assert_eq!((hooks.len(), keys.len()), (1, 1));
    assert!(hooks[0].active && hooks[0].content_type == "json" && hooks[0].insecure_ssl == "0");
    assert!(hooks[0].url.starts_with("https://ci.example/hooks/github/") && hooks[0].secret.as_ref().is_some_and(|s| s.len() >= 64));
    assert!(keys[0].read_only && keys[0].key.starts_with("ssh-ed25519 "));
    // What was given to us stands nowhere in clear.
    for file in ["dockercise.db", "dockercise.db-wal", "key"] {
        let bytes = std::fs::read(desk.dir.path().join("data").join(file)).unwrap_or_default();
        for secret in [desk.anna.as_str(), hooks[0].secret.as_ref().unwrap()] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{file} holds a secret in clear");
        }
    }
    // Removed by hand at GitHub, they come back.
    desk.github.revoke_token(&desk.anna);
    assert_eq!(desk.github.deploy_keys("anna/app").len(), 0);
    let anew = desk.github.create_token("anna", &["repo", "admin:repo_hook"]).unwrap();
    let said = desk.connect("anna/app", &anew);
    assert!(said.code == 0, "{}", said.err);
    assert_eq!((desk.github.hooks("anna/app").len(), desk.github.deploy_keys("anna/app").len()), (1, 1));
    desk.github.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect_says_what_stands_in_its_way() {
    let desk = Desk::new().await;
    let ben = desk.github.create_token("ben", &["repo", "admin:repo_hook"]).unwrap();
    let weak = desk.github.create_token("anna", &["repo:status"]).unwrap();
    desk.github.create_repository(NewRepository::public("anna/open".parse().unwrap())).await.unwrap();
    desk.github.set_role("anna/open", "ben", Role::Write).unwrap();
    let ways: [(&str, &str, &[&str]); 8] = [
        ("anna/nothing", &desk.anna, &["404", "help: is the name right"]),
        ("anna/app", &ben, &["404", "help: is the name right"]),
        ("anna/open", &ben, &["may not administer anna/open", "help: use the token of an admin"]),
        ("anna/app", "ghp_nobody", &["401", "help: GitHub does not know this token"]),
        ("anna/app", &weak, &["help: "]),
        ("anna", &desk.anna, &["`anna` is no repository", "help: write OWNER/NAME"]),
        ("https://github.com/anna/app", &desk.anna, &["is no repository", "help: write OWNER/NAME"]),
        ("anna/../app", &desk.anna, &["is no repository"]),
    ];
    for (repository, token, words) in ways {
        let said = desk.connect(repository, token);
        assert!(said.code == 1 && said.err.starts_with("error: "), "{repository}: {} {}{}", said.code, said.out, said.err);
        assert!(words.iter().all(|w| said.err.contains(w)), "{repository}: {}", said.err);
        assert!(!said.err.contains(token), "the token is in the error");
    }
    desk.github.disable_deploy_keys("anna/open", true).unwrap();
    let said = desk.connect("anna/open", &desk.anna);
    assert!(said.code == 1 && said.err.contains("Deploy keys are disabled") && said.err.contains("help: "), "{}", said.err);
    assert!(desk.github.hooks("anna/open").is_empty() && desk.github.deploy_keys("anna/app").is_empty());
    // Half a connection is finished by the next try.
    desk.github.disable_deploy_keys("anna/open", false).unwrap();
    let said = desk.connect("anna/open", &desk.anna);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!((desk.github.hooks("anna/open").len(), desk.github.deploy_keys("anna/open").len()), (1, 1));
    desk.github.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect_refuses_an_archived_repository_and_a_github_that_is_away() {
    let desk = Desk::new().await;
    let archived = r#"{"id":1,"name":"old","archived":true,"html_url":"http://127.0.0.1/anna/old","ssh_url":"ssh://git@127.0.0.1/anna/old.git","default_branch":"main","owner":{"login":"anna"},"permissions":{"admin":true}}"#;
    desk.github.add_fault(standin_github::Fault {
        path: "/repos/anna/old".into(),
        status: Some(200),
        body: archived.into(),
        ..Default::default()
    });
    let said = desk.connect("anna/old", &desk.anna);
    assert!(said.code == 1 && said.err.contains("anna/old is archived") && said.err.contains("help: unarchive it"), "{}", said.err);
    desk.github.add_fault(standin_github::Fault { path: "/repos/anna/app".into(), status: Some(502), ..Default::default() });
    let said = desk.connect("anna/app", &desk.anna);
    assert!(said.code == 1 && said.err.contains("502"), "{}", said.err);
    desk.github.clear_faults();
    let api = desk.github.api_base();
    let token = desk.anna.clone();
    let dir = desk.dir.path().to_owned();
    desk.github.shutdown().await;
    let env = [("DOCKERCISE_GITHUB_API", api.as_str()), ("DOCKERCISE_GITHUB_TOKEN", &token)];
    let said = call(&dir, &env, &["connect", "anna/app"]);
    assert!(said.code == 1 && said.err.starts_with("error: read anna/app: ") && !said.err.contains(&token), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_what_fails_on_what_and_what_to_do() {
    let Some(mut world) = stories::World::new().await else { return };
    let said = |world: &stories::World, env: &[(&str, &str)]| {
        let mut command = Command::new(Server::binary().unwrap());
        command.arg("doctor").env("DOCKERCISE_DATA", world.server.data()).env("DOCKERCISE_PUBLIC_URL", world.server.url());
        command.env("DOCKERCISE_GITHUB_API", world.github.api_base()).envs(env.iter().copied());
        let out = command.output().unwrap();
        (out.status.code(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
    };
    // GitHub's ping has come by now, or comes soon.
    stories::api::eventually("the ping", async || Ok((said(&world, &[]).0 == Some(0)).then_some(()))).await.unwrap();
    let (_, words) = said(&world, &[]);
    for line in [
        "ok     docker engine: Docker ",
        "ok     git and ssh: git version",
        "ok     GitHub's API",
        "ok     public address",
        "ok     anna/app",
    ] {
        assert!(words.contains(line), "{line}: {words}");
    }
    let (code, words) = said(&world, &[("DOCKERCISE_DOCKER_HOST", "unix:///nowhere.sock"), ("DOCKERCISE_GITHUB_CLIENT_ID", "x")]);
    assert_eq!(code, Some(1));
    assert!(words.contains("FAILS  docker engine: no docker engine answers at unix:///nowhere.sock"), "{words}");
    assert!(words.contains("FAILS  login: only one half of the OAuth app is set\n       help: both"), "{words}");
    let (code, words) = said(&world, &[("DOCKERCISE_GITHUB_API", "http://127.0.0.1:1"), ("DOCKERCISE_DATA", "/nowhere")]);
    assert_eq!(code, Some(1));
    for line in
        ["FAILS  GitHub's API", "FAILS  data folder: /nowhere is no folder\n       help: ", "FAILS  repositories: there is no /nowhere"]
    {
        assert!(words.contains(line), "{line}: {words}");
    }
    world.server.stop().await.unwrap();
    let (code, words) = said(&world, &[]);
    assert!(code == Some(1) && words.contains("FAILS  public address") && words.contains("ok     anna/app"), "{words}");
    world.server.start().await.unwrap();
    world.close().await;
}
