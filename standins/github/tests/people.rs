//! People log in at an OAuth app over the real pages, by plain HTTP as a browser would.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Api, Checkout, Setting};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use standin_github::OAuthApp;

const CALLBACK: &str = "http://127.0.0.1:4399/login/callback";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-letters-0123456789";

/// A browser: keeps one cookie, follows nothing by itself.
struct Browser {
    client: reqwest::Client,
    base: String,
    cookie: Option<String>,
}

impl Browser {
    fn new(base: &str) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { client, base: base.to_owned(), cookie: None }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> (u16, String, String) {
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let response = request.send().await.unwrap();
        if let Some(set) = response.headers().get(SET_COOKIE) {
            self.cookie = Some(set.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        let to = response.headers().get(LOCATION).map_or("", |to| to.to_str().unwrap()).to_owned();
        (response.status().as_u16(), to, response.text().await.unwrap())
    }

    async fn get(&mut self, path: &str) -> (u16, String, String) {
        let request = self.client.get(format!("{}{path}", self.base));
        self.send(request).await
    }

    /// Sends the form of a page, with its hidden fields and these.
    async fn submit(&mut self, page: &str, more: &[(&str, &str)]) -> (u16, String, String) {
        let field = |tag: &str, name: &str| Some(tag.split_once(&format!("{name}=\""))?.1.split('"').next()?.replace("&amp;", "&"));
        let action = field(page.split("<form ").nth(1).unwrap(), "action").unwrap();
        let hidden = page.split("<input type=\"hidden\" ").skip(1);
        let mut fields: Vec<_> = hidden.map(|tag| (field(tag, "name").unwrap(), field(tag, "value").unwrap())).collect();
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let request = self.client.post(format!("{}{action}", self.base)).form(&fields);
        self.send(request).await
    }
}

fn asks(app: &OAuthApp, more: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    format!(
        "/login/oauth/authorize?client_id={}&redirect_uri=http%3A%2F%2F127.0.0.1%3A4399%2Flogin%2Fcallback&scope=repo+admin%3Arepo_hook\
         &state=a%26b&code_challenge={challenge}&code_challenge_method=S256{more}",
        app.client_id
    )
}

fn code(to: &str) -> String {
    to.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned()
}

async fn exchange(setting: &Setting, app: &OAuthApp, code: &str, more: &[(&str, &str)]) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut form = std::collections::BTreeMap::from([
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.client_secret.as_str()),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]);
    form.extend(more.iter().copied());
    let url = format!("{}/login/oauth/access_token", setting.standin.web_base());
    let response = client.post(url).header("accept", "application/json").form(&form).send().await.unwrap();
    assert_eq!(response.status(), 200, "GitHub refuses with 200 as well");
    response.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_agrees_and_the_app_has_a_token() {
    let setting = Setting::new().await;
    let app = setting.standin.create_oauth_app("Tea <shop>", CALLBACK).unwrap();
    let mut browser = Browser::new(&setting.standin.web_base());
    let (status, to, _) = browser.get(&asks(&app, "")).await;
    assert_eq!((status, to.starts_with("/login?return_to=%2Flogin%2Foauth")), (302, true), "{to}");
    let (_, _, page) = browser.get(&to).await;
    assert!(page.contains("value=\"anna\"") && !page.contains("<script"));
    let (status, to, _) = browser.submit(&page, &[("login", "anna")]).await;
    assert_eq!(status, 302);
    let (_, _, page) = browser.get(&to).await;
    for shown in ["Tea &lt;shop&gt;", "admin:repo_hook", "anna"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let (_, cancelled, _) = browser.submit(&page, &[("authorize", "0")]).await;
    assert!(cancelled.starts_with(&format!("{CALLBACK}?error=access_denied")) && cancelled.ends_with("state=a%26b"), "{cancelled}");
    let (status, to, _) = browser.submit(&page, &[("authorize", "1")]).await;
    assert_eq!((status, to.starts_with(&format!("{CALLBACK}?code=")), to.ends_with("&state=a%26b")), (302, true, true), "{to}");

    let made = exchange(&setting, &app, &code(&to), &[]).await;
    assert_eq!((&made["scope"], &made["token_type"]), (&json!("repo,admin:repo_hook"), &json!("bearer")));
    let api = Api::new(&setting.standin, made["access_token"].as_str());
    let me = api.request("GET", "/user").send().await.unwrap();
    assert_eq!(me.headers()["x-oauth-scopes"], "repo, admin:repo_hook");
    assert_eq!(me.json::<Value>().await.unwrap()["login"], "anna");

    // Agreed once, it does not ask again; for more it does.
    let (status, to, _) = browser.get(&asks(&app, "")).await;
    assert_eq!((status, to.starts_with(CALLBACK)), (302, true), "{to}");
    let (status, _, page) = browser.get(&asks(&app, "").replace("repo+", "read%3Aorg+")).await;
    assert_eq!((status, page.contains("read:org")), (200, true));
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_are_for_one_app_one_time_and_ten_minutes() {
    let setting = Setting::new().await;
    let (app, other) = (setting.standin.create_oauth_app("a", CALLBACK).unwrap(), setting.standin.create_oauth_app("b", CALLBACK).unwrap());
    let fresh = || code(&setting.standin.consent("anna", &asks(&app, "")).unwrap());
    let once = fresh();
    assert!(exchange(&setting, &app, &once, &[]).await["access_token"].is_string());
    assert_eq!(exchange(&setting, &app, &once, &[]).await["error"], "bad_verification_code");
    assert_eq!(exchange(&setting, &other, &fresh(), &[]).await["error"], "bad_verification_code");
    assert_eq!(exchange(&setting, &app, &fresh(), &[("code_verifier", "wrong")]).await["error"], "bad_verification_code");
    let wrong = exchange(&setting, &app, &fresh(), &[("client_secret", "wrong")]).await;
    assert_eq!(wrong["error"], "incorrect_client_credentials");
    assert!(wrong["error_description"].is_string());
    let elsewhere = [("redirect_uri", "http://127.0.0.1:4399/elsewhere")];
    assert_eq!(exchange(&setting, &app, &fresh(), &elsewhere).await["error"], "redirect_uri_mismatch");
    let late = fresh();
    setting.standin.expire_codes();
    assert_eq!(exchange(&setting, &app, &late, &[]).await["error"], "bad_verification_code");
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_sent_to_an_address_that_is_not_the_apps() {
    let setting = Setting::new().await;
    let app = setting.standin.create_oauth_app("a", CALLBACK).unwrap();
    let mut browser = Browser::new(&setting.standin.web_base());
    let (_, _, page) = browser.get("/login").await;
    browser.submit(&page, &[("login", "anna")]).await;
    for bad in ["http%3A%2F%2Fevil", "http%3A%2F%2F127.0.0.1%3A4399%2Flogin%2Fcallbacks"] {
        let path = asks(&app, "").replace("http%3A%2F%2F127.0.0.1%3A4399%2Flogin%2Fcallback", bad);
        let (status, to, page) = browser.get(&path).await;
        assert_eq!((status, to.as_str(), page.contains("redirect_uri")), (400, "", true));
    }
    let (status, to, _) = browser.get(&asks(&app, "").replace(&app.client_id, "none")).await;
    assert_eq!((status, to.as_str()), (404, ""));
    // Signing in goes on to pages of the stand-in alone.
    let (_, _, page) = browser.get("/login?return_to=%2F%2Fevil").await;
    assert_eq!(browser.submit(&page, &[("login", "anna")]).await.1, "/login");
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_a_grant_back_ends_its_tokens_and_their_deploy_keys() {
    let setting = Setting::new().await;
    let app = setting.standin.create_oauth_app("a", CALLBACK).unwrap();
    let to = setting.standin.consent("anna", &asks(&app, "")).unwrap();
    let token = exchange(&setting, &app, &code(&to), &[]).await["access_token"].as_str().unwrap().to_owned();
    let anna = Api::new(&setting.standin, Some(&token));
    let (_, public) = Checkout::new().key("key");
    assert_eq!(anna.post("/repos/anna/app/keys", json!({ "title": "t", "key": public, "read_only": true })).await.0, 201);
    let itself = Api::new(&setting.standin, None);
    let about = |method: &str, tail: &str, secret: &str| {
        let path = format!("/applications/{}/{tail}", app.client_id);
        itself.request(method, &path).basic_auth(&app.client_id, Some(secret)).json(&json!({ "access_token": token }))
    };
    let (status, known) = itself.send(about("POST", "token", &app.client_secret)).await;
    assert_eq!((status, &known["user"]["login"]), (200, &json!("anna")));
    assert_eq!(itself.send(about("DELETE", "grant", "wrong")).await.0, 401);
    assert_eq!(itself.send(about("DELETE", "grant", &app.client_secret)).await.0, 204);
    assert_eq!(anna.get("/user").await.0, 401);
    assert!(setting.standin.deploy_keys("anna/app").is_empty());
    assert_eq!(itself.send(about("POST", "token", &app.client_secret)).await.0, 404);
    setting.standin.shutdown().await;
}
