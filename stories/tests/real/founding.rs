//! The example that everything began with, run: its two words changed (a role that is there, a clone into `.`), GitHub the
//! stand-in's ssh, AWS ministack with authorisation on. And then no credential is found anywhere.

use serde_json::json;
use std::net::IpAddr;
use std::path::Path;
use stories::aws::Aws;
use stories::world::Setup;
use stories::{World, docker, images};

const REPOSITORY: &str = "ensemblejs/ensemblejs";
const AWS_IMAGE: &str = "pebbletech/docker-aws-cli";
const GIT_IMAGE: &str = "bravissimolabs/alpine-git";
const TEMPLATE: &str = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: infra}\n";

/// The role that the example assumes, and a person's key that may assume it and nothing else.
struct Identities {
    role: String,
    key: String,
    secret: String,
}

async fn identities(aws: &Aws) -> Identities {
    let asked = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let user = asked(aws.root(&["iam", "create-user", "--user-name", "ci"]).await.unwrap())["User"]["Arn"].as_str().unwrap().to_owned();
    let trust =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}]});
    let made = aws.root(&["iam", "create-role", "--role-name", "deploy", "--assume-role-policy-document", &trust.to_string()]).await;
    let role = asked(made.unwrap())["Role"]["Arn"].as_str().unwrap().to_owned();
    let may = |action: serde_json::Value, on: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": on}]}).to_string()
    };
    let stacks = may(json!(["cloudformation:*", "sqs:*"]), "*");
    aws.root(&["iam", "put-role-policy", "--role-name", "deploy", "--policy-name", "stacks", "--policy-document", &stacks]).await.unwrap();
    let assume = may(json!("sts:AssumeRole"), &role);
    aws.root(&["iam", "put-user-policy", "--user-name", "ci", "--policy-name", "assume", "--policy-document", &assume]).await.unwrap();
    let key = asked(aws.root(&["iam", "create-access-key", "--user-name", "ci"]).await.unwrap());
    let part = |name: &str| key["AccessKey"][name].as_str().unwrap().to_owned();
    Identities { role, key: part("AccessKeyId"), secret: part("SecretAccessKey") }
}

/// The address under which containers reach this computer.
async fn gateway(docker: &bollard::Docker) -> IpAddr {
    let bridge = docker.inspect_network("bridge", None).await.unwrap();
    let configs = bridge.ipam.unwrap().config.unwrap();
    configs.iter().find_map(|config| config.gateway.as_deref()?.parse().ok()).unwrap()
}

/// Every file below a folder that holds one of the texts.
fn holding(folder: &Path, texts: &[String], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // What is removed meanwhile holds nothing.
        if path.is_dir() {
            holding(&path, texts, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            in_bytes(&path.display().to_string(), &bytes, texts, found);
        }
    }
}

fn in_bytes(name: &str, bytes: &[u8], texts: &[String], found: &mut Vec<String>) {
    found.extend(texts.iter().filter(|text| bytes.windows(text.len()).any(|w| w == text.as_bytes())).map(|text| format!("{name}: {text}")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_founding_example_deploys_and_shows_no_credential_anywhere() {
    let Some(docker) = docker::engine().await else { return };
    let ip = gateway(&docker).await;
    let Some(aws) = Aws::start(&docker, ip).await.unwrap() else { return };
    let who = identities(&aws).await;
    let home = tempfile::tempdir().unwrap();
    let (credentials, config) = (home.path().join("credentials"), home.path().join("config"));
    std::fs::write(&credentials, format!("[ci]\naws_access_key_id = {}\naws_secret_access_key = {}\n", who.key, who.secret)).unwrap();
    std::fs::write(&config, "").unwrap();
    let set = |name: &str, value: &Path| (name.to_owned(), value.to_str().unwrap().to_owned());
    let env = vec![
        set("AWS_SHARED_CREDENTIALS_FILE", &credentials),
        set("AWS_CONFIG_FILE", &config),
        ("DOCKERCISE_AWS_PROFILE".to_owned(), "ci".to_owned()),
    ];
    let setup = Setup { repository: REPOSITORY.to_owned(), branch: "master".to_owned(), ssh_ip: ip, env, ..Setup::default() };
    let world = World::of(docker, setup).await.unwrap();

    // Images of those two names. Where github.com and AWS are is all that they know beyond their programs.
    let git = images::debian(&world.docker, "git").await.unwrap();
    let cli = images::debian(&world.docker, "aws").await.unwrap();
    let (host, port) = (world.github.ssh_host(), world.github.ssh_port());
    let ssh =
        format!("FROM {git}\nRUN printf 'Host github.com\\n  HostName {host}\\n  Port {port}\\n' > /etc/ssh/ssh_config.d/github.conf\n");
    images::build(GIT_IMAGE, &ssh).await.unwrap();
    let endpoint = format!("FROM {cli}\nENV AWS_ENDPOINT_URL={} AWS_DEFAULT_REGION=us-east-1\n", aws.endpoint());
    images::build(AWS_IMAGE, &endpoint).await.unwrap();

    let example = include_str!("../../../examples/founding.dockercise.yaml");
    let yaml = example.replace("arn:aws:etc:etc", &who.role).replace("ensemblejs.git", "ensemblejs.git .");
    assert_eq!(yaml.lines().zip(example.lines()).filter(|(now, before)| now != before).count(), 2);
    world.clone.write("infrastructure.yaml", TEMPLATE).unwrap();
    world.clone.write("deploy.dockercise.yaml", &yaml).unwrap();
    world.clone.commit("Deploy").unwrap();
    world.clone.push("main:master").unwrap();

    let run = world.api.run("deploy", 1).await.unwrap();
    run.until("it waits for a person", |view| view["summary"]["state"] == "waiting").await.unwrap();
    run.click().await.unwrap();
    if let Err(e) = run.ends("passed").await {
        panic!(
            "{e:#}\n{}{}",
            run.log("get-code", "run").await.unwrap_or_default(),
            run.log("create-stack", "run").await.unwrap_or_default()
        );
    }
    let view = run.view().await.unwrap();
    let steps = view["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 6);
    assert!(steps.iter().all(|step| step["state"] == "passed"), "{view}");
    let stack =
        aws.root(&["cloudformation", "describe-stacks", "--stack-name", "infra", "--query", "Stacks[0].StackStatus"]).await.unwrap();
    assert_eq!(stack.trim(), "\"CREATE_COMPLETE\"");

    let mut secrets = aws.credentials().unwrap();
    assert!(secrets.len() >= 5, "a person's key, and three things of the role: {secrets:?}");
    secrets.extend([who.key, who.secret]);
    let mut found = Vec::new();
    in_bytes("the API's run", view.to_string().as_bytes(), &secrets, &mut found);
    let page = format!("{}/results/local/deploy/1", world.server.url());
    in_bytes("the page", &reqwest::get(page).await.unwrap().bytes().await.unwrap(), &secrets, &mut found);
    for step in steps {
        let name = step["name"].as_str().unwrap();
        for phase in ["run", "done"] {
            let Ok(log) = run.log(name, phase).await else { continue };
            in_bytes(&format!("the log of {name}"), log.as_bytes(), &secrets, &mut found);
        }
        // Of a secret there is none.
        if let Ok(value) = run.value(name).await {
            in_bytes(&format!("the value of {name}"), &value, &secrets, &mut found);
        }
    }
    in_bytes("what the server said", world.server.said().as_bytes(), &secrets, &mut found);
    in_bytes("what GitHub was told", &std::fs::read(&world.record).unwrap(), &secrets, &mut found);
    // Database, spool, logs, results, and what the runner keeps.
    holding(world.server.data(), &secrets, &mut found);
    assert_eq!(found, Vec::<String>::new());
    for name in ["assume-role", "access-key-id", "secret-access-key", "session-token"] {
        let step = run.step(name).await.unwrap();
        let at = format!("{}{}/steps/{}/value", world.server.url(), run.path(), step["index"]);
        let answer = reqwest::get(at).await.unwrap();
        assert_eq!(answer.status(), 404, "the value of {name}: {step}");
        assert!(answer.text().await.unwrap().contains("is a secret"));
    }

    let docker = world.docker.clone();
    world.close().await;
    for image in [GIT_IMAGE, AWS_IMAGE] {
        docker.remove_image(image, None::<bollard::query_parameters::RemoveImageOptions>, None).await.unwrap();
    }
}
