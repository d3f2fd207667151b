//! What a fork's run is given: nothing that is the repository's own (security.md S05).

use super::{Fork, fix, set_secret, waits};
use std::path::Path;
use stories::{Setup, World};

const SECRET: &str = "canary-of-the-store-77";
const AWS: [&str; 2] = ["AKIACANARYCANARY7777", "canaryOfTheProfile/77canaryOfTheProfile77"];

/// What looks at all that a step can reach.
const LOOK: &str = "
  run: |
    env | sort
    cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'
    ls /dockercise/go
    cat .git/config
    find / -xdev -type f -newer /dockercise/go/init -exec cat {} + 2>/dev/null
    for at in 169.254.169.254 169.254.170.2 fd00:ec2::254; do
      nc -w 2 $at 80 </dev/null 2>&1 && echo \"an answer from $at\"
    done
    echo looked
";

fn yaml() -> String {
    format!(
        "on: [push, pull_request]
img: IMAGE
use: {{env: {{PASSWORD: {{secret: deploy}}}}, run: test -n \"$PASSWORD\"}}
beside: {{services: {{db: {{img: IMAGE, run: sleep 60, env: {{P: {{secret: deploy}}}}}}}}, run: 'true'}}
cached:
  cache: {{paths: kept, key: k}}
  run: cat kept/file || echo nothing; echo left by $DOCKERCISE_EVENT > kept/file
look:
  vol: source{LOOK}
"
    )
}

async fn world(home: &Path) -> Option<World> {
    let (credentials, config) = (home.join("credentials"), home.join("config"));
    std::fs::write(&credentials, format!("[ci]\naws_access_key_id = {}\naws_secret_access_key = {}\n", AWS[0], AWS[1])).unwrap();
    std::fs::write(&config, "").unwrap();
    let set = |name: &str, value: &Path| (name.to_owned(), value.to_str().unwrap().to_owned());
    let env = vec![
        set("AWS_SHARED_CREDENTIALS_FILE", &credentials),
        set("AWS_CONFIG_FILE", &config),
        ("DOCKERCISE_AWS_PROFILE".to_owned(), "ci".to_owned()),
        ("DOCKERCISE_CACHE_BYTES".to_owned(), "100MB".to_owned()),
    ];
    World::with(Setup { env, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s05_after_the_click_there_is_no_secret_no_role_no_key_and_no_shared_cache() {
    let home = tempfile::tempdir().unwrap();
    let Some(world) = world(home.path()).await else { return };
    set_secret(world.server.data(), "deploy", SECRET);
    world.push("ci", &yaml()).unwrap();
    let trusted = world.api.run("ci", 1).await.unwrap();
    trusted.ends("passed").await.unwrap();
    // What there would be to find.
    let seen = trusted.log("look", "run").await.unwrap();
    assert!(
        seen.contains("SSH_AUTH_SOCK=") && seen.contains("\nagent\n") && seen.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI="),
        "{seen}"
    );
    assert_eq!(trusted.value("cached").await.unwrap(), b"nothing\n");

    let fork = Fork::of(&world).await;
    let more = "mine: {env: [{A: {ssm: /app/key}}], run: echo $A}\nalso: {env: {A: {secretsmanager: app}}, run: echo $A}
image: {vol: source, build: .}\nnamed: {vol: source, build: {context: ., tags: ['anna/app:latest']}}
modules: {vol: source, run: 'true'}\n";
    fork.clone.write("Dockerfile", "FROM busybox\nRUN env\n").unwrap();
    let head = format!("settings: {{source: {{submodules: false}}}}\n{}{more}", yaml());
    fork.push("ci", &head);
    world.github.open_pull("anna/app", &fix("mallory/app")).await.unwrap();
    let run = world.api.run("ci", 2).await.unwrap();
    waits(&run).await;
    run.click().await.unwrap();
    run.over().await.unwrap();

    for (step, name) in [("use", "deploy"), ("beside", "deploy"), ("mine", "/app/key"), ("also", "app")] {
        let step = run.step(step).await.unwrap();
        let reason = step["reason"].as_str().unwrap();
        assert!(step["state"] == "infra" && reason.contains(&format!("may not have the secret `{name}`")), "{step}");
        assert!(reason.contains("its code comes from a fork"), "{reason}");
    }
    for step in ["image", "named"] {
        let step = run.step(step).await.unwrap();
        assert!(step["reason"].as_str().unwrap().contains("this run may make no images"), "{step}");
    }
    for step in ["look", "cached", "modules"] {
        run.step_is(step, "passed").await.unwrap();
    }
    let seen = run.log("look", "run").await.unwrap();
    assert!(seen.contains("looked") && seen.contains("DOCKERCISE_EVENT=pull_request"), "{seen}");
    let walls = ["unreachable", "No route to host", "Cannot assign requested address"];
    assert!(walls.iter().any(|wall| seen.contains(wall)), "{seen}");
    for gone in
        ["SSH_AUTH_SOCK=", "GIT_SSH_COMMAND=", "\nagent\n", "\nAWS_", "an answer from 1", "an answer from f", "PRIVATE KEY", "PASSWORD="]
    {
        assert!(!seen.contains(gone), "{gone} in {seen}");
    }
    let canaries = [SECRET, AWS[0], AWS[1], &world.token, &fork.token];
    let found: Vec<&&str> = canaries.iter().filter(|canary| seen.contains(**canary)).collect();
    assert!(found.is_empty(), "{found:?}");
    let cached = run.log("cached", "run").await.unwrap();
    assert!(cached.contains("cache: none, as this run's code comes from a fork") && cached.contains("nothing"), "{cached}");

    // Nor did it leave anything for others: neither in the cache, nor under the name of an image.
    world.push("ci", &format!("{}# again\n", yaml())).unwrap();
    let after = world.api.run("ci", 3).await.unwrap();
    after.ends("passed").await.unwrap();
    assert_eq!(after.value("cached").await.unwrap(), b"left by push\n");
    assert!(world.docker.inspect_image("anna/app:latest").await.is_err());
    let found = super::holding(world.server.data(), &[SECRET, AWS[0], AWS[1]]);
    assert!(found.is_empty(), "{found:?}");
    world.close().await;
}
