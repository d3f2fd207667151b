//! Organizations, search, and what becomes of repositories; GitHub's own description judges the record.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Api, Checkout, Receiver, Setting, hook_body};
use serde_json::{Value, json};
use standin_github::contract::Judge;
use standin_github::{NewRepository, Role, Rules};

/// A stand-in with the organization `acme` (anna owns it, ben is in its team `bakers`) and its `acme/shop`.
struct Acme {
    setting: Setting,
    folder: tempfile::TempDir,
}

impl Acme {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let setting = Setting::with(|options| options.record = Some(folder.path().join("journal.jsonl"))).await;
        let standin = &setting.standin;
        standin.create_organization("acme").unwrap();
        standin.create_user("ben").unwrap();
        standin.add_member("acme", "anna", true).unwrap();
        standin.add_member("acme", "ben", false).unwrap();
        standin.join_team("acme", "bakers", "ben").unwrap();
        standin.create_repository(NewRepository::private("acme/shop".parse().unwrap())).await.unwrap();
        standin.set_team_role("acme", "bakers", "acme/shop", Role::Write).unwrap();
        Self { setting, folder }
    }

    /// A token that was given to an OAuth app.
    fn oauth(&self, login: &str) -> (String, Api) {
        let callback = "http://127.0.0.1:4399/callback";
        let app = self.setting.standin.create_oauth_app("app", callback).unwrap();
        let asks = format!("/login/oauth/authorize?client_id={}&scope=repo%20admin%3Arepo_hook%20read%3Aorg", app.client_id);
        let to = self.setting.standin.consent(login, &asks).unwrap();
        let code = to.split_once("code=").unwrap().1.to_owned();
        let (url, id) = (format!("{}/login/oauth/access_token", self.setting.standin.web_base()), app.client_id.clone());
        let form = [("client_id", app.client_id), ("client_secret", app.client_secret), ("code", code)];
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let made = client.post(url).header("accept", "application/json").form(&form).send();
        let made: Value =
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(async { made.await.unwrap().json().await.unwrap() }));
        (id, Api::new(&self.setting.standin, made["access_token"].as_str()))
    }

    async fn end(self) {
        self.setting.standin.shutdown().await;
        let Some(judge) = Judge::load_or_skip().unwrap() else { return };
        let violations = judge.check_file(&self.folder.path().join("journal.jsonl")).unwrap();
        assert!(violations.is_empty(), "{}", violations.iter().map(|one| format!("{one}\n")).collect::<String>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_an_organization_is_told_to_its_members() {
    let acme = Acme::new().await;
    let standin = &acme.setting.standin;
    let (_, ben) = acme.oauth("ben");
    let (_, anna) = acme.oauth("anna");
    assert_eq!(ben.get("/user/orgs").await.1[0]["login"], "acme");
    assert_eq!(ben.get("/user/memberships/orgs/acme").await.1["role"], "member");
    assert_eq!(anna.get("/user/memberships/orgs/acme").await.1["role"], "admin");
    assert_eq!(ben.get("/orgs/acme/memberships/anna").await.1["state"], "active");
    assert_eq!(ben.get("/orgs/acme/teams/bakers/memberships/ben").await.1["role"], "member");
    assert_eq!(ben.get("/orgs/acme/teams/bakers/memberships/anna").await.0, 404);
    assert_eq!(ben.get("/orgs/acme/teams/none/memberships/ben").await.0, 404);
    assert_eq!(ben.get("/user/memberships/orgs/none").await.0, 404);
    let poor = Api::new(standin, Some(&standin.create_token("ben", &["repo"]).unwrap()));
    assert_eq!(poor.get("/user/orgs").await.0, 403);
    assert_eq!(poor.get("/user/memberships/orgs/acme").await.0, 403);
    assert_eq!(ben.get("/orgs/acme/repos").await.1[0]["permissions"]["push"], true);
    assert_eq!(ben.get("/user/repos").await.1[0]["full_name"], "acme/shop");
    assert_eq!(ben.get("/user/repos?affiliation=owner,collaborator").await.1, json!([]));
    standin.remove_member("acme", "ben").unwrap();
    assert_eq!(ben.get("/repos/acme/shop").await.0, 404);
    assert_eq!(ben.get("/user/orgs").await.1, json!([]));
    acme.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repositories_are_searched_by_words_and_owners() {
    let acme = Acme::new().await;
    let standin = &acme.setting.standin;
    for name in ["anna/tea-shop", "anna/tea-room", "ben/tea-pot"] {
        standin.create_repository(NewRepository::private(name.parse().unwrap())).await.unwrap();
    }
    let (_, anna) = acme.oauth("anna");
    let names = |found: &Value| -> Vec<String> {
        found["items"].as_array().unwrap().iter().map(|own| own["full_name"].as_str().unwrap().to_owned()).collect()
    };
    let (_, found) = anna.get("/search/repositories?q=sho+in:name+fork:true+user:anna+org:acme").await;
    assert_eq!(names(&found), ["acme/shop", "anna/tea-shop"]);
    let (_, found) = anna.get("/search/repositories?q=tea+in:name+user:anna&per_page=1&page=2").await;
    assert_eq!((found["total_count"].as_u64(), names(&found).len()), (Some(2), 1));
    assert_eq!(anna.get("/search/repositories?q=tea+user:ben").await.1["total_count"], 0);
    assert_eq!(anna.get("/search/repositories?q=tea+user:nobody").await.0, 422);
    assert_eq!(anna.get("/search/repositories?q=").await.0, 422);
    acme.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organizations_keep_apps_and_tokens_out_as_they_are_told() {
    let acme = Acme::new().await;
    let standin = &acme.setting.standin;
    let (client, anna) = acme.oauth("anna");
    let hook = hook_body("http://127.0.0.1:9/hook");
    standin.set_rules("acme", Rules { oauth_apps_restricted: true, ..Rules::default() }).unwrap();
    let (status, refusal) = anna.post("/repos/acme/shop/hooks", hook.clone()).await;
    assert_eq!(status, 403);
    assert!(refusal["message"].as_str().unwrap().contains("`acme` organization has enabled OAuth App access restrictions"), "{refusal}");
    assert_eq!(anna.get("/user/orgs").await.1, json!([]));
    assert_eq!(anna.get("/user/repos?affiliation=organization_member").await.1, json!([]));
    // A person's own token is no app's.
    assert_eq!(acme.setting.api().get("/repos/acme/shop").await.0, 200);
    standin.approve_app("acme", &client).unwrap();
    assert_eq!(anna.get("/repos/acme/shop").await.0, 200);

    standin.set_rules("acme", Rules { single_sign_on: true, ..Rules::default() }).unwrap();
    let refused = anna.request("GET", "/repos/acme/shop").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let wanted = refused.headers()["x-github-sso"].to_str().unwrap().to_owned();
    assert!(wanted.starts_with(&format!("required; url={}/orgs/acme/sso?", standin.web_base())), "{wanted}");
    let listed = anna.request("GET", "/user/repos").send().await.unwrap();
    assert!(listed.headers()["x-github-sso"].to_str().unwrap().starts_with("partial-results; organizations="));
    standin.sign_on("acme", "anna").unwrap();
    assert_eq!(anna.get("/repos/acme/shop").await.0, 200);

    standin.set_rules("acme", Rules { deploy_keys_disabled: true, ..Rules::default() }).unwrap();
    let (_, public) = Checkout::new().key("key");
    let (status, refusal) = anna.post("/repos/acme/shop/keys", json!({ "key": public })).await;
    assert_eq!((status, &refusal["message"]), (422, &json!("Deploy keys are disabled for this repository")));
    acme.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_of_a_repository_is_delivered() {
    let acme = Acme::new().await;
    let standin = &acme.setting.standin;
    let receiver = Receiver::start().await;
    let api = acme.setting.api();
    let mut body = hook_body(&receiver.url);
    body["events"] = json!(["*"]);
    assert_eq!(api.post("/repos/anna/app/hooks", body).await.0, 201);
    receiver.wait(1).await;
    standin.archive_repository("anna/app", true).unwrap();
    let (status, refusal) = api.post("/repos/anna/app/hooks", hook_body("http://127.0.0.1:9/x")).await;
    assert_eq!((status, &refusal["message"]), (403, &json!("Repository was archived so is read-only.")));
    assert_eq!(api.get("/repos/anna/app").await.1["archived"], true);
    let work = Checkout::new();
    work.commit("First");
    assert!(!work.try_git(&["push", "--quiet", &acme.setting.git_url(), "main"]).status.success());
    standin.archive_repository("anna/app", false).unwrap();
    standin.hide_repository("anna/app", true).unwrap();
    standin.hide_repository("anna/app", false).unwrap();
    standin.transfer_repository("anna/app", "acme").unwrap();
    assert_eq!(api.get("/repos/anna/app").await.0, 301);
    assert_eq!(api.get("/repos/acme/app/hooks").await.1.as_array().unwrap().len(), 1);
    standin.transfer_repository("acme/app", "ben").unwrap();
    standin.delete_repository("ben/app").unwrap();
    assert_eq!(api.get("/repos/ben/app").await.0, 404);
    let all = receiver.wait(9).await;
    let mut told: Vec<_> = all.iter().map(|one| format!("{} {}", one.event(), one.json()["action"].as_str().unwrap_or(""))).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "ping ",
            "public ",
            "repository archived",
            "repository deleted",
            "repository privatized",
            "repository publicized",
            "repository transferred",
            "repository transferred",
            "repository unarchived"
        ]
    );
    acme.end().await;
}
